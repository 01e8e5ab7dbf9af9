/** Which counters changed, for whoever wants to hear of it; of no cost while nobody does. */
import type { RecordBody } from "../types.ts";
import type { Changes } from "./door.ts";
import type { EventualState } from "./state.ts";

/** Most counters that are named at once; more are told of as `all`. */
export const changesMax: number = 1024;

export function watch(s: EventualState, on: boolean): void {
  if (!on) s.changes = null;
  else s.changes ??= { names: new Set(), all: false };
}

/** A record takes effect. */
export function noteRecord({ changes }: EventualState, body: RecordBody): void {
  if (changes === null || changes.all) return;
  for (const item of body.controls) if ("counter" in item) changes.names.add(item.counter);
  for (const { counter } of body.plain) changes.names.add(counter);
  for (const { counter } of body.keyed) changes.names.add(counter);
  if (changes.names.size <= changesMax) return;
  changes.names.clear();
  changes.all = true;
}

/** A piece of a snapshot takes effect. */
export function noteAll({ changes }: EventualState): void {
  if (changes === null) return;
  changes.names.clear();
  changes.all = true;
}

/** What there is to tell; `null`: nothing. */
export function takeChanges(s: EventualState): Changes | null {
  const { changes } = s;
  if (changes === null || (changes.names.size === 0 && !changes.all)) return null;
  s.changes = { names: new Set(), all: false };
  return changes;
}
