/** The keys that are open: learning of them, finding them. The rules are in `groups.ts`. */
import type { CounterName, Deed, KeyedOperation, WallMs } from "../types.ts";
import { beginDeed, heldDeeds, holdDeed, showDeeds } from "./deeds.ts";
import type { Slot } from "./slot.ts";
import type { Dot, DotTable } from "./dots.ts";
import { noSlot } from "./slot.ts";
import { groupsOf, identityAdds, identityLives, isEarlier, leastOf, rowsOf } from "./groups.ts";
import { conflictsMax } from "./limits.ts";
import { keyTime } from "./key-codec.ts";
import { emptySums, putKey, takeKey, totalOf } from "./open-sums.ts";
import type { CounterState, RecordId } from "./counter-state.ts";
import type { Replica } from "./replica.ts";

/** What a key stands for: two uses of it are the same if all of this is. */
export interface Meaning {
  readonly type: "add" | "set" | "create" | "configure" | "delete";
  /** What is added, or what the counter is set to; 0n of the others. */
  readonly delta: bigint;
  /** Of settings: see {@link Deed}; 0 of the others. */
  readonly asked: number;
}

/** A keyed addition or deed, and the record that holds it. */
export interface KnownOperation extends KeyedOperation, RecordId {
  readonly meaning: Meaning;
  /** `null` of an addition, and of a `set`, where `value` is what the counter was before. */
  readonly deed: Deed | null;
}

/** The key of a counter at a time: an addition made now, or just the question for one. */
export interface WantedKey {
  readonly counter: CounterName;
  readonly key: string;
  readonly at: WallMs;
}

/**
 * The addition that counts for a key, were it used at `at`.
 *
 * A key whose time is not in it gets the time of the clock of a node, and another node's clock may
 * be behind: so a first use that lies later than `at`, but within its span, is found too.
 *
 * @returns null: it would be a new one
 */
export function findKey(r: Replica, wanted: WantedKey): KnownOperation | null {
  const first = r.counters.get(wanted.counter)?.keys.get(wanted.key);
  if (first === undefined) return null;
  if (r.dots.next(first) === noSlot) {
    const end = r.dots.until(first);
    return isWithin(wanted.at, r.dots.at(first), end) ? knownAt(r.dots, first, wanted) : null;
  }
  const rows = rowsOf(r.dots, first);
  for (const group of groupsOf(r.dots, rows, { from: 0, to: rows.length, end: 0 }).reverse()) {
    if (isWithin(wanted.at, r.dots.at(rows[group.from]!), group.end)) {
      return knownAt(r.dots, leastOf(r.dots, rows, group), wanted);
    }
  }
  return null;
}

function isWithin(at: WallMs, begin: WallMs, end: WallMs): boolean {
  return Math.abs(at - begin) < end - begin;
}

function knownAt(dots: DotTable, slot: Slot, { counter, key }: WantedKey): KnownOperation {
  return {
    counter,
    delta: dots.delta(slot),
    key,
    at: dots.at(slot),
    until: dots.until(slot),
    value: dots.value(slot),
    writer: dots.writer(slot),
    position: dots.position(slot),
    meaning: meaningOf(dots, slot),
    deed: dots.deed(slot),
  };
}

/** What a row stands for. */
export function meaningOf(dots: DotTable, slot: Slot): Meaning {
  const deed = dots.deed(slot);
  if (deed === null) {
    return { type: dots.isSet(slot) ? "set" : "add", delta: dots.delta(slot), asked: 0 };
  }
  if (deed.type === "delete") return { type: "delete", delta: 0n, asked: 0 };
  return { type: deed.isNew ? "create" : "configure", delta: 0n, asked: deed.asked };
}

export function isSameMeaning(one: Meaning, other: Meaning): boolean {
  return one.type === other.type && one.delta === other.delta && one.asked === other.asked;
}

/** Keyed additions in memory. A key that was retried at other nodes may be several. */
export function keyCount(r: Replica): number {
  return r.dots.size;
}

/** {@link keyCount}, with what large deeds take the place of besides. */
export function keyWeight(r: Replica): number {
  return r.dots.weight;
}

/** When the next key ends; closing before that is of no use. */
export function oldestUntil(r: Replica): WallMs | null {
  const least = r.due.least();
  return least === noSlot ? null : r.dots.until(least);
}

/**
 * Learns of a keyed addition; again is no harm.
 *
 * @returns whether it contradicts what was known of its key
 */
export function addDot(r: Replica, counter: CounterState, key: string, dot: Dot): boolean {
  r.untilMax = Math.max(r.untilMax, dot.until);
  // All additions with a time-ordered key end together: one that comes again is recognised alone.
  // Of other keys some may be missing yet; they stay, without counting, until all ended (G3).
  if (dot.until <= counter.closed.before && keyTime(key) !== null) return false;
  const first = counter.keys.get(key);
  if (first === undefined) {
    const slot = r.dots.add(counter, key, dot);
    if (dot.deed !== null) beginDeed(counter, key);
    counter.keys.set(key, slot);
    r.due.push(slot);
    if (dot.deed !== null) return addFirstDeed(r, counter, slot);
    counter.open += identityAdds(r.dots, counter, slot);
    counter.alive += identityLives(r.dots, counter, slot);
    putKey(r.dots, counter, key, slot);
    return false;
  }
  if (isKnown(r.dots, first, dot)) return false;
  if (dot.deed !== null) beginDeed(counter, key);
  const before = identityAdds(r.dots, counter, first);
  const aliveBefore = identityLives(r.dots, counter, first);
  const heldBefore = heldText(r, counter, key);
  const slot = r.dots.add(counter, key, dot);
  r.due.push(slot);
  takeKey(r.dots, counter, key, first);
  const nowFirst = link(r.dots, first, slot);
  if (nowFirst !== first) counter.keys.set(key, nowFirst);
  putKey(r.dots, counter, key, nowFirst);
  counter.open += identityAdds(r.dots, counter, nowFirst) - before;
  counter.alive += identityLives(r.dots, counter, nowFirst) - aliveBefore;
  if (heldText(r, counter, key) !== heldBefore) {
    showDeeds(r, counter);
    sumOpenKeys(r, counter);
  }
  return contradicts(r.dots, nowFirst, slot);
}

/** The only row of its key. */
function addFirstDeed(r: Replica, counter: CounterState, slot: Slot): false {
  if (r.dots.until(slot) <= counter.closed.before) return false;
  if (holdDeed(r.dots, counter, slot)) sumOpenKeys(r, counter);
  return false;
}

/** Which deeds of a key hold; only a text, to see whether it has become another one. */
function heldText(r: Replica, counter: CounterState, key: string): string {
  if (counter.base?.keys.has(key) !== true) return "";
  return heldDeeds(r.dots, counter.closed.before, counter.keys.get(key)!).join();
}

function isKnown(dots: DotTable, first: Slot, dot: Dot): boolean {
  for (let slot = first; slot !== noSlot; slot = dots.next(slot)) {
    if (
      dots.position(slot) === dot.position &&
      dots.index(slot) === dot.index &&
      dots.writer(slot) === dot.writer &&
      (dots.deed(slot) === null) === (dot.deed === null)
    ) {
      return true;
    }
  }
  return false;
}

/** Puts a row into its place (G1); returns the first row. */
function link(dots: DotTable, first: Slot, slot: Slot): Slot {
  if (isEarlier(dots, slot, first)) {
    dots.setNext(slot, first);
    return slot;
  }
  let previous = first;
  for (let next = dots.next(first); next !== noSlot; next = dots.next(next)) {
    if (isEarlier(dots, slot, next)) break;
    previous = next;
  }
  dots.setNext(slot, dots.next(previous));
  dots.setNext(previous, slot);
  return first;
}

function contradicts(dots: DotTable, first: Slot, slot: Slot): boolean {
  const rows = rowsOf(dots, first);
  const place = rows.indexOf(slot);
  const groups = groupsOf(dots, rows, { from: 0, to: rows.length, end: 0 });
  const group = groups.find(({ from, to }) => from <= place && place < to);
  if (group === undefined) return false;
  const meaning = meaningOf(dots, slot);
  return rows
    .slice(group.from, group.to)
    .some((other) => !isSameMeaning(meaning, meaningOf(dots, other)));
}

/** Remembers a contradiction for people; the oldest goes when there are too many. */
export function noteConflict(r: Replica, counter: CounterName, key: string): void {
  r.conflictCount += 1;
  r.conflicts.push({ counter, key });
  if (r.conflicts.length > conflictsMax) r.conflicts.shift();
}

/** After a change of the floor, or of what is gone. */
export function sumOpenKeys(r: Replica, counter: CounterState): void {
  const { open, alive } = totalOf(r.dots, counter);
  counter.open = open;
  counter.alive = alive;
}

/** After somebody else closed keys that are open here. Takes a step for each of them. */
export function sumUnclosedKeys(r: Replica, counter: CounterState): void {
  counter.sums = emptySums();
  for (const [key, first] of counter.keys) putKey(r.dots, counter, key, first);
  sumOpenKeys(r, counter);
}
