/** `/v1/snapshot`: all counters as one document, and putting them back. */
import { createHash } from "node:crypto";

import { z } from "zod";

import { decodeBackup, encodeBackup } from "../../data-dir/backup-format.ts";
import type { Backup } from "../../engine/engine.ts";
import { codeOf, messageOf } from "../../error-text.ts";
import {
  bodyMaxBytes,
  json,
  type ApiReply,
  type ApiRequest,
  type Route,
  type RouteDoc,
} from "../api.ts";
import { backupMediaType, restoreMaxBytes, type BackupCalls } from "../backup-routes.ts";
import { jsonReply, keyDoc, keyHeaders, textDoc } from "../docs/parts.ts";
import { requireMediaType } from "../negotiation.ts";
import { Problem } from "../problems.ts";
import { requireKnown } from "../query.ts";
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
  problems: ["no-leader", "read-not-confirmed", "not-acceptable", "starting"],
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
    "idempotency-key-reused",
    "precondition-required",
    "no-leader",
    "outcome-unknown",
    "storage-full",
  ],
};

export interface SnapshotOptions {
  /** `null` until it is known. */
  readonly clusterId: () => string | null;
  readonly writing: Writing;
}

export function snapshotRoutes(calls: BackupCalls, options: SnapshotOptions): readonly Route[] {
  const get = async (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, []);
    typeFor(request, [backupMediaType]);
    const bytes = encodeBackup(await calls.take(), options.clusterId() ?? "");
    const headers = { "content-type": backupMediaType, "content-digest": digestOf(bytes) };
    return { status: 200, headers, body: bytes };
  };

  const put = async (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, ["confirm"]);
    requireMediaType(request, backupMediaType);
    requireDigest(request);
    requireConfirmation(request, options.clusterId());
    const decoded = snapshotIn(request.body);
    const key = options.writing.keyOf(request, "restore", () => [
      "restore",
      digestOf(request.body),
    ]);
    const { replayed, members, headers: own } = await calls.restore(decoded, key);
    const headers = { ...own, ...(replayed ? { "idempotent-replayed": "true" } : {}) };
    const { index: restoredIndex, counters } = decoded;
    return json({ restoredIndex, counters: counters.length, ...members }, headers);
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
      bodyMaxBytes: restoreMaxBytes,
      handle: put,
    },
  ];
}

function snapshotIn(bytes: Uint8Array): Backup {
  try {
    return decodeBackup(bytes);
  } catch (error) {
    if (codeOf(error) !== "BACKUP_FORMAT") throw error;
    throw new Problem("snapshot-invalid", messageOf(error), { cause: error });
  }
}

function digestOf(bytes: Uint8Array): string {
  return `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`;
}

/** A digest of another kind is no reason to refuse (RFC 9530 §2): it cannot be checked. */
function requireDigest({ headers, body }: ApiRequest): void {
  const given = headers["content-digest"];
  if (given === undefined) return;
  const text = Array.isArray(given) ? given.join(",") : given;
  const sha256 = /(?:^|,)\s*(sha-256=:[A-Za-z0-9+/=]{0,64}:)/.exec(text)?.[1];
  if (sha256 === undefined || sha256 === digestOf(body)) return;
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
