/** The calls of the original demo, which stand for calls on the counter `default`. */
import { z } from "zod";

import type { RouteDoc } from "../api.ts";
import {
  anyObject,
  either,
  emptyObject,
  flagDoc,
  integerText,
  jsonType,
  keyDoc,
  keyHeaders,
  keyedWriteProblems,
  textDoc,
  textReply,
  versionHeader,
} from "./parts.ts";

const valueOf = z.looseObject({ counter: z.string(), value: integerText });
const waited = { "preference-applied": "the `wait` that was taken" } as const;
const writeHeaders = { ...keyHeaders, ...versionHeader, ...waited };
const readHeaders = {
  ...versionHeader,
  ...waited,
  "counter-staleness-ms": "Raft mode, `local`: milliseconds since the leader was last heard of",
  "counter-known-leader": "Raft mode, `local`: whether this node knows a leader",
  "counter-stale": "eventual mode, `orStale`: the wait was in vain",
};

const noBody = { schema: emptyObject, mediaTypes: [jsonType], required: false } as const;

const ackDoc = textDoc("eventual mode: `local`, `majority`, `all`, or a number of nodes");
const preferDoc = textDoc("`wait=n`: the longest wait in seconds");

/** What a write is refused with besides what may happen to any request. */
const writeProblems = ["validation-failed", ...keyedWriteProblems] as const;

export const demoNextDoc: RouteDoc = {
  id: "demoNext",
  summary: "hands out the next number",
  modes: ["strong"],
  tag: "demo",
  headers: { "idempotency-key": keyDoc },
  body: noBody,
  responses: { 200: either("the number, on a line of its own", valueOf, writeHeaders) },
  problems: [...writeProblems, "mode-mismatch"],
};

export const demoIncrementDoc: RouteDoc = {
  id: "demoIncrement",
  tag: "demo",
  query: { ack: ackDoc },
  headers: { "idempotency-key": keyDoc, prefer: preferDoc },
  body: {
    schema: z.strictObject({ delta: z.union([integerText, z.int()]).optional() }),
    mediaTypes: [jsonType],
    required: false,
  },
  responses: { 200: either("`Incremented successfully`", valueOf, writeHeaders) },
  problems: [...writeProblems, "unsafe-integer", "delta-too-large", "ack-timeout"],
};

const readQuery = {
  consistency: textDoc(
    "Raft mode: `linearizable` (default), `leader`, `local`; eventual mode: `local` (default), `quorum`, `all`",
  ),
  maxStaleness: textDoc("Raft mode, with `local`: the longest silence of the leader, as `2s`"),
  atLeast: textDoc("eventual mode: a token"),
  orStale: flagDoc("eventual mode: answer also if the wait was in vain"),
};

const readDoc = {
  tag: "demo",
  query: readQuery,
  headers: { "counter-at-least": textDoc("eventual mode: a token"), prefer: preferDoc },
  problems: [
    "validation-failed",
    "no-leader",
    "read-not-confirmed",
    "too-stale",
    "not-yet-consistent",
    "token-foreign",
  ],
} as const satisfies Partial<RouteDoc>;

export const demoGetDoc: RouteDoc = {
  ...readDoc,
  id: "demoGet",
  responses: {
    200: {
      description:
        "the counter, a JSON number of as many digits as it takes; beyond 2^53 also as text",
      content: {
        [jsonType]: z.strictObject({ counter: z.number(), text: integerText.optional() }),
      },
      headers: readHeaders,
    },
  },
};

export const demoCountDoc: RouteDoc = {
  ...readDoc,
  id: "demoCount",
  responses: { 200: either("`Current Counter: N`", valueOf, readHeaders) },
};

export const demoBackupDoc: RouteDoc = {
  id: "demoBackup",
  tag: "demo",
  body: noBody,
  responses: {
    200: either(
      "where the backup is",
      z.strictObject({
        path: z.string(),
        index: z.number(),
        sha256: z.string(),
        counters: z.number(),
      }),
    ),
  },
  problems: ["validation-failed", "no-leader", "read-not-confirmed", "storage-full"],
};

export const demoRestoreDoc: RouteDoc = {
  id: "demoRestore",
  tag: "demo",
  headers: { "idempotency-key": keyDoc },
  body: {
    schema: z.strictObject({ file: z.string().nullable().optional() }),
    mediaTypes: [jsonType, "application/vnd.counter.backup"],
    required: false,
  },
  responses: {
    200: either(
      "`FSM state restored from backup`",
      z.looseObject({ restoredIndex: z.number(), counters: z.number() }),
      { ...keyHeaders, ...versionHeader },
    ),
  },
  problems: [
    "validation-failed",
    "backup-not-found",
    "backup-damaged",
    "value-out-of-range",
    "too-many-counters",
    "idempotency-key-reused",
    "precondition-required",
    "no-leader",
    "outcome-unknown",
  ],
};

export const demoStatusDoc: RouteDoc = {
  id: "demoStatus",
  summary: "who leads, who takes part, how far everybody is",
  tag: "demo",
  responses: {
    200: {
      description: "the keys of the original demo, and what this node knows besides",
      content: { [jsonType]: anyObject },
    },
  },
  problems: ["starting"],
};

export const demoJoinDoc: RouteDoc = {
  id: "demoJoin",
  summary: "adds a node: ?id=<name>&addr=<host:port>",
  tag: "demo",
  query: { id: textDoc("the id of the node"), addr: textDoc("its `host:port`") },
  body: noBody,
  responses: { 200: textReply("it takes part, or will as soon as it is there") },
  problems: ["validation-failed", "invalid-change", "too-many-members", "change-in-progress"],
};
