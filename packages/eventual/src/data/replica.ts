/**
 * Everything that a node knows, as one plain record. All of it is a join-semilattice: what is
 * learnt twice, or in another order, or as state instead of records, comes to the same. The rules
 * are functions in the files beside this one.
 */
import type {
  Address,
  ChainHash,
  CounterName,
  Head,
  Member,
  NamedAddress,
  NodeId,
  Position,
  VersionVector,
  WallMs,
  WriterId,
} from "../types.ts";
import { textHash } from "./chain.ts";
import { nothingClosed, type CounterState, type RecordId } from "./counter-state.ts";
import { DotTable } from "./dots.ts";
import { DueQueue } from "./due.ts";
import { NameTable } from "./name-table.ts";

/** From this position on, a writer accepts no key issued before `before`. */
export interface PromisePoint {
  readonly before: WallMs;
  readonly position: Position;
}

export interface WriterState {
  readonly owner: NodeId;
  readonly boot: number;
  /** Records 1 … position are applied. Pieces of a snapshot may have brought what later ones do. */
  position: Position;
  hash: ChainHash;
  /** Of the last record known. */
  hlc: number;
  /** Rising in both; without those below what is closed, and at most {@link promisesMax}. */
  promises: PromisePoint[];
  /** Of the latest promise; empty when a later writer of the same node has made one. */
  known: VersionVector;
  /** Position of the latest promise; 0 if there is none. */
  knownAt: Position;
  /** Largest seal known for this writer. */
  sealedAt: Position | null;
  /** The record that said so; if several did, the least. */
  sealedBy: RecordId | null;
}

export interface MemberState extends Member {
  /** The record that removed the member; if several did, the least. */
  readonly decidedAt: RecordId | null;
}

export interface Conflict {
  readonly counter: CounterName;
  readonly key: string;
}

export interface Seal {
  readonly position: Position;
  readonly by: RecordId;
}

export interface Replica {
  readonly writers: Map<WriterId, WriterState>;
  /** Seals of writers of which no record is here yet. */
  readonly earlySeals: Map<WriterId, Seal>;
  readonly members: Map<NodeId, MemberState>;
  readonly named: Map<Address, NamedAddress>;
  /** Who was met by this process at an address that is not the one that node gives. */
  readonly aliases: Map<Address, NodeId>;
  readonly counters: Map<CounterName, CounterState>;
  /** Those of `counters`, in order. */
  readonly names: NameTable;
  readonly dots: DotTable;
  /** The rows that may still end something, by when. */
  readonly due: DueQueue;
  /** The latest, at most {@link conflictsMax}: one key, different deltas. */
  readonly conflicts: Conflict[];
  /** Conflicts ever seen by this process. */
  conflictCount: number;
  /** Largest hybrid time seen. */
  hlc: number;
  /** Latest end of a keyed addition seen; 0 if none was. */
  untilMax: WallMs;
}

export function emptyReplica(): Replica {
  const dots = new DotTable();
  return {
    writers: new Map(),
    earlySeals: new Map(),
    members: new Map(),
    named: new Map(),
    aliases: new Map(),
    counters: new Map(),
    names: new NameTable(),
    dots,
    due: new DueQueue(dots),
    conflicts: [],
    conflictCount: 0,
    hlc: 0,
    untilMax: 0,
  };
}

/** Position and hash are 0 if nothing of the writer is applied. */
export function headOf(r: Replica, writer: WriterId): Head {
  const state = r.writers.get(writer);
  return { writer, position: state?.position ?? 0, hash: state?.hash ?? 0 };
}

/** A new map, without writers of which nothing is applied. */
export function vectorOf(r: Replica): Map<WriterId, Position> {
  const vector = new Map<WriterId, Position>();
  for (const [writer, { position }] of r.writers) {
    if (position > 0) vector.set(writer, position);
  }
  return vector;
}

/** A safe integer; the same for equal vectors with equal hashes, in whatever order. */
export function vectorHash(r: Replica): number {
  let low = 0;
  let high = 0;
  for (const [writer, { position, hash }] of r.writers) {
    if (position === 0) continue;
    const mixed = textHash(textHash(hash, writer), String(position));
    low = (low + (mixed >>> 0)) >>> 0;
    high = (high + Math.floor(mixed / 0x1_0000_0000)) & 0x1f_ffff;
  }
  return high * 0x1_0000_0000 + low;
}

/** The counter, made now if nothing was known of it. */
export function counterOf(r: Replica, name: CounterName): CounterState {
  const known = r.counters.get(name);
  if (known !== undefined) return known;
  const counter: CounterState = {
    name,
    cells: new Map(),
    floor: new Map(),
    keys: new Map(),
    closed: nothingClosed,
    open: 0n,
    register: null,
    gone: new Map(),
    alive: 0,
    sums: null,
    base: null,
  };
  r.counters.set(name, counter);
  r.names.add(name);
  return counter;
}

/** Any order will do, if it is the same everywhere. */
export function isBefore(one: RecordId, other: RecordId): boolean {
  if (one.writer !== other.writer) return one.writer < other.writer;
  return one.position < other.position;
}
