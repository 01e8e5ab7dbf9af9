/**
 * What a snapshot for a peer is made of: pieces of the state, and the records that were written
 * while those were made. Format 1 of a part: its kind, then the piece, or a range of records.
 */
import { chainHash } from "../data/chain.ts";
import { ByteReader, ByteWriter } from "../data/bytes.ts";
import { MalformedError } from "../data/errors.ts";
import { readWriter, writeWriter } from "../data/names.ts";
import type { PieceFacts } from "../data/pieces.ts";
import { factsOf, piecesOf } from "../data/pieces.ts";
import type { Head, RecordRange } from "../types.ts";
import type { EventualState } from "./state.ts";

const kinds = { piece: 0, records: 1 } as const;

export type SnapshotPart =
  | { readonly kind: "piece"; readonly bytes: Uint8Array; readonly facts: PieceFacts }
  | { readonly kind: "records"; readonly range: RecordRange };

/**
 * The parts, each made when it is asked for: pieces that are ahead of the heads, then all records up
 * to where those can be ahead, then the heads. It ends without heads if such a record is not kept.
 */
export function* snapshotOf(s: EventualState): Generator<Uint8Array> {
  for (const bytes of piecesOf(s.replica)) {
    const { heads } = factsOf(bytes);
    if (heads === null) {
      yield encodePiece(bytes);
      continue;
    }
    const began = new Map(heads.heads.map(({ writer, position }) => [writer, position]));
    for (const { writer, position } of heads.ahead) {
      for (let from = (began.get(writer) ?? 0) + 1; from <= position;) {
        const { messageMaxBytes: bytes, messageMaxRecords: records } = s.options.limits;
        const range = s.logs.get(writer)?.range(from, { bytes, records }) ?? null;
        if (range === null) return;
        from += range.records.length;
        yield encodeRange(range);
      }
    }
    yield encodePiece(bytes);
  }
}

function encodePiece(bytes: Uint8Array): Uint8Array {
  const part = new Uint8Array(bytes.length + 1);
  part[0] = kinds.piece;
  part.set(bytes, 1);
  return part;
}

function encodeRange({ writer, from, previous, records }: RecordRange): Uint8Array {
  const out = new ByteWriter(64 + records.reduce((sum, { length }) => sum + length + 4, 0));
  out.byte(kinds.records);
  writeWriter(out, writer);
  out.varint(from);
  out.varint(previous);
  out.varint(records.length);
  for (const record of records) {
    out.varint(record.length);
    out.raw(record);
  }
  return out.copy();
}

/** @throws MalformedError */
export function decodePart(bytes: Uint8Array): SnapshotPart {
  const reader = new ByteReader(bytes);
  const kind = reader.byte();
  if (kind === kinds.piece) {
    const piece = bytes.subarray(1);
    return { kind: "piece", bytes: piece, facts: factsOf(piece) };
  }
  if (kind !== kinds.records) throw new MalformedError("a part of a snapshot of no known kind");
  const writer = readWriter(reader);
  const from = reader.varint(Number.MAX_SAFE_INTEGER);
  const previous = reader.varint(Number.MAX_SAFE_INTEGER);
  const records: Uint8Array[] = [];
  for (let left = reader.varint(bytes.length); left > 0; left -= 1) {
    records.push(reader.raw(reader.varint(reader.remaining)));
  }
  reader.end();
  return { kind: "records", range: { writer, from, previous, records } };
}

/** Whether these records lead from the heads at the beginning to those at the end, chain included. */
export function leadTo(
  ranges: readonly RecordRange[],
  { heads, ahead }: { readonly heads: readonly Head[]; readonly ahead: readonly Head[] },
): boolean {
  const reached = new Map(heads.map((head) => [head.writer, head]));
  for (const { writer, from, previous, records } of ranges) {
    const before = reached.get(writer) ?? { writer, position: 0, hash: 0 };
    if (from !== before.position + 1 || previous !== before.hash) return false;
    const hash = records.reduce(chainHash, previous);
    reached.set(writer, { writer, position: before.position + records.length, hash });
  }
  return ahead.every(({ writer, position, hash }) => {
    const head = reached.get(writer);
    return head?.position === position && head.hash === hash;
  });
}
