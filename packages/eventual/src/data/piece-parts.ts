/** What a piece of a snapshot consists of. Each kind is merged by a function of `pieces.ts`. */
import type { FloorEntry, Head, Member, NamedAddress, Position, WriterId } from "../types.ts";
import type { Dot } from "./dots.ts";
import type { Cell, ClosedKeys, RecordId, Register } from "./counter-state.ts";
import type { PromisePoint, Seal } from "./replica.ts";

/** The first byte of every piece. */
export const pieceFormat: number = 1;

/**
 * Their places here are part of the format. Pieces come in this order, `settled` behind `counters`.
 * Counters of which something was ever said as a whole, settings or a deletion, are `settled`: with
 * the second release came all that can be said, and the first refuses such a piece. What keys did
 * to counters as a whole is in `deeds`, behind `keys`.
 */
export const pieceKinds = [
  "keys",
  "counters",
  "members",
  "writers",
  "heads",
  "settled",
  "deeds",
] as const;
export type PieceKind = (typeof pieceKinds)[number];

/** Additions of one identity: all, or some of very many. */
export interface KeyPart {
  readonly counter: string;
  readonly key: string;
  readonly dots: readonly Dot[];
}

export interface CounterPart {
  readonly name: string;
  readonly cells: readonly (readonly [WriterId, Cell])[];
  readonly floor: readonly FloorEntry[];
  readonly closed: ClosedKeys;
  readonly register: Register | null;
  readonly gone: ReadonlyMap<WriterId, Position>;
}

export type MemberPart =
  | { readonly member: Member; readonly decidedAt: RecordId | null }
  | { readonly named: NamedAddress };

/** A writer, or where one ended that is not known yet. */
export type WriterPart =
  | {
      readonly writer: WriterId;
      readonly owner: string;
      readonly boot: number;
      readonly hlc: number;
      readonly promises: readonly PromisePoint[];
      readonly knownAt: Position;
      readonly known: ReadonlyMap<WriterId, Position>;
      readonly seal: Seal | null;
    }
  | { readonly writer: WriterId; readonly seal: Seal };

export interface SnapshotHeads {
  /** When the snapshot began: all up to here is in its pieces. */
  readonly heads: readonly Head[];
  /** When it ended: nothing in its pieces is beyond. */
  readonly ahead: readonly Head[];
}
