/** Sessions: writes that count once without a window, because their client numbers them. */
import { sessionNumberMax, sessionSpanMax, type SessionStep } from "@counter/state-machine";
import { z } from "zod";

import { isSessionId } from "../../engine/session-ids.ts";
import { bodyMaxBytes, type ApiReply, type ApiRequest, type Route, type RouteDoc } from "../api.ts";
import { jsonReply, jsonType, textDoc } from "../docs/parts.ts";
import { noSession } from "../negotiation.ts";
import { Problem } from "../problems.ts";
import { requireKnown } from "../query.ts";
import { bodyOf, invalidHeader, noCondition, typeFor } from "./reading.ts";
import { nothingSchema } from "./schemas.ts";

const path = "/v1/sessions";

export const sessionSchema = z
  .strictObject({
    id: z.string().meta({ description: "never given again", examples: ["s1f9c04d2-17"] }),
    idleTimeoutMs: z
      .int()
      .meta({ description: "so long after its last write it ends, in time of the log" }),
    unacknowledgedMax: z
      .int()
      .meta({ description: "how far `seq` may be ahead of `ack`", examples: [sessionSpanMax] }),
  })
  .meta({ id: "Session" });

export type SessionBody = z.infer<typeof sessionSchema>;

/** What a mode makes of sessions. */
export interface SessionCalls {
  /** @throws Problem `session-table-full`, `mode-mismatch` */
  open(request: ApiRequest): Promise<SessionBody>;
  /** Ends a session of this caller; that there is none is no error. */
  close(request: ApiRequest, id: string): Promise<void>;
  /**
   * Which write of which session this is; `null`: it is in none.
   *
   * @param fingerprint - of all that makes two requests the same one
   * @throws Problem `session-unknown`, `session-window-full`, `mode-mismatch`, `validation-failed`
   */
  stepOf(request: ApiRequest, fingerprint: () => Uint8Array): SessionStep | null;
}

/** `Counter-Session` as it came. */
export interface SessionHeader {
  readonly id: string;
  /** From 1. */
  readonly seq: number;
  /** From 0, below `seq`. */
  readonly ack: number;
}

const name = "Counter-Session";
const itemPattern =
  /^(?:"([^"\\]*)"|([A-Za-z][A-Za-z0-9-]*))((?:[ \t]*;[ \t]*[a-z]+=[0-9]{1,16})+)$/;

/**
 * Reads `<id>; seq=17; ack=15`, an item with parameters as in RFC 8941.
 *
 * @returns `null` if there is none
 * @throws Problem `validation-failed`, `session-window-full`
 */
export function sessionHeader({ headers }: ApiRequest): SessionHeader | null {
  const header = headers["counter-session"];
  if (header === undefined) return null;
  if (headers["idempotency-key"] !== undefined) {
    throw invalidHeader(name, "goes without Idempotency-Key: each makes the write count once");
  }
  const [, quoted, bare, parameters = ""] = itemPattern.exec(String(header).trim()) ?? [];
  const id = quoted ?? bare ?? "";
  if (!isSessionId(id)) throw invalidHeader(name, "the id of a session; seq=1; ack=0");
  const numbers = new Map<string, number>();
  for (const [, key, digits] of parameters.matchAll(/([a-z]+)=([0-9]+)/g)) {
    const known = key === "seq" || key === "ack";
    if (!known || numbers.has(key)) throw invalidHeader(name, "takes seq and ack, once each");
    numbers.set(key, Number(digits));
  }
  const seq = numbers.get("seq") ?? 0;
  const ack = numbers.get("ack") ?? 0;
  if (seq < 1 || seq > sessionNumberMax) throw invalidHeader(name, "seq counts from 1");
  if (ack >= seq) throw invalidHeader(name, "ack is below seq: who has the answer asks no more");
  if (seq - ack > sessionSpanMax) {
    const detail = `seq is more than ${sessionSpanMax} ahead of ack: wait for earlier answers`;
    throw new Problem("session-window-full", detail);
  }
  return { id, seq, ack };
}

const openDoc: RouteDoc = {
  id: "openSession",
  tag: "sessions",
  description:
    "Writes that carry `Counter-Session: <id>; seq=n; ack=m` count once, however often and late they are sent: `seq` counts them from 1, and the answers up to `ack` are not asked for again. A session that nobody knows of, because the answer was lost, ends by itself.",
  body: { schema: nothingSchema, mediaTypes: [jsonType], required: false },
  responses: {
    201: jsonReply("the session", sessionSchema, { location: "what to `DELETE` in the end" }),
  },
  problems: [
    "not-acceptable",
    "validation-failed",
    "mode-mismatch",
    "session-table-full",
    "no-leader",
    "outcome-unknown",
    "storage-full",
  ],
};

const closeDoc: RouteDoc = {
  id: "closeSession",
  tag: "sessions",
  description: "Forgets what is kept for it. Nothing is done in it any more.",
  params: { id: textDoc("the id of a session") },
  responses: { 204: { description: "there is no such session now" } },
  problems: ["validation-failed", "mode-mismatch", "no-leader", "outcome-unknown", "storage-full"],
};

export function sessionRoutes(calls: SessionCalls): readonly Route[] {
  const open = async (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, []);
    typeFor(request, [jsonType]);
    noCondition(request);
    refuseNames(request);
    bodyOf(request, nothingSchema);
    const session = await calls.open(request);
    const headers = { "content-type": jsonType, location: `${path}/${session.id}` };
    return { status: 201, headers, body: `${JSON.stringify(session)}\n` };
  };
  const close = async (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, []);
    noCondition(request);
    refuseNames(request);
    bodyOf(request, nothingSchema);
    const id = request.params?.["id"] ?? "";
    if (!isSessionId(id)) throw new Problem("validation-failed", "this is no id of a session");
    await calls.close(request, id);
    return { status: 204, headers: {}, body: "" };
  };
  const route = { kind: "write", scope: "write", bodyMaxBytes } as const;
  return [
    {
      ...route,
      method: "POST",
      path,
      summary: "begins a session, in which writes count once",
      operation: openDoc,
      handle: open,
    },
    {
      ...route,
      method: "DELETE",
      path: `${path}/:id`,
      summary: "ends a session",
      operation: closeDoc,
      handle: close,
    },
  ];
}

/** Sent again, these calls do no harm: they have no names to be known by. */
function refuseNames(request: ApiRequest): void {
  noSession(request);
  if (request.headers["idempotency-key"] === undefined) return;
  throw invalidHeader("Idempotency-Key", "not with sessions: a needless one ends by itself");
}
