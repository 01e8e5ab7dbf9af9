/**
 * Whether a counter is there, and its settings.
 *
 * X1  A deletion covers what its node knew, as a reset does; and of the settings and deletions of a
 *     counter the latest holds. What the node did not know yet counts all the same when it arrives.
 * X2  A counter is there if something was done to it that no deletion covers, or if the latest word
 *     on it are settings. So it depends on what is known, and not on the order in which it came.
 * X3  What a deletion covers is remembered apart from the floors of resets: a counter that was set
 *     to 0 is still there.
 * X4  Closed keys are one sum, and they are one of these as well: there or not. Which of them a
 *     deletion covered is known when they are closed, and one that is learnt later covers all (R2 in
 *     `closing.ts`).
 */
import type { CounterConfig, CounterName, FloorEntry, LabelsPatch } from "../types.ts";
import { labelsMax } from "./limits.ts";
import type { CounterState, Register, Stamp, Words } from "./counter-state.ts";
import type { Replica } from "./replica.ts";
import { isBefore } from "./replica.ts";

export const noConfig: CounterConfig = { labels: new Map(), others: [] };

/** X2. Takes a step for each writer at most, not for each key. */
export function existsIn(r: Replica, name: CounterName): boolean {
  const counter = r.counters.get(name);
  return counter !== undefined && isThere(counter);
}

export function isThere(counter: CounterState): boolean {
  const { cells, gone, register } = counter;
  if (register !== null && register.config !== null) return true;
  if (counter.alive > 0 || isClosedAlive(counter)) return true;
  for (const [writer, { position }] of cells) {
    if (position > (gone.get(writer) ?? 0)) return true;
  }
  return false;
}

/** The settings that hold; those of a counter that came back after its deletion are none. */
export function configOf(r: Replica, name: CounterName): CounterConfig {
  return r.counters.get(name)?.register?.config ?? noConfig;
}

/** X4. */
export function isClosedAlive({ closed, gone }: CounterState): boolean {
  if (!closed.alive) return false;
  for (const [writer, position] of closed.upTo) {
    if ((gone.get(writer) ?? 0) < position) return true;
  }
  return false;
}

/** Of two words on one counter the later (X1). */
export function joinRegister(words: Words, register: Register): void {
  const known = words.register;
  if (known === null || isEarlier(known.stamp, register.stamp)) words.register = register;
}

function isEarlier(one: Stamp, other: Stamp): boolean {
  return one.hlc !== other.hlc ? one.hlc < other.hlc : isBefore(one, other);
}

/**
 * Learns what deletions cover; the same has to be joined as a floor, too.
 *
 * @returns whether something of it is new, so that the keys have to be summed up again
 */
export function joinGone(
  words: Words,
  gone: Iterable<Pick<FloorEntry, "writer" | "position">>,
): boolean {
  let changed = false;
  for (const { writer, position } of gone) {
    if ((words.gone.get(writer) ?? 0) >= position) continue;
    words.gone.set(writer, position);
    changed = true;
  }
  return changed;
}

/** What becomes of settings; `null`: there would be more than {@link labelsMax} labels. */
export function patched(config: CounterConfig, patch: LabelsPatch): CounterConfig | null {
  const labels = new Map(patch === null ? [] : config.labels);
  for (const [name, text] of patch ?? []) {
    if (text === null) labels.delete(name);
    else labels.set(name, text);
  }
  if (labels.size > labelsMax) return null;
  const names = [...labels.keys()].sort();
  return { ...config, labels: new Map(names.map((name) => [name, labels.get(name)!])) };
}
