import type { RaftObserver } from "./ports.ts";

/** Lets several observers watch one node; each call goes to all of them, in this order. */
export function combineObservers(...observers: readonly RaftObserver[]): RaftObserver {
  return {
    onStart: (run) => {
      for (const one of observers) one.onStart?.(run);
    },
    onInput: (input) => {
      for (const one of observers) one.onInput?.(input);
    },
    onReady: (ready) => {
      for (const one of observers) one.onReady?.(ready);
    },
    onApplied: (last, entries) => {
      for (const one of observers) one.onApplied?.(last, entries);
    },
    onSnapshotSaved: (snapshot, tookMs) => {
      for (const one of observers) one.onSnapshotSaved?.(snapshot, tookMs);
    },
    onFatal: (error) => {
      for (const one of observers) one.onFatal?.(error);
    },
  };
}
