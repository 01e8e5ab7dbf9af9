/** The counter itself: hand out numbers, add, read. All of them speak of the counter `default`. */
import type { OperationKey } from "@counter/state-machine";

import { bodyMaxBytes, json, jsonText, text, type ApiRequest, type Route } from "./api.ts";
import { demoCountDoc, demoGetDoc, demoIncrementDoc, demoNextDoc } from "./docs/demo.ts";
import { exactInteger, jsonMembers, operationKey, prefersJson } from "./negotiation.ts";

const counter = "default";

/** A value, and what the mode has to say about it. */
export interface ReadReply {
  readonly value: bigint;
  readonly headers: Readonly<Record<string, string>>;
}

export interface WriteReply extends ReadReply {
  /** The key was known: nothing was done now. */
  readonly replayed: boolean;
  /** Further members of the JSON form. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** Which counter, and under which key. */
export interface WriteRequest {
  readonly counter: string;
  readonly key: OperationKey | null;
}

/** What a mode makes of the calls on a counter. It reads for itself what only it knows of a request. */
export interface CounterCalls {
  next(request: ApiRequest, to: WriteRequest): Promise<WriteReply>;
  add(request: ApiRequest, to: WriteRequest & { readonly delta: bigint }): Promise<WriteReply>;
  read(request: ApiRequest, counter: string): Promise<ReadReply>;
  /** What `GET /` says of `POST /next`, where it is not what it does everywhere else. */
  readonly nextSummary?: string;
}

export function counterRoutes(
  calls: CounterCalls,
  options: { readonly idempotencyWindowMs: number },
): readonly Route[] {
  return [...writeRoutes(calls, options), ...readRoutes(calls)];
}

function writeRoutes(
  calls: CounterCalls,
  options: { readonly idempotencyWindowMs: number },
): readonly Route[] {
  const { nextSummary = "hands out the next number" } = calls;
  const windowSeconds = String(Math.floor(options.idempotencyWindowMs / 1000));

  /** What a write's reply says besides its body. */
  function headersOf(key: OperationKey | null, reply: WriteReply): Record<string, string> {
    if (key === null) return reply.headers;
    return {
      ...reply.headers,
      "counter-idempotency-window": windowSeconds,
      ...(reply.replayed ? { "idempotent-replayed": "true" } : {}),
    };
  }

  const next: Route["handle"] = async (request) => {
    jsonMembers(request, []);
    const key = operationKey(request, "");
    const written = await calls.next(request, { counter, key });
    const headers = headersOf(key, written);
    return prefersJson(request.headers.accept)
      ? json({ counter, value: written.value.toString(), ...written.members }, headers)
      : text(`${written.value}\n`, headers);
  };

  const increment: Route["handle"] = async (request) => {
    const { delta: given } = jsonMembers(request, ["delta"]);
    const delta = given === undefined ? 1n : exactInteger("delta", given);
    const key = operationKey(request, delta.toString());
    const written = await calls.add(request, { counter, delta, key });
    const headers = headersOf(key, written);
    return prefersJson(request.headers.accept)
      ? json({ counter, value: written.value.toString(), ...written.members }, headers)
      : text("Incremented successfully", headers);
  };

  const write = { method: "POST", kind: "write", scope: "write", bodyMaxBytes } as const;
  return [
    { ...write, path: "/next", summary: nextSummary, operation: demoNextDoc, handle: next },
    {
      ...write,
      path: "/increment",
      summary: 'adds 1, or {"delta": n}',
      operation: demoIncrementDoc,
      handle: increment,
    },
  ];
}

function readRoutes(calls: CounterCalls): readonly Route[] {
  const get: Route["handle"] = async (request) => {
    const { value, headers } = await calls.read(request, counter);
    // Exact digits: JSON.stringify knows no bigint. Who reads them as a double still finds them.
    const exact = Number.isSafeInteger(Number(value)) ? "" : `,"text":"${value}"`;
    return jsonText(`{"counter":${value}${exact}}\n`, headers);
  };

  const count: Route["handle"] = async (request) => {
    const { value, headers } = await calls.read(request, counter);
    return prefersJson(request.headers.accept)
      ? json({ counter, value: value.toString() }, headers)
      : text(`Current Counter: ${value}`, headers);
  };

  const read = { method: "GET", kind: "read", scope: "read", bodyMaxBytes } as const;
  return [
    {
      ...read,
      path: "/get",
      summary: "the counter; ?consistency=…, see below",
      operation: demoGetDoc,
      handle: get,
    },
    {
      ...read,
      path: "/count",
      summary: "the counter in a sentence",
      operation: demoCountDoc,
      handle: count,
    },
  ];
}
