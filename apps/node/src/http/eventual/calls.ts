/** The calls on a counter in eventual mode: this node answers for itself, or waits for others. */
import type { Acks, EventualNode, Written } from "@counter/eventual";

import type { EventualConfig } from "../../config/node-config.ts";
import type { ApiRequest } from "../api.ts";
import type { CounterCalls, WriteReply } from "../counter-routes.ts";
import { Problem } from "../problems.ts";
import { mismatch, raftOnly } from "./mismatch.ts";
import { readWaitMs, waitHeaders, waitMsOf } from "../prefer.ts";
import { acksOf, readOptionsOf, writeWaitLeastSeconds } from "./options.ts";

/** @param node - the node once there is one; throws a Problem before */
export function eventualCalls(
  node: () => Pick<EventualNode, "add" | "read">,
  config: Pick<EventualConfig, "applyTimeoutMs" | "storage">,
): CounterCalls {
  return {
    nextSummary: raftOnly,
    next: () => Promise.reject(mismatch("numbers without gaps or repetitions need a majority")),
    add: async (request, { counter, delta, key }) => {
      const acks = acksOf(request);
      const waitMs = waitMsOf(request, writeWaitLeastSeconds);
      const addition = { counter, delta, ...(key === null ? {} : { key: key.key }) };
      const timed = request.stages !== undefined;
      const options = { acks, timeoutMs: waitMs ?? config.applyTimeoutMs, timed };
      const running = node();
      const written = await rangeChecked("delta-too-large", () => running.add(addition, options));
      tellStages(request, written);
      return reply(written, { acks, waitMs, storage: config.storage });
    },
    read: async (request, counter) => {
      const waitMs = waitMsOf(request);
      const options = { ...readOptionsOf(request), timeoutMs: waitMs ?? readWaitMs };
      const { value, token, stale } = await node().read(counter, options);
      const headers = {
        "counter-version": token,
        ...(stale ? { "counter-stale": "true" } : {}),
        ...waitHeaders(waitMs),
      };
      return { value, headers };
    },
  };
}

/** Where the time of a write went, for who asks. */
export function tellStages({ stages }: ApiRequest, { times }: Written): void {
  if (times === null) return;
  const { queueMs, fsyncMs, peersMs } = times;
  stages?.set({ queue: queueMs, fsync: fsyncMs, peers: peersMs });
}

function reply(
  { value, replayed, token, acked }: Written,
  asked: {
    readonly acks: Acks;
    readonly waitMs: number | null;
    readonly storage: EventualConfig["storage"];
  },
): WriteReply {
  const { acks: requested, waitMs, storage } = asked;
  return {
    value,
    replayed,
    headers: { "counter-version": token, ...waitHeaders(waitMs) },
    // How many nodes are known to have it, and what this one keeps it on.
    members: { durability: { requested, achieved: acked, storage } },
  };
}

/** The node refuses numbers that no counter can hold with a RangeError, before it does anything. */
export async function rangeChecked<T>(
  code: "delta-too-large" | "value-out-of-range",
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof RangeError) throw new Problem(code, error.message, { cause: error });
    throw error;
  }
}
