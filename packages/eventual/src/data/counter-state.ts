/** What is known of one counter: a join-semilattice, as all of a replica is (`replica.ts`). */
import type {
  CounterConfig,
  CounterName,
  FloorEntry,
  Position,
  VersionVector,
  WallMs,
  WriterId,
} from "../types.ts";
import type { Slot } from "./slot.ts";

/** A record: the place where something was said. */
export interface RecordId {
  readonly writer: WriterId;
  readonly position: Position;
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

/** Some rows of one writer, and what they add together. */
export interface RowBlock {
  /** No row is below, and none is above `last`. */
  first: Position;
  last: Position;
  adds: bigint;
  readonly slots: Slot[];
}

/** What the open keys of a counter add, so that nobody has to look at each. See `open-sums.ts`. */
export interface OpenSums {
  /** The blocks of each writer, ascending; never empty. */
  readonly blocks: Map<WriterId, RowBlock[]>;
  /** Keys of several rows. */
  readonly several: Set<string>;
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

export const nothingClosed: ClosedKeys = { before: 0, total: 0n, upTo: new Map(), alive: false };
