/** Snapshots on their way: ours to others, and one of another to us. */
import type {
  Address,
  ChainHash,
  Head,
  NodeId,
  Position,
  RecordRange,
  WriterId,
} from "../types.ts";

/** Where a piece of a snapshot comes from. */
export interface TransferIn {
  readonly peer: Address;
  /** Our own name for it: {@link Staging.snapshot}. */
  readonly snapshot: number;
  transfer: number;
  piece: number;
  exchange: number | null;
  /** The write that stores the last part taken; the next is asked for after it. */
  awaiting: number | null;
  isLast: boolean;
  bytes: number;
  /** Described by the pieces that came. */
  readonly writers: Set<WriterId>;
  readonly ranges: RecordRange[];
}

export interface TransferOut {
  readonly id: number;
  readonly node: NodeId;
  readonly pieces: Generator<Uint8Array>;
  readonly tail: Tail;
  /** The next piece, made one ahead to know which one is the last. */
  ahead: Uint8Array | null;
  number: number;
  current: Uint8Array | null;
  touchedTick: number;
}

/** What was applied since a snapshot began: how its pieces can be ahead of its heads. */
export interface Tail {
  readonly ranges: Map<
    WriterId,
    { readonly from: Position; readonly previous: ChainHash; readonly records: Uint8Array[] }
  >;
  bytes: number;
  /** It has a gap, or is too long: this snapshot cannot be completed. */
  isBroken: boolean;
}

/** A snapshot of a peer that is put aside, part by part: `staging.ts`. */
export interface Staging {
  /** A random number that tells this snapshot from others in the journal. */
  readonly snapshot: number;
  /** Encoded. */
  readonly parts: Uint8Array[];
  /** Places of the parts in the order of merging: pieces, heads, then records. `null`: not all there. */
  order: readonly number[] | null;
  /** How far the vector will be when all is merged; empty before all is there. */
  ahead: readonly Head[];
  /** How many of them are merged. */
  merged: number;
}
