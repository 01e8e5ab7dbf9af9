/**
 * Everything that a node knows, as one plain record. All of it is a join-semilattice: what is
 * learnt twice, or in another order, or as state instead of records, comes to the same. The rules
 * are functions in the files beside this one.
 */
import type {
  Address,
  ChainHash,
  CounterConfig,
  CounterName,
  FloorEntry,
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
import type { Slot } from "./dots.ts";
import { DotTable } from "./dots.ts";
import { DueQueue } from "./due.ts";
import { NameTable } from "./name-table.ts";
import type { OpenSums } from "./open-sums.ts";

/** A record: the place where something was said. */
export interface RecordId {
  readonly writer: WriterId;
  readonly position: Position;
}

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

/** Plain sums of one writer in one counter, up to the last record that touched them. */
export interface Cell {
  position: Position;
  plus: bigint;
  minus: bigint;
}

/** The keys that need no memory any more, as one sum. */
export interface ClosedKeys {
  /** Keys that ended at or before this are in `total`; 0 if none are. */
  readonly before: WallMs;
  readonly total: bigint;
  /** No addition of these keys lies beyond. A floor that covers all of it covers `total`. */
  readonly upTo: VersionVector;
  /** Whether one of these keys was used without that a deletion covered it. */
  readonly alive: boolean;
}

/** When something was said, among all that is ever said of one counter: the larger is later. */
export interface Stamp extends RecordId {
  readonly hlc: number;
}

/** The latest word on a counter as a whole. */
export interface Register {
  readonly stamp: Stamp;
  /** `null`: it was deleted. */
  readonly config: CounterConfig | null;
}

/** What was said of a counter as a whole, and what that covers. */
export interface Words {
  readonly floor: Map<WriterId, FloorEntry>;
  /** The latest word; `null`: nobody ever said anything. */
  register: Register | null;
  /** What deletions cover. Every floor here is one of `floor`, too. */
  readonly gone: Map<WriterId, Position>;
}

/** {@link Words} that hold whatever becomes of open keys, beside those that a counter shows. */
export interface Base extends Words {
  /** The keys of the counter that have a deed; never empty. */
  readonly keys: Set<string>;
}

export interface CounterState extends Words {
  readonly name: CounterName;
  readonly cells: Map<WriterId, Cell>;
  /** First row of each key; rows of one key are in the order of their time. */
  readonly keys: Map<string, Slot>;
  closed: ClosedKeys;
  /** What the keys add that are not closed. */
  open: bigint;
  /** Uses of open keys that no deletion covers. */
  alive: number;
  /** What comes to `open` and `alive`; `null`: there is no key. */
  sums: OpenSums | null;
  /** `null`: no key has a deed, and what is shown is what holds. See `deeds.ts`. */
  base: Base | null;
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

export const nothingClosed: ClosedKeys = { before: 0, total: 0n, upTo: new Map(), alive: false };

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
