/**
 * What the core writes: one entry is one fact, and the state is the fold of all of them. Format 1 of
 * an entry: its kind, then its fields.
 */
import { ByteReader, ByteWriter } from "../data/bytes.ts";
import { MalformedError } from "../data/errors.ts";
import { readWriter, writeWriter } from "../data/names.ts";
import type { Position, WriterId } from "../types.ts";

export type JournalEntry =
  /** A record that was written here or received; the next one of its writer. */
  | {
      readonly kind: "record";
      readonly writer: WriterId;
      readonly position: Position;
      readonly bytes: Uint8Array;
    }
  /** A piece of our own state, of a checkpoint. */
  | { readonly kind: "piece"; readonly bytes: Uint8Array }
  /** A part of a snapshot of a peer, put aside. */
  | {
      readonly kind: "staged";
      readonly snapshot: number;
      readonly part: number;
      readonly bytes: Uint8Array;
    }
  /** The part with this place in the order of merging was merged. */
  | { readonly kind: "merged"; readonly snapshot: number; readonly place: number }
  /** The node was started for the so-manieth time. */
  | { readonly kind: "boot"; readonly boot: number }
  /** The cluster that the node belongs to, and what it accepts keys for. */
  | {
      readonly kind: "cluster";
      readonly id: string;
      readonly provisional: boolean;
      /** Whether the node has its place in it: see `placing.ts`. */
      readonly placed: boolean;
    };

const kinds = { record: 1, piece: 2, boot: 3, cluster: 4, staged: 5, merged: 6 } as const;

/** Most characters of a cluster id. */
export const clusterIdMaxLength: number = 128;

export function encodeEntry(entry: JournalEntry): Uint8Array {
  const out = new ByteWriter(32);
  out.byte(kinds[entry.kind]);
  switch (entry.kind) {
    case "record":
      writeWriter(out, entry.writer);
      out.varint(entry.position);
      return joined(out.copy(), entry.bytes);
    case "piece":
      return joined(out.copy(), entry.bytes);
    case "staged":
      out.varint(entry.snapshot);
      out.varint(entry.part);
      return joined(out.copy(), entry.bytes);
    case "merged":
      out.varint(entry.snapshot);
      out.varint(entry.place);
      return out.copy();
    case "boot":
      out.varint(entry.boot);
      return out.copy();
    case "cluster":
      out.byte((entry.provisional ? 1 : 0) + (entry.placed ? 2 : 0));
      out.text(entry.id);
      return out.copy();
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}

/** @throws MalformedError */
export function decodeEntry(bytes: Uint8Array): JournalEntry {
  const reader = new ByteReader(bytes);
  const kind = reader.byte();
  const rest = (): Uint8Array => bytes.slice(bytes.length - reader.remaining);
  switch (kind) {
    case kinds.record: {
      const writer = readWriter(reader);
      const position = reader.varint(Number.MAX_SAFE_INTEGER);
      return { kind: "record", writer, position, bytes: rest() };
    }
    case kinds.piece:
      return { kind: "piece", bytes: rest() };
    case kinds.staged: {
      const snapshot = reader.varint(Number.MAX_SAFE_INTEGER);
      const part = reader.varint(Number.MAX_SAFE_INTEGER);
      return { kind: "staged", snapshot, part, bytes: rest() };
    }
    case kinds.merged: {
      const snapshot = reader.varint(Number.MAX_SAFE_INTEGER);
      const place = reader.varint(Number.MAX_SAFE_INTEGER);
      reader.end();
      return { kind: "merged", snapshot, place };
    }
    case kinds.boot: {
      const boot = reader.varint(Number.MAX_SAFE_INTEGER);
      reader.end();
      return { kind: "boot", boot };
    }
    case kinds.cluster: {
      const flags = reader.byte();
      const id = reader.text(reader.varint(clusterIdMaxLength));
      reader.end();
      return { kind: "cluster", id, provisional: (flags & 1) !== 0, placed: (flags & 2) !== 0 };
    }
    default:
      throw new MalformedError(`a journal entry of the unknown kind ${kind}`);
  }
}
