/** The calls on a counter in Raft mode: every write goes through the log, reads have levels. */
import type { RaftEngine } from "../../engine/engine.ts";
import type { CounterCalls } from "../counter-routes.ts";
import { freshnessHeaders, readLevel } from "./consistency.ts";

/** @param engine - the engine once there is one; throws a Problem before */
export function raftCalls(engine: () => RaftEngine): CounterCalls {
  const once = { times: 1, condition: null } as const;
  return {
    next: async ({ stages }, to) => {
      const done = await engine().write({ type: "next", count: 1n, ...once, ...to }, null, stages);
      return { value: done.value, replayed: done.replayed, headers: {} };
    },
    add: async ({ stages }, to) => {
      const done = await engine().write(
        { type: "add", onBound: null, ...once, ...to },
        null,
        stages,
      );
      return { value: done.value, replayed: done.replayed, headers: {} };
    },
    read: async (request, counter) => {
      const level = readLevel(request.query);
      const read = await engine().read({ counter, ...level });
      return { value: read.counter?.value ?? 0n, headers: freshnessHeaders(level, read) };
    },
  };
}
