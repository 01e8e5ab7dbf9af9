/** Replies as the service gives them. */
import { CounterClient, type ClientOptions } from "../index.ts";
import type { Fault, FaultServer } from "./fault-server.ts";

export const added = {
  status: 200,
  json: { name: "orders", value: "5", previous: "0", applied: "5", version: "s0-1" },
  headers: { "counter-version": "AgEC" },
} as const;

export const counter = {
  status: 200,
  json: {
    name: "orders",
    mode: "strong",
    kind: "counter",
    value: "9007199254740993",
    version: "s0-17",
    initial: "0",
    min: null,
    max: "18446744073709551616",
    onBound: "saturate",
    step: "1",
    labels: { team: "shop" },
    ttl: "24h",
  },
  headers: { "counter-version": "AgER" },
} as const;

export function problem(
  status: number,
  code: string,
  more: Readonly<Record<string, unknown>> = {},
): Exclude<Fault, string | ((...args: never[]) => void)> {
  const outcome = status === 504 || status === 500 ? "unknown" : "not-applied";
  const retryable = status >= 500;
  const headers = { "content-type": "application/problem+json" };
  return { status, json: { code, detail: `it is ${code}`, outcome, retryable, ...more }, headers };
}

/** A client that is patient, and does not wait long between attempts. */
export function clientOf(
  servers: readonly (FaultServer | string)[],
  options: Partial<ClientOptions> = {},
): CounterClient {
  const endpoints = servers.map((each) => (typeof each === "string" ? each : each.url));
  const retry = { backoffMs: 1, backoffMaxMs: 20 };
  return new CounterClient({ endpoints, timeoutMs: 60_000, retry, ...options });
}

/** What a promise is rejected with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
