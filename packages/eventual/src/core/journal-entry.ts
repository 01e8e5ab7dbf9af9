/**
 * What the core writes: one entry is one fact, and the state is the fold of all of them. Format 1 of
 * an entry: its kind, then its fields.
 */
import { ByteReader, ByteWriter } from "../data/bytes.ts";
import { MalformedError } from "../data/errors.ts";
import type { Position, WriterId } from "../types.ts";

export type JournalEntry =
  /** A record that was written here or received; the next one of its writer. */
  | {
      readonly kind: "record";
      readonly writer: WriterId;
      readonly position: Position;
      readonly bytes: Uint8Array;
    }
  /** A piece of a snapshot of a peer, or of our own state. */
  | { readonly kind: "piece"; readonly bytes: Uint8Array }
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

const kinds = { record: 1, piece: 2, boot: 3, cluster: 4 } as const;

/** Most characters of a cluster id. */
export const clusterIdMaxLength: number = 128;

export function encodeEntry(entry: JournalEntry): Uint8Array {
  const out = new ByteWriter(
    entry.kind === "record" || entry.kind === "piece" ? entry.bytes.length + 24 : 64,
  );
  out.byte(kinds[entry.kind]);
  switch (entry.kind) {
    case "record":
      for (let at = 0; at < 24; at += 2) out.byte(parseInt(entry.writer.slice(at, at + 2), 16));
      out.varint(entry.position);
      out.bytes(entry.bytes);
      break;
    case "piece":
      out.bytes(entry.bytes);
      break;
    case "boot":
      out.varint(entry.boot);
      break;
    case "cluster":
      out.byte((entry.provisional ? 1 : 0) + (entry.placed ? 2 : 0));
      out.varint(entry.id.length);
      out.latin1(entry.id);
      break;
  }
  return out.copy();
}

/** @throws MalformedError */
export function decodeEntry(bytes: Uint8Array): JournalEntry {
  const input = new ByteReader(
    bytes,
    (why) => new MalformedError(`a journal entry is malformed: ${why}`),
  );
  const kind = input.byte();
  switch (kind) {
    case kinds.record: {
      let writer = "";
      for (let at = 0; at < 12; at += 1) writer += input.byte().toString(16).padStart(2, "0");
      const position = input.varint(Number.MAX_SAFE_INTEGER);
      return { kind: "record", writer, position, bytes: bytes.slice(input.position) };
    }
    case kinds.piece:
      return { kind: "piece", bytes: bytes.slice(input.position) };
    case kinds.boot: {
      const boot = input.varint(Number.MAX_SAFE_INTEGER);
      input.end();
      return { kind: "boot", boot };
    }
    case kinds.cluster: {
      const flags = input.byte();
      const id = input.latin1(input.varint(clusterIdMaxLength));
      input.end();
      return { kind: "cluster", id, provisional: (flags & 1) !== 0, placed: (flags & 2) !== 0 };
    }
    default:
      throw new MalformedError(`a journal entry of the unknown kind ${kind}`);
  }
}
