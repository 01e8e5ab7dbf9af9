/**
 * Which keyed additions of one identity are the same one.
 *
 * G1  Rows of an identity stand in the order (at, hlc, writer, position, index).
 * G2  A *group* begins at a row and takes every row that is `at` before the `until` of the first.
 *     It counts once, with the delta of its least row by (hlc, writer, position, index), and not at
 *     all if a row of it is under the floor. If the least row is a deed, that holds (`deeds.ts`).
 * G3  A *run* is the rows whose spans [at, until) hang together, so whole groups. Only whole runs
 *     are closed, when the last `until` of the run is at or before what is closed. So a row that
 *     comes again alone, of a run that is closed, ends early enough to be recognised: some rows of
 *     a run never end later than all of them, and never touch another run.
 */
import type { Position, WallMs } from "../types.ts";
import type { Slot } from "./slot.ts";
import type { DotTable } from "./dots.ts";
import { noSlot } from "./slot.ts";
import type { CounterState } from "./counter-state.ts";

/** Consecutive rows from `from` up to before `to` in a list of rows. */
export interface Span {
  readonly from: number;
  readonly to: number;
  /** A run: its last `until`. A group: the `until` of its first row. */
  readonly end: WallMs;
}

/** The rows of an identity in their order (G1). */
export function rowsOf(dots: DotTable, first: Slot): Slot[] {
  const rows: Slot[] = [];
  for (let slot = first; slot !== noSlot; slot = dots.next(slot)) rows.push(slot);
  return rows;
}

/** G3. */
export function runsOf(dots: DotTable, rows: readonly Slot[]): Span[] {
  const runs: Span[] = [];
  let from = 0;
  while (from < rows.length) {
    let end = dots.until(rows[from]!);
    let to = from + 1;
    for (; to < rows.length && dots.at(rows[to]!) < end; to += 1) {
      end = Math.max(end, dots.until(rows[to]!));
    }
    runs.push({ from, to, end });
    from = to;
  }
  return runs;
}

/** G2: the groups of a run, or of all rows. */
export function groupsOf(dots: DotTable, rows: readonly Slot[], within: Span): Span[] {
  const groups: Span[] = [];
  let from = within.from;
  while (from < within.to) {
    const end = dots.until(rows[from]!);
    let to = from + 1;
    while (to < within.to && dots.at(rows[to]!) < end) to += 1;
    groups.push({ from, to, end });
    from = to;
  }
  return groups;
}

/** The row of a group that says what it adds. */
export function leastOf(dots: DotTable, rows: readonly Slot[], group: Span): Slot {
  let least = rows[group.from]!;
  for (let at = group.from + 1; at < group.to; at += 1) {
    if (dots.hlc(rows[at]!) > dots.hlc(least)) continue;
    if (dots.hlc(rows[at]!) < dots.hlc(least) || precedes(dots, rows[at]!, least)) {
      least = rows[at]!;
    }
  }
  return least;
}

/** Order of two rows with the same hybrid time. */
function precedes(dots: DotTable, one: Slot, other: Slot): boolean {
  const [writer, otherWriter] = [dots.writer(one), dots.writer(other)];
  if (writer !== otherWriter) return writer < otherWriter;
  const [position, otherPosition] = [dots.position(one), dots.position(other)];
  if (position !== otherPosition) return position < otherPosition;
  return dots.index(one) < dots.index(other);
}

/** G1, of two different rows. */
export function isEarlier(dots: DotTable, one: Slot, other: Slot): boolean {
  const byTime = dots.at(one) - dots.at(other) || dots.hlc(one) - dots.hlc(other);
  return byTime !== 0 ? byTime < 0 : precedes(dots, one, other);
}

/** What the rows of a run add (G2); its being closed is not looked at. */
export function runAdds(
  dots: DotTable,
  counter: CounterState,
  rows: readonly Slot[],
  run: Span,
): bigint {
  let sum = 0n;
  for (const group of groupsOf(dots, rows, run)) {
    const members = rows.slice(group.from, group.to);
    if (members.some((slot) => isUnderFloor(dots, counter, slot))) continue;
    sum += dots.delta(leastOf(dots, rows, group));
  }
  return sum;
}

/** What an identity adds besides what is closed of it. */
export function identityAdds(dots: DotTable, counter: CounterState, first: Slot): bigint {
  if (dots.next(first) === noSlot) {
    if (dots.until(first) <= counter.closed.before) return 0n;
    return isUnderFloor(dots, counter, first) ? 0n : dots.delta(first);
  }
  const rows = rowsOf(dots, first);
  let sum = 0n;
  for (const run of runsOf(dots, rows)) {
    if (run.end > counter.closed.before) sum += runAdds(dots, counter, rows, run);
  }
  return sum;
}

function isUnderFloor(dots: DotTable, counter: CounterState, slot: Slot): boolean {
  if (counter.floor.size === 0) return false;
  const floor: Position = counter.floor.get(dots.writer(slot))?.position ?? 0;
  return dots.position(slot) <= floor;
}

/** How many uses in a run no deletion has cut; a deed is none. */
export function runLives(
  dots: DotTable,
  counter: CounterState,
  rows: readonly Slot[],
  run: Span,
): number {
  let alive = 0;
  for (const group of groupsOf(dots, rows, run)) {
    const members = rows.slice(group.from, group.to);
    const isUse = dots.deed(leastOf(dots, rows, group)) === null;
    if (isUse && !members.some((slot) => isGone(dots, counter, slot))) alive += 1;
  }
  return alive;
}

function isGone(dots: DotTable, { gone }: CounterState, slot: Slot): boolean {
  return dots.position(slot) <= (gone.get(dots.writer(slot)) ?? 0);
}

/** How many uses of an identity no deletion has cut, besides what is closed of it. */
export function identityLives(dots: DotTable, counter: CounterState, first: Slot): number {
  if (dots.next(first) === noSlot) {
    if (dots.until(first) <= counter.closed.before || dots.deed(first) !== null) return 0;
    return isGone(dots, counter, first) ? 0 : 1;
  }
  const rows = rowsOf(dots, first);
  let alive = 0;
  for (const run of runsOf(dots, rows)) {
    if (run.end > counter.closed.before) alive += runLives(dots, counter, rows, run);
  }
  return alive;
}
