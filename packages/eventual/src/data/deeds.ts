/**
 * What was done to a counter as a whole under a key: its creation, its settings, its deletion.
 *
 * D1  Of all deeds with one identity the first holds, by the hybrid clock (G2), and the others never
 *     were. So one that comes again at a node that did not know the first neither covers what came
 *     after that, nor takes back later settings.
 * D2  While a key is open it may turn out that another one was first. So what holds whatever becomes
 *     of open keys is kept apart (`base`); the counter shows that and the first of each open key.
 * D3  When a key is closed its first deed joins `base` for good: all of them were known then (R1). A
 *     deed that is still unknown covers all of B, as a reset does (R2), and so do those that it takes
 *     the place of: who wrote it would have known one in B. So no key in B changes its side.
 */
import type { FloorEntry, WallMs, WriterId } from "../types.ts";
import type { Slot } from "./slot.ts";
import type { DotTable } from "./dots.ts";
import { joinGone, joinRegister } from "./existence.ts";
import { groupsOf, leastOf, rowsOf, runsOf } from "./groups.ts";
import type { Span } from "./groups.ts";
import type { Base, CounterState, Register, Stamp, Words } from "./counter-state.ts";
import type { Replica } from "./replica.ts";

/** A word on a counter, whatever becomes of open keys. */
export function say(counter: CounterState, register: Register): void {
  joinRegister(counter, register);
  if (counter.base !== null) joinRegister(counter.base, register);
}

/** Something is covered, whatever becomes of open keys. Returns whether that is new. */
export function cover(
  counter: CounterState,
  floor: readonly FloorEntry[],
  gone: readonly Pick<FloorEntry, "writer" | "position">[],
): boolean {
  if (counter.base !== null) raise(counter.base, floor, gone);
  return raise(counter, floor, gone);
}

function raise(
  words: Words,
  floor: readonly FloorEntry[],
  gone: readonly Pick<FloorEntry, "writer" | "position">[],
): boolean {
  let changed = joinGone(words, gone);
  for (const entry of floor) {
    const known = words.floor.get(entry.writer);
    if (known !== undefined && known.position >= entry.position) continue;
    words.floor.set(entry.writer, entry);
    changed = true;
  }
  return changed;
}

/** A key of the counter has a deed from now on. */
export function beginDeed(counter: CounterState, key: string): void {
  const { floor, gone, register } = counter;
  counter.base ??= { floor: new Map(floor), gone: new Map(gone), register, keys: new Set() };
  counter.base.keys.add(key);
}

/** The rows of an identity with the deeds that hold, of what is not closed (D1). */
export function heldDeeds(dots: DotTable, closedBefore: WallMs, first: Slot): Slot[] {
  const rows = rowsOf(dots, first);
  return runsOf(dots, rows)
    .filter(({ end }) => end > closedBefore)
    .flatMap((run) => heldIn(dots, rows, run));
}

function heldIn(dots: DotTable, rows: readonly Slot[], run: Span): Slot[] {
  return groupsOf(dots, rows, run)
    .map((group) => leastOf(dots, rows, group))
    .filter((slot) => dots.deed(slot) !== null);
}

/** One more deed holds. Returns whether it covers something new. */
export function holdDeed(dots: DotTable, words: Words, slot: Slot): boolean {
  const deed = dots.deed(slot);
  if (deed === null) return false;
  const stamp: Stamp = {
    ...{ hlc: dots.hlc(slot), writer: dots.writer(slot), position: dots.position(slot) },
  };
  joinRegister(words, { stamp, config: deed.type === "delete" ? null : deed.config });
  return deed.type === "delete" && raise(words, deed.floor, deed.floor);
}

/** Works out what the counter shows (D2): another deed holds, or fewer are open. */
export function showDeeds(r: Replica, counter: CounterState): void {
  const { base } = counter;
  if (base === null) return;
  refill(counter.floor, base.floor);
  refill(counter.gone, base.gone);
  counter.register = base.register;
  for (const key of base.keys) {
    const first = counter.keys.get(key)!;
    for (const slot of heldDeeds(r.dots, counter.closed.before, first)) {
      holdDeed(r.dots, counter, slot);
    }
  }
}

function refill<Value>(map: Map<WriterId, Value>, by: ReadonlyMap<WriterId, Value>): void {
  map.clear();
  for (const [writer, value] of by) map.set(writer, value);
}

/** A run is closed: its deeds hold for good (D3). */
export function settleDeeds(
  r: Replica,
  base: Base,
  { rows, run }: { readonly rows: readonly Slot[]; readonly run: Span },
): void {
  for (const slot of heldIn(r.dots, rows, run)) holdDeed(r.dots, base, slot);
}

/** Rows of a key are gone; it may have no deed any more, and then the counter may have none. */
export function endDeeds(r: Replica, counter: CounterState, key: string): void {
  const { base } = counter;
  if (base?.keys.has(key) !== true) return;
  const first = counter.keys.get(key);
  if (first !== undefined && rowsOf(r.dots, first).some((slot) => r.dots.deed(slot) !== null)) {
    return;
  }
  base.keys.delete(key);
  if (base.keys.size === 0) counter.base = null;
}

/** What holds whatever becomes of open keys: what snapshots say of a counter. */
export function settledOf(counter: CounterState): Words {
  return counter.base ?? counter;
}
