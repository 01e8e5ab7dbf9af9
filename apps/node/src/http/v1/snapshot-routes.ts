/** `/v1/snapshot`: all counters as one document, and putting them back. */
import type { Writable } from "node:stream";

import { z } from "zod";

import { sealBackup, type SealedBackup } from "../../data-dir/backup-format.ts";
import {
  bodyMaxBytes,
  json,
  type ApiReply,
  type ApiRequest,
  type Route,
  type RouteDoc,
} from "../api.ts";
import {
  backupMediaType,
  withReceived,
  type BackupCalls,
  type BackupOptions,
} from "../backup-routes.ts";
import { jsonReply, keyDoc, keyHeaders, textDoc } from "../docs/parts.ts";
import { requireMediaType } from "../negotiation.ts";
import { Problem } from "../problems.ts";
import { requireKnown } from "../query.ts";
import { sendSealed } from "../save-stream.ts";
import { streamOf } from "../streamed-body.ts";
import { invalidHeader, typeFor } from "./reading.ts";
import type { Writing } from "./writing.ts";

const path = "/v1/snapshot";
const digestDoc = "`sha-256=:<base64>:` of the body (RFC 9530)";

const getDoc: RouteDoc = {
  id: "getSnapshot",
  tag: "snapshot",
  responses: {
    200: {
      description: "a line about the snapshot, then a counter a line",
      content: { [backupMediaType]: z.string() },
      headers: { "content-digest": digestDoc },
    },
  },
  problems: ["no-leader", "read-not-confirmed", "not-acceptable", "overloaded", "starting"],
};

const putDoc: RouteDoc = {
  id: "putSnapshot",
  tag: "snapshot",
  description:
    "Replaces all counters of the cluster. Strong mode: those that are not in the snapshot are gone, tokens and versions of before are void. Eventual mode: they are set to 0; increments that this node had not seen survive, and a key is refused.",
  query: { confirm: textDoc("the id of the cluster whose counters are to be replaced") },
  headers: { "content-digest": textDoc(digestDoc), "idempotency-key": keyDoc },
  body: { schema: z.string(), mediaTypes: [backupMediaType], required: true },
  responses: {
    200: jsonReply(
      "all counters are as in the snapshot",
      z.strictObject({
        restoredIndex: z.number(),
        counters: z.number(),
        epoch: z.string().optional(),
      }),
      keyHeaders,
    ),
  },
  problems: [
    "validation-failed",
    "confirmation-required",
    "snapshot-invalid",
    "unsupported-media-type",
    "value-out-of-range",
    "too-many-counters",
    "restore-superseded",
    "payload-too-large",
    "overloaded",
    "idempotency-key-reused",
    "precondition-required",
    "no-leader",
    "outcome-unknown",
    "storage-full",
  ],
};

export interface SnapshotOptions extends BackupOptions {
  /** `null` until it is known. */
  readonly clusterId: () => string | null;
  readonly writing: Writing;
}

export function snapshotRoutes(calls: BackupCalls, options: SnapshotOptions): readonly Route[] {
  const get = async (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, []);
    typeFor(request, [backupMediaType]);
    const leave = options.places.take();
    try {
      const sealed = await sealBackup(await calls.take(), options.clusterId() ?? "");
      return replyWith(sealed, request, leave);
    } catch (error) {
      leave();
      throw error;
    }
  };

  const put = async (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, ["confirm"]);
    requireMediaType(request, backupMediaType);
    requireConfirmation(request, options.clusterId());
    options.writing.keyOf(request, "restore", () => null); // what is wrong with it, before the body
    calls.requireReady();
    const gone = (): boolean => request.hungUp?.() === true;
    const source = streamOf(request, { maxBytes: options.restoreMaxBytes });
    return withReceived(source, options, async (received) => {
      const digest = digestText(received.sha256);
      requireDigest(request, digest);
      const key = options.writing.keyOf(request, "restore", () => ["restore", digest]);
      const {
        replayed,
        members,
        headers: own,
      } = await calls.restore(received, { key, gone, request });
      const headers = { ...own, ...(replayed ? { "idempotent-replayed": "true" } : {}) };
      const { index: restoredIndex, counters } = received.facts;
      return json({ restoredIndex, counters, ...members }, headers);
    });
  };

  return [
    {
      method: "GET",
      path,
      summary: "all counters as one document",
      kind: "read",
      scope: "admin",
      operation: getDoc,
      bodyMaxBytes,
      handle: get,
    },
    {
      method: "PUT",
      path,
      summary: "all counters back as in the document; ?confirm=<cluster id>",
      kind: "write",
      scope: "admin",
      operation: putDoc,
      bodyMaxBytes: options.restoreMaxBytes,
      streamed: true,
      handle: put,
    },
  ];
}

/** The place is left when the last byte was sent, or nobody reads any more. */
function replyWith(sealed: SealedBackup, request: ApiRequest, leave: () => void): ApiReply {
  let left = false;
  const leaveOnce = (): void => {
    if (!left) leave();
    left = true;
  };
  if (request.hungUp?.() === true) leaveOnce();
  request.onHangUp?.(leaveOnce);
  const headers = {
    "content-type": backupMediaType,
    "content-digest": digestText(sealed.sha256),
    "content-length": String(sealed.bytes),
  };
  const stream = (sink: Writable): void => sendSealed(sealed, sink, leaveOnce);
  return { status: 200, headers, body: "", stream };
}

function digestText(sha256: Buffer): string {
  return `sha-256=:${sha256.toString("base64")}:`;
}

/** A digest of another kind is no reason to refuse (RFC 9530 §2): it cannot be checked. */
function requireDigest({ headers }: ApiRequest, digest: string): void {
  const given = headers["content-digest"];
  if (given === undefined) return;
  const text = Array.isArray(given) ? given.join(",") : given;
  const sha256 = /(?:^|,)\s*(sha-256=:[A-Za-z0-9+/=]{0,64}:)/.exec(text)?.[1];
  if (sha256 === undefined || sha256 === digest) return;
  throw invalidHeader("Content-Digest", "the body has another one: it was damaged on its way");
}

/** Nobody replaces the counters of the wrong cluster because of a wrong address. */
function requireConfirmation({ query }: ApiRequest, clusterId: string | null): void {
  if (clusterId !== null && query.get("confirm") === clusterId) return;
  throw new Problem(
    "confirmation-required",
    `this replaces all counters of the cluster: add ?confirm=${clusterId ?? "<its id>"}`,
    { extensions: { clusterId } },
  );
}
