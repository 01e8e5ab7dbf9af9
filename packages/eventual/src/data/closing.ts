/**
 * Closing keys: those that ended before what passes both rounds (`rounds.ts`) become one sum for
 * each counter, and their memory is free.
 *
 * What a counter comes to does not depend on who closed what and when. A key that is closed adds
 * what it added before: all its additions were known (R1), and the floors that are known were
 * looked at. A reset that is learnt later covers all of B (R2), so it takes the whole sum away, as
 * it would have taken every one of the keys.
 */
import type { Position, WallMs, WriterId } from "../types.ts";
import type { Slot } from "./slot.ts";
import { noSlot } from "./slot.ts";
import { rowsOf, runAdds, runLives, runsOf } from "./groups.ts";
import { endDeeds, settleDeeds } from "./deeds.ts";
import { oldestUntil } from "./keys.ts";
import { putKey, takeKey } from "./open-sums.ts";
import type { CounterState } from "./counter-state.ts";
import type { Replica } from "./replica.ts";
import { boundOf, roundsOf, unmet } from "./rounds.ts";
import { isClosedAlive } from "./existence.ts";
import { closedTotal } from "./values.ts";

/** What a closing adds to what is closed of a counter. */
interface Sum {
  total: bigint;
  alive: boolean;
}

/** X, and the B that belongs to it. */
interface Limit {
  readonly before: WallMs;
  readonly bound: Map<WriterId, Position>;
}

/**
 * Closes what may be closed, oldest first.
 *
 * @param keysMax - about how many keyed additions one call may close; one instant is never cut
 * @returns how many, and that all that ended at or before `before` are closed; null if nothing was
 */
export function closeKeys(
  r: Replica,
  keysMax: number,
): { readonly before: WallMs; readonly keys: number } | null {
  const oldest = oldestUntil(r);
  if (oldest === null) return null;
  const limit = largest(r, oldest);
  if (limit === null) return null;
  const sums = new Map<CounterState, Sum>();
  let keys = 0;
  let last = oldest;
  let before = limit.before;
  for (let slot = r.due.least(); slot !== noSlot; slot = r.due.least()) {
    const until = r.dots.until(slot);
    if (until > limit.before) break;
    if (until > last && keys >= keysMax) {
      before = last;
      break;
    }
    last = until;
    r.due.remove(slot);
    keys += closeRun(r, slot, until, sums);
  }
  for (const [counter, sum] of sums) addClosed(counter, sum, { before, bound: limit.bound });
  for (const state of r.writers.values()) forgetPromises(state.promises, before);
  return keys === 0 ? null : { before, keys };
}

/** The largest X that passes, of those that would close something: if one passes, lower ones do. */
function largest(r: Replica, oldest: WallMs): Limit | null {
  const befores = new Set<WallMs>();
  for (const { promises } of r.writers.values()) {
    for (const { before } of promises) if (before >= oldest) befores.add(before);
  }
  if (befores.size === 0) return null;
  const rounds = roundsOf(r);
  const rising = [...befores].sort((one, other) => one - other);
  let found: Limit | null = null;
  for (let low = 0, high = rising.length; low < high;) {
    const middle = (low + high) >> 1;
    const before = rising[middle]!;
    const bound = boundOf(r, rounds, before);
    if (bound === null) {
      high = middle;
    } else {
      found = { before, bound };
      low = middle + 1;
    }
  }
  return found;
}

/**
 * Closes the run of a row that ended, if all of it has: else its last row will come to this.
 *
 * @returns how many rows are free
 */
function closeRun(r: Replica, slot: Slot, ended: WallMs, sums: Map<CounterState, Sum>): number {
  const counter = r.dots.counter(slot);
  const key = r.dots.key(slot);
  const rows = rowsOf(r.dots, counter.keys.get(key)!);
  const place = rows.indexOf(slot);
  const run = runsOf(r.dots, rows).find(({ from, to }) => from <= place && place < to)!;
  if (run.end > ended) return 0;
  if (run.end > counter.closed.before) {
    const added = runAdds(r.dots, counter, rows, run);
    const alive = runLives(r.dots, counter, rows, run);
    if (counter.base !== null) settleDeeds(r, counter.base, { rows, run });
    counter.open -= added;
    counter.alive -= alive;
    const sum = sums.get(counter) ?? { total: 0n, alive: false };
    sum.total += added;
    sum.alive ||= alive > 0;
    sums.set(counter, sum);
  }
  takeKey(r.dots, counter, key, rows[0]!);
  const next = rows[run.to] ?? noSlot;
  if (run.from > 0) r.dots.setNext(rows[run.from - 1]!, next);
  else if (next !== noSlot) counter.keys.set(key, next);
  else counter.keys.delete(key);
  for (const gone of rows.slice(run.from, run.to)) {
    r.due.remove(gone);
    r.dots.remove(gone);
  }
  const left = run.from > 0 ? rows[0]! : next;
  if (left !== noSlot) putKey(r.dots, counter, key, left);
  else if (counter.keys.size === 0) counter.sums = null;
  endDeeds(r, counter, key);
  return run.to - run.from;
}

function addClosed(counter: CounterState, sum: Sum, limit: Limit): void {
  const total = closedTotal(counter) + sum.total;
  const alive = isClosedAlive(counter) || sum.alive;
  counter.closed = { before: limit.before, total, upTo: limit.bound, alive };
}

/** No key before is asked for again; the last one stays, for it says what the writer promised. */
function forgetPromises(promises: { readonly before: WallMs }[], before: WallMs): void {
  let obsolete = 0;
  while (obsolete < promises.length - 1 && promises[obsolete]!.before <= before) obsolete += 1;
  if (obsolete > 0) promises.splice(0, obsolete);
}

/**
 * Whose silence keeps keys from being closed: addresses where nobody was met, and labels of members
 * of which no writer has promised as much as the keys need that ended first.
 */
export function keepsKeys(r: Replica): readonly string[] {
  const oldest = oldestUntil(r);
  if (oldest === null) return [];
  const keeping = unmet(r);
  const { writing } = roundsOf(r);
  const highest = Math.max(0, ...writing.map(([, { promises }]) => promises.at(-1)?.before ?? 0));
  const wanted = Math.min(oldest, highest);
  for (const { id, label, status } of r.members.values()) {
    if (status === "removed") continue;
    const own = writing.filter(([, { owner }]) => owner === id);
    if (own.some(([, { promises }]) => (promises.at(-1)?.before ?? 0) >= wanted)) continue;
    keeping.push(label);
  }
  return keeping;
}

export { isFinal } from "./rounds.ts";
