/** The calls on a counter in Raft mode: every write goes through the log, reads have levels. */
import type { RaftEngine } from "../../engine/engine.ts";
import type { CounterCalls } from "../counter-routes.ts";
import { freshnessHeaders, readLevel } from "./consistency.ts";

/** @param engine - the engine once there is one; throws a Problem before */
export function raftCalls(engine: () => RaftEngine): CounterCalls {
  return {
    next: async (_request, to) => ({ ...(await engine().next({ ...to, count: 1n })), headers: {} }),
    add: async (_request, to) => ({ ...(await engine().add(to)), headers: {} }),
    read: async (request, counter) => {
      const level = readLevel(request.query);
      const read = await engine().get({ counter, ...level });
      return { value: read.value, headers: freshnessHeaders(level, read) };
    },
  };
}
