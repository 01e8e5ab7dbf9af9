/** Snapshots on their way: ours to others, and one of another to us. */
import type { Address, NodeId, RecordRange, WriterId } from "../types.ts";
import type { Tail } from "./snapshot-part.ts";

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
