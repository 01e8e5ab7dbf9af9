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
import type { CounterName, NodeId, Position, RecordBody, WriterId } from "../types.ts";
import type { EventualState } from "./state.ts";

/** Most records that are looked through for one answer. */
export const spreadRecordsMax: number = 256;

/** What every member is known to have of a counter, and who may lack the rest. */
export interface Spread {
  /** `null`: that is not known, or too far back to be worked out. */
  readonly stable: bigint | null;
  /** Members that are not known to have everything that is known here. */
  readonly behind: readonly NodeId[];
}

/** Records of one writer that some member may lack. */
interface Tail {
  readonly writer: WriterId;
  readonly from: Position;
  readonly through: Position;
}

export function spreadOf(s: EventualState, name: CounterName): Spread {
  const behind: NodeId[] = [];
  const least = new Map<WriterId, Position>();
  for (const { id, status } of s.replica.members.values()) {
    if (id === s.options.node || status === "removed" || status === "joining") continue;
    if (lowerTo(s, id, least)) behind.push(id);
  }
  const value = valueOf(s.replica, name);
  if (s.staging?.order != null) return { stable: null, behind }; // ahead of the records
  if (behind.length === 0) return { stable: value, behind };
  const tails = tailsOf(s, least);
  const later = tails === null ? null : addedIn(s, name, tails);
  return { stable: later === null ? null : value - later, behind };
}

/** Lowers positions to what a member is known to have (F1). Returns whether it may lack something. */
function lowerTo(s: EventualState, node: NodeId, least: Map<WriterId, Position>): boolean {
  const told = [...s.peers.values()].flatMap((peer) => (peer.node === node ? [peer.heads] : []));
  let lacks = false;
  for (const [writer, { position }] of s.replica.writers) {
    const theirs = Math.max(0, ...told.map((heads) => heads?.get(writer) ?? 0));
    if (theirs >= position) continue;
    lacks = true;
    least.set(writer, Math.min(theirs, least.get(writer) ?? position));
  }
  return lacks;
}

/** `null`: they are too many. */
function tailsOf(s: EventualState, least: ReadonlyMap<WriterId, Position>): Tail[] | null {
  let records = 0;
  const tails = [...least].map(([writer, position]): Tail => {
    const through = s.replica.writers.get(writer)?.position ?? 0;
    records += through - position;
    return { writer, from: position + 1, through };
  });
  return records > spreadRecordsMax ? null : tails;
}

/** What these records add to a counter; `null`: it cannot be told apart (F2). */
function addedIn(s: EventualState, name: CounterName, tails: readonly Tail[]): bigint | null {
  const counter = s.replica.counters.get(name);
  if (counter === undefined) return 0n;
  let sum = 0n;
  for (const { writer, from, through } of tails) {
    const limits = { bytes: Infinity, records: through - from + 1 };
    const range = s.logs.get(writer)?.range(from, limits) ?? null;
    if (range === null) return null; // not kept any more
    for (const [at, bytes] of range.records.entries()) {
      const added = addedBy(s, counter, { writer, position: from + at, body: decodeRecord(bytes) });
      if (added === null) return null;
      sum += added;
    }
  }
  return sum;
}

function addedBy(
  s: EventualState,
  counter: CounterState,
  record: { readonly writer: WriterId; readonly position: Position; readonly body: RecordBody },
): bigint | null {
  const { name, keys, floor } = counter;
  const { controls, plain, keyed } = record.body;
  if (controls.some((item) => "counter" in item && item.counter === name)) return null;
  let sum: bigint | null = 0n;
  for (const { counter: other, plus, minus } of plain) if (other === name) sum += plus - minus;
  for (const { counter: other, key, delta } of keyed) {
    if (other !== name) continue;
    const first = keys.get(key);
    if (first === undefined || s.replica.dots.next(first) !== noSlot) return null;
    sum += delta;
  }
  const isCovered = (floor.get(record.writer)?.position ?? 0) >= record.position;
  return sum !== 0n && isCovered ? null : sum;
}
