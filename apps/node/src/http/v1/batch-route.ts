/** `POST /v1/batch`: many writes in one request, in their order, all or none if so asked for. */
import { isOperationKey, type OperationKey } from "@counter/state-machine";

import { Turn } from "../../process/turn.ts";
import { requireTouch } from "../../security/route-scope.ts";
import type { ApiReply, ApiRequest, Route, RouteDoc } from "../api.ts";
import { requireKey } from "../demo-routes.ts";
import {
  jsonReply,
  jsonType,
  keyDoc,
  keyHeaders,
  sessionDoc,
  sessionProblems,
  versionHeader,
} from "../docs/parts.ts";
import { invalidMember, keyText } from "../negotiation.ts";
import { Problem, problemMembers } from "../problems.ts";
import { requireKnown } from "../query.ts";
import type { BatchItem, BatchResult, V1Calls, WriteCall } from "./calls.ts";
import { bodyOf, invalidHeader, noCondition, typeFor } from "./reading.ts";
import { batchMaxBytes, batchReplySchema, batchSchema, type BatchOperation } from "./schemas.ts";
import type { SessionCalls } from "./sessions.ts";
import { fingerprintOf } from "./writing.ts";

export interface BatchOptions {
  readonly keyRequired: boolean;
  readonly idempotencyWindowMs: number;
  readonly problemBase: string;
  readonly sessions: SessionCalls;
}

const batchDoc: RouteDoc = {
  id: "batch",
  tag: "batch",
  description:
    "Strong mode: atomic unless told otherwise; the first refusal is then the answer to the whole request, with its `index`, and nothing is done. Eventual mode: never atomic. With an `Idempotency-Key`, operation `i` has the key `<key>#<i>`.",
  headers: { "idempotency-key": keyDoc, "counter-session": sessionDoc },
  body: { schema: batchSchema, mediaTypes: [jsonType], required: true },
  responses: {
    200: jsonReply("what became of each", batchReplySchema, { ...keyHeaders, ...versionHeader }),
  },
  problems: [
    "not-acceptable",
    "validation-failed",
    "unsafe-integer",
    "delta-too-large",
    "mode-mismatch",
    "value-out-of-range",
    "bound-exceeded",
    "version-mismatch",
    "counter-exists",
    "counter-not-found",
    "kind-mismatch",
    "too-many-counters",
    "idempotency-key-reused",
    "idempotency-table-full",
    ...sessionProblems,
    "precondition-required",
    "no-leader",
    "outcome-unknown",
    "storage-full",
  ],
};

export function batchRoute(calls: V1Calls, options: BatchOptions): Route {
  const handle = async (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, calls.writeQuery);
    typeFor(request, [jsonType]);
    noCondition(request);
    const { ops, atomic = calls.mode === "strong" } = bodyOf(request, batchSchema);
    // All before the first one is done: who may not touch one of them does nothing.
    for (const { counter } of ops) requireTouch(request.caller, counter);
    const whole = { ops, atomic };
    const step = options.sessions.stepOf(request, () => fingerprintOf(["batch", whole]));
    if (step !== null) requireNoKeys(ops);
    const key = headerKey(request);
    if (
      options.keyRequired &&
      key === null &&
      step === null &&
      ops.some((op) => op.key === undefined)
    ) {
      requireKey(null);
    }
    const items = await itemsOf(ops, request, key);
    if (atomic) requireDistinctKeys(items);
    const { body: results, headers } = await calls.batch(items, atomic, step);
    const once = key === null ? (step === null ? null : "session") : "key";
    return reply(items, results, { ...options, once, headers });
  };
  return {
    method: "POST",
    path: "/v1/batch",
    summary: 'many writes at once, {"ops": [{"op": "add", "counter", "delta"}, …], "atomic"}',
    kind: "write",
    scope: "write",
    operation: batchDoc,
    bodyMaxBytes: batchMaxBytes,
    names: (request) => bodyOf(request, batchSchema).ops.map(({ counter }) => counter),
    handle,
  };
}

function headerKey(request: ApiRequest): string | null {
  const key = keyText(request);
  if (key === null || isOperationKey(key)) return key;
  throw invalidHeader("Idempotency-Key", "1 to 255 visible ASCII characters");
}

interface Place {
  readonly request: ApiRequest;
  readonly key: string | null;
  readonly at: number;
}

/** In steps: a fingerprint each for a thousand of them takes some time. */
async function itemsOf(
  ops: readonly BatchOperation[],
  request: ApiRequest,
  key: string | null,
): Promise<readonly BatchItem[]> {
  const turn = new Turn();
  const items: BatchItem[] = [];
  for (const [at, op] of ops.entries()) {
    items.push(itemOf(op, { request, key, at }));
    if (turn.over) await turn.next();
  }
  return items;
}

function itemOf(op: BatchOperation, place: Place): BatchItem {
  const call = <Args>(args: Args): WriteCall<Args> => {
    const key = keyOf(op, { ...place, args });
    return { request: place.request, name: op.counter, args, key, step: null, condition: null };
  };
  switch (op.op) {
    case "create": {
      const { counter: name, kind, mode, initial, min, max, onBound, step, labels, ttl } = op;
      const settings = { kind, mode, initial, min, max, onBound, step, labels, ttl };
      return { op: op.op, call: call({ name, ...settings }) };
    }
    case "delete":
      return { op: op.op, call: call(null) };
    case "add": {
      const { delta, onBound } = op;
      return { op: op.op, call: call(onBound === undefined ? { delta } : { delta, onBound }) };
    }
    case "next":
      return { op: op.op, call: call({ count: op.count ?? 1n }) };
    case "set":
      return { op: op.op, call: call({ value: op.value }) };
    case "cas":
      return { op: op.op, call: call({ expected: op.expected, value: op.value }) };
    case "reset":
      return { op: op.op, call: call({ to: op.to ?? null }) };
  }
}

/** The same fingerprint as that of a request of its own: it is the same write. */
function keyOf(
  op: BatchOperation,
  { key: whole, at, args }: Place & { readonly args: unknown },
): OperationKey | null {
  const key = op.key ?? (whole === null ? null : `${whole}#${at}`);
  if (key === null) return null;
  if (!isOperationKey(key)) {
    throw invalidHeader("Idempotency-Key", "too long for a batch: at most 250 characters");
  }
  return { key, fingerprint: fingerprintOf([op.op, op.counter, args, null]) };
}

/** The number of the request stands for all of them. */
function requireNoKeys(ops: readonly BatchOperation[]): void {
  const at = ops.findIndex(({ key }) => key !== undefined);
  if (at >= 0) throw invalidMember(`ops/${at}/key`, "not in a session");
}

/** All or none of them are replayed, so either all have keys or none has. */
function requireDistinctKeys(items: readonly BatchItem[]): void {
  const keys = items.flatMap(({ call }) => call.key?.key ?? []);
  if (keys.length > 0 && keys.length < items.length) {
    throw new Problem("validation-failed", "in an atomic batch all operations have keys, or none");
  }
  if (new Set(keys).size === keys.length) return;
  throw new Problem("validation-failed", "in an atomic batch every operation has another key");
}

function reply(
  items: readonly BatchItem[],
  results: readonly BatchResult[],
  context: Omit<BatchOptions, "keyRequired"> & {
    readonly once: "key" | "session" | null;
    readonly headers: Readonly<Record<string, string>>;
  },
): ApiReply {
  const shown = results.map((result, at) => {
    if ("refused" in result) {
      const { refused } = result;
      return { ...problemMembers(refused, context.problemBase), ...refused.extensions };
    }
    const status = result.body === null ? 204 : items[at]?.op === "create" ? 201 : 200;
    return { status, ...result.body };
  });
  const replayed = results.every(isReplayed);
  const seconds = String(Math.floor(context.idempotencyWindowMs / 1000));
  const headers = {
    ...context.headers,
    ...(context.once === "key" ? { "counter-idempotency-window": seconds } : {}),
    ...(context.once !== null && replayed ? { "idempotent-replayed": "true" } : {}),
    "content-type": jsonType,
  };
  return { status: 200, headers, body: `${JSON.stringify({ results: shown })}\n` };
}

function isReplayed(result: BatchResult): boolean {
  if ("replayed" in result) return result.replayed;
  return result.refused.headers["idempotent-replayed"] === "true";
}
