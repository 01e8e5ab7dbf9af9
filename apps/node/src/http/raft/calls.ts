/** The calls on a counter in Raft mode: every write goes through the log, reads have levels. */
import type { RaftEngine, WriteNotes } from "../../engine/engine.ts";
import type { ApiRequest } from "../api.ts";
import type { CounterCalls } from "../counter-routes.ts";
import { traceToKeep, type TracesKept } from "../trace.ts";
import { freshnessHeaders, readLevel } from "./consistency.ts";

/** @param engine - the engine once there is one; throws a Problem before */
export function raftCalls(engine: () => RaftEngine, keepTraces: TracesKept): CounterCalls {
  const once = { times: 1, condition: null } as const;
  return {
    next: async (request, to) => {
      const notes = notesOf(request, keepTraces);
      const done = await engine().write({ type: "next", count: 1n, ...once, ...to }, null, notes);
      return { value: done.value, replayed: done.replayed, headers: {} };
    },
    add: async (request, to) => {
      const notes = notesOf(request, keepTraces);
      const operation = { type: "add", onBound: null, ...once, ...to } as const;
      const done = await engine().write(operation, null, notes);
      return { value: done.value, replayed: done.replayed, headers: {} };
    },
    read: async (request, counter) => {
      const level = readLevel(request.query);
      const read = await engine().read({ counter, ...level });
      return { value: read.counter?.value ?? 0n, headers: freshnessHeaders(level, read) };
    },
  };
}

/** What goes with the write that a request asks for. */
export function notesOf({ stages, headers }: ApiRequest, keepTraces: TracesKept): WriteNotes {
  return { stages, trace: traceToKeep(headers, keepTraces) };
}
