/** The counter itself: hand out numbers, add, read. All of them speak of the counter `default`. */
import type { OperationKey } from "@counter/state-machine";

import type { Consistency, CounterEngine, Written } from "../engine/engine.ts";
import { bodyMaxBytes, json, jsonText, text, type ApiRequest, type Route } from "./api.ts";
import { exactInteger, jsonMembers, operationKey, prefersJson } from "./negotiation.ts";
import { Problem } from "./problems.ts";

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
    const value = await engine().get(counter, consistencyOf(request));
    return jsonText(`{"counter":${value}}\n`); // exact digits: JSON.stringify knows no bigint
  };

  const count: Route["handle"] = async (request) => {
    const value = await engine().get(counter, consistencyOf(request));
    return prefersJson(request.headers.accept)
      ? json({ counter, value: value.toString() })
      : text(`Current Counter: ${value}`);
  };

  return [
    { method: "POST", path: "/next", kind: "write", bodyMaxBytes, handle: next },
    { method: "POST", path: "/increment", kind: "write", bodyMaxBytes, handle: increment },
    { method: "GET", path: "/get", kind: "read", bodyMaxBytes, handle: get },
    { method: "GET", path: "/count", kind: "read", bodyMaxBytes, handle: count },
  ];
}

/** An unknown level is refused: a weaker one must never be taken silently. */
function consistencyOf(request: ApiRequest): Consistency {
  const level = request.query.get("consistency") ?? "linearizable";
  if (level === "linearizable" || level === "local") return level;
  throw new Problem("validation-failed", "consistency is linearizable or local");
}
