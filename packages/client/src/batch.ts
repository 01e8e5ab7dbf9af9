/** Several operations in one request. */
import type { Calls } from "./calls.ts";
import {
  addedOf,
  counterOf,
  issuedOf,
  objectsAt,
  storedOf,
  type Json,
  type ReplyFacts,
} from "./decode.ts";
import { newCounterBody } from "./counter.ts";
import { InvalidArgumentError, InvalidReplyError, type ProblemError } from "./errors.ts";
import { checkedKey } from "./keys.ts";
import { wireNumber, type Integer } from "./numbers.ts";
import { problemError, refusalOf } from "./reply.ts";
import type { Added, Counter, Issued, NewCounter, OnBound, Stored, WriteOptions } from "./types.ts";

interface Target {
  readonly counter: string;
  /** Of this operation alone; otherwise that of the batch stands for it, with its place. */
  readonly key?: string;
}

export type BatchOperation =
  | (Target & { readonly op: "add"; readonly delta: Integer; readonly onBound?: OnBound })
  | (Target & { readonly op: "next"; readonly count?: Integer })
  | (Target & { readonly op: "set"; readonly value: Integer })
  | (Target & { readonly op: "cas"; readonly expected: Integer; readonly value: Integer })
  | (Target & { readonly op: "reset"; readonly to?: Integer })
  | (Target & { readonly op: "create"; readonly config?: NewCounter })
  | (Target & { readonly op: "delete" });

export type BatchResult =
  | { readonly op: "add"; readonly ok: true; readonly result: Added }
  | { readonly op: "next"; readonly ok: true; readonly result: Issued }
  | { readonly op: "set" | "cas" | "reset"; readonly ok: true; readonly result: Stored }
  | { readonly op: "create"; readonly ok: true; readonly result: Counter }
  | { readonly op: "delete"; readonly ok: true; readonly result: null }
  | { readonly op: BatchOperation["op"]; readonly ok: false; readonly error: ProblemError };

export interface BatchOptions extends WriteOptions {
  /** All or nothing (strong mode, and the default there). A refusal then is thrown. */
  readonly atomic?: boolean | undefined;
}

/** Most operations of a batch. */
export const batchMax: number = 1000;
/** Largest batch as JSON, in bytes. */
export const batchMaxBytes: number = 1024 * 1024;

/**
 * @returns one result for each operation, in order
 * @throws ProblemError when the whole batch is refused; of an atomic one, `problem.index` says by which
 */
export async function batch(
  calls: Calls,
  operations: readonly BatchOperation[],
  options: BatchOptions,
): Promise<readonly BatchResult[]> {
  if (operations.length === 0 || operations.length > batchMax) {
    throw new InvalidArgumentError(`a batch has 1 to ${batchMax} operations`);
  }
  const { atomic } = options;
  const ops = operations.map(operationBody);
  const body = { ops, ...(atomic === undefined ? {} : { atomic }) };
  const bytes = new TextEncoder().encode(JSON.stringify(body)).length;
  if (bytes > batchMaxBytes) {
    throw new InvalidArgumentError(`a batch has at most ${batchMaxBytes} bytes, not ${bytes}`);
  }
  const request = { method: "POST", path: "/v1/batch", body } as const;
  // Operations with keys of their own go by keys, also in a session that numbers its writes.
  const keyed = options.key === undefined && operations.some(({ key }) => key !== undefined);
  const name = keyed ? { key: calls.sender.settings.newKey() } : {};
  const { json, facts, reply } = await calls.write(request, { ...options, ...name });
  const results = objectsAt(json, "results");
  if (results.length !== operations.length) {
    throw new InvalidReplyError("the batch has another number of results");
  }
  const { endpoint } = reply;
  return results.map((each, at) => resultOf(operations[at]!.op, each, { ...facts, endpoint }));
}

function operationBody(operation: BatchOperation): Json {
  const { op, counter, key } = operation;
  return {
    ...{ op, counter },
    ...(key === undefined ? {} : { key: checkedKey(key) }),
    ...argumentsOf(operation),
  };
}

function argumentsOf(operation: BatchOperation): Json {
  switch (operation.op) {
    case "add": {
      const { delta, onBound } = operation;
      return { delta: wireNumber(delta, "delta"), ...(onBound === undefined ? {} : { onBound }) };
    }
    case "next":
      return { count: wireNumber(operation.count ?? 1n, "count") };
    case "set":
      return { value: wireNumber(operation.value, "value") };
    case "cas": {
      const { expected, value } = operation;
      return { expected: wireNumber(expected, "expected"), value: wireNumber(value, "value") };
    }
    case "reset":
      return operation.to === undefined ? {} : { to: wireNumber(operation.to, "to") };
    case "create":
      return newCounterBody(operation.config ?? {});
    case "delete":
      return {};
  }
}

function resultOf(
  op: BatchOperation["op"],
  json: Json,
  { endpoint, ...facts }: ReplyFacts & { readonly endpoint: string },
): BatchResult {
  const { status } = json;
  if (typeof status !== "number") throw new InvalidReplyError("a result has no status");
  if (status >= 300) {
    const bytes = new TextEncoder().encode(JSON.stringify(json));
    const refusal = refusalOf({ status, headers: new Headers(), bytes, endpoint });
    return { op, ok: false, error: problemError(refusal) };
  }
  switch (op) {
    case "add":
      return { op, ok: true, result: addedOf(json, facts) };
    case "next":
      return { op, ok: true, result: issuedOf(json, facts) };
    case "set":
    case "cas":
    case "reset":
      return { op, ok: true, result: storedOf(json, facts) };
    case "create":
      return { op, ok: true, result: counterOf(json) };
    case "delete":
      return { op, ok: true, result: null };
  }
}
