/** The counter itself: hand out numbers, add, read. All of them speak of the counter `default`. */
import type { OperationKey } from "@counter/state-machine";

import type { CounterEngine, Written } from "../engine/engine.ts";
import { bodyMaxBytes, json, jsonText, text, type Route } from "./api.ts";
import { freshnessHeaders, readLevel } from "./consistency.ts";
import { exactInteger, jsonMembers, operationKey, prefersJson } from "./negotiation.ts";

const counter = "default";

/** @param engine - the engine once there is one; throws a Problem before */
export function counterRoutes(
  engine: () => CounterEngine,
  options: { readonly idempotencyWindowMs: number },
): readonly Route[] {
  const windowSeconds = String(Math.floor(options.idempotencyWindowMs / 1000));

  /** What a write's reply says besides its body. */
  function keyHeaders(key: OperationKey | null, written: Written): Record<string, string> {
    if (key === null) return {};
    return {
      "counter-idempotency-window": windowSeconds,
      ...(written.replayed ? { "idempotent-replayed": "true" } : {}),
    };
  }

  const next: Route["handle"] = async (request) => {
    jsonMembers(request, []);
    const key = operationKey(request, "");
    const written = await engine().next({ counter, count: 1n, key });
    const headers = keyHeaders(key, written);
    return prefersJson(request.headers.accept)
      ? json({ counter, value: written.value.toString() }, headers)
      : text(`${written.value}\n`, headers);
  };

  const increment: Route["handle"] = async (request) => {
    const { delta: given } = jsonMembers(request, ["delta"]);
    const delta = given === undefined ? 1n : exactInteger("delta", given);
    const key = operationKey(request, delta.toString());
    const written = await engine().add({ counter, delta, key });
    const headers = keyHeaders(key, written);
    return prefersJson(request.headers.accept)
      ? json({ counter, value: written.value.toString() }, headers)
      : text("Incremented successfully", headers);
  };

  const get: Route["handle"] = async (request) => {
    const level = readLevel(request.query);
    const read = await engine().get({ counter, ...level });
    // Exact digits: JSON.stringify knows no bigint.
    return jsonText(`{"counter":${read.value}}\n`, freshnessHeaders(level, read));
  };

  const count: Route["handle"] = async (request) => {
    const level = readLevel(request.query);
    const read = await engine().get({ counter, ...level });
    const headers = freshnessHeaders(level, read);
    return prefersJson(request.headers.accept)
      ? json({ counter, value: read.value.toString() }, headers)
      : text(`Current Counter: ${read.value}`, headers);
  };

  const write = { method: "POST", kind: "write", bodyMaxBytes } as const;
  const read = { method: "GET", kind: "read", bodyMaxBytes } as const;
  return [
    { ...write, path: "/next", summary: "hands out the next number", handle: next },
    { ...write, path: "/increment", summary: 'adds 1, or {"delta": n}', handle: increment },
    { ...read, path: "/get", summary: "the counter; ?consistency=…, see below", handle: get },
    { ...read, path: "/count", summary: "the counter in a sentence", handle: count },
  ];
}
