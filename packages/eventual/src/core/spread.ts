/**
 * How far a counter has spread: what of its value every member is known to have.
 *
 * F1  A member is known to have what it has told of its disk; a lower bound, since it may have more.
 *     One that is still joining shows nothing yet and is not waited for.
 * F2  The value at that point is worked out backwards, by taking off what came after it. That is only
 *     right for additions that nothing else has touched: where a reset, a deletion, settings or a
 *     second use of a key came after it, or is covered, the value at that point is not told.
 */
import { noSlot } from "../data/slot.ts";
import { decodeRecord } from "../data/record-codec.ts";
import type { CounterState } from "../data/counter-state.ts";
import { valueOf } from "../data/values.ts";
import type { CounterName, NodeId, Position, WriterId } from "../types.ts";
import type { Touch, Touched } from "./recent-records.ts";
import { spreadRecordsMax, touchedBy } from "./recent-records.ts";
import type { EventualState } from "./state.ts";

/** What every member is known to have of a counter, and who may lack the rest. */
export interface Spread {
  /** `null`: that is not known, or too far back to be worked out. */
  readonly stable: bigint | null;
  /** Members that are not known to have everything that is known here. */
  readonly behind: readonly NodeId[];
}

/** Of any counter, as long as nothing new is known. */
export type Spreads = (name: CounterName) => Spread;

/** A record that some member may lack. */
interface Later {
  readonly writer: WriterId;
  readonly position: Position;
  readonly touched: Touched;
}

/**
 * What is the same for all counters is worked out once; what is asked of one counter then costs a
 * step for each record that some member may lack, and nothing when it is asked again.
 */
export function spreadsOf(s: EventualState): Spreads {
  const { behind, least } = leastOf(s);
  if (s.staging?.order != null) return () => ({ stable: null, behind }); // ahead of the records
  if (behind.length === 0) return (name) => ({ stable: valueOf(s.replica, name), behind });
  const later = laterThan(s, least);
  const told = new Map<CounterName, Spread>();
  return (name) => {
    let spread = told.get(name);
    if (spread === undefined) {
      const added = later === null ? null : addedIn(s, name, later);
      const stable = added === null ? null : valueOf(s.replica, name) - added;
      told.set(name, (spread = { stable, behind }));
    }
    return spread;
  };
}

/** Who may lack something, and up to where nobody lacks anything, of writers of which somebody may (F1). */
function leastOf(s: EventualState): {
  readonly behind: readonly NodeId[];
  readonly least: ReadonlyMap<WriterId, Position>;
} {
  const told = new Map<NodeId, ReadonlyMap<WriterId, Position>[]>();
  for (const { node, heads } of s.peers.values()) {
    if (node === null || heads === null) continue;
    const others = told.get(node);
    if (others === undefined) told.set(node, [heads]);
    else others.push(heads);
  }
  const behind: NodeId[] = [];
  const least = new Map<WriterId, Position>();
  for (const { id, status } of s.replica.members.values()) {
    if (id === s.options.node || status === "removed" || status === "joining") continue;
    if (lowerTo(s, told.get(id) ?? [], least)) behind.push(id);
  }
  return { behind, least };
}

/** Lowers positions to what a member has told to have. Returns whether it may lack something. */
function lowerTo(
  s: EventualState,
  told: readonly ReadonlyMap<WriterId, Position>[],
  least: Map<WriterId, Position>,
): boolean {
  let lacks = false;
  for (const [writer, { position }] of s.replica.writers) {
    let theirs = 0;
    for (const heads of told) theirs = Math.max(theirs, heads.get(writer) ?? 0);
    if (theirs >= position) continue;
    lacks = true;
    least.set(writer, Math.min(theirs, least.get(writer) ?? position));
  }
  return lacks;
}

/** `null`: they are too many, or not kept any more. */
function laterThan(s: EventualState, least: ReadonlyMap<WriterId, Position>): Later[] | null {
  let records = 0;
  for (const [writer, position] of least) records += headPosition(s, writer) - position;
  if (records > spreadRecordsMax) return null;
  const later: Later[] = [];
  for (const [writer, before] of least) {
    const last = headPosition(s, writer);
    for (let position = before + 1; position <= last; position += 1) {
      const touched = s.recent.touched(writer, position) ?? touchedAt(s, writer, position);
      if (touched === null) return null;
      later.push({ writer, position, touched });
    }
  }
  return later;
}

function headPosition(s: EventualState, writer: WriterId): Position {
  return s.replica.writers.get(writer)?.position ?? 0;
}

function touchedAt(s: EventualState, writer: WriterId, position: Position): Touched | null {
  const range = s.logs.get(writer)?.range(position, { bytes: Infinity, records: 1 }) ?? null;
  const bytes = range?.records[0];
  return bytes === undefined ? null : touchedBy(decodeRecord(bytes));
}

/** What these records add to a counter; `null`: it cannot be told apart (F2). */
function addedIn(s: EventualState, name: CounterName, later: readonly Later[]): bigint | null {
  const counter = s.replica.counters.get(name);
  if (counter === undefined) return 0n;
  let sum = 0n;
  for (const { writer, position, touched } of later) {
    const touch = touched.get(name);
    if (touch === undefined) continue;
    const added = addedBy(s, counter, touch);
    if (added === null) return null;
    const isCovered = (counter.floor.get(writer)?.position ?? 0) >= position;
    if (added !== 0n && isCovered) return null;
    sum += added;
  }
  return sum;
}

function addedBy(s: EventualState, { keys }: CounterState, touch: Touch): bigint | null {
  if (touch.acted) return null;
  let { sum } = touch;
  for (const { key, delta } of touch.keyed) {
    const first = keys.get(key);
    if (first === undefined || s.replica.dots.next(first) !== noSlot) return null;
    sum += delta;
  }
  return sum;
}
