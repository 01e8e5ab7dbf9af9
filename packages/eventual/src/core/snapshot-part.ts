/**
 * What a snapshot for a peer is made of: pieces of the state, and the records that were written
 * while those were made. Format 1 of a part: its kind, then the piece, or a range of records.
 */
import { chainHash } from "../data/chain.ts";
import { ByteReader, ByteWriter } from "../data/bytes.ts";
import { MalformedError } from "../data/errors.ts";
import { readWriter, writeWriter } from "../data/names.ts";
import { headsIn, piecesOf } from "../data/pieces.ts";
import type { ChainHash, Head, Position, RecordRange, WriterId } from "../types.ts";
import type { EventualState } from "./state.ts";
import type { Tail } from "./transfer-state.ts";

const kinds = { piece: 0, records: 1 } as const;

export type SnapshotPart =
  | { readonly kind: "piece"; readonly bytes: Uint8Array }
  | { readonly kind: "records"; readonly range: RecordRange };

export function emptyTail(): Tail {
  return { ranges: new Map(), bytes: 0, isBroken: false };
}

/** A record is applied next. */
export function lengthen(
  tail: Tail,
  {
    writer,
    position,
    previous,
    bytes,
    mostBytes,
  }: {
    readonly writer: WriterId;
    readonly position: Position;
    readonly previous: ChainHash;
    readonly bytes: Uint8Array;
    readonly mostBytes: number;
  },
): void {
  tail.bytes += bytes.length;
  if (tail.bytes > mostBytes) tail.isBroken = true;
  if (tail.isBroken) return;
  const range = tail.ranges.get(writer);
  if (range === undefined) tail.ranges.set(writer, { from: position, previous, records: [bytes] });
  else range.records.push(bytes);
}

/**
 * The parts, each made when it is asked for: pieces that are ahead of the heads, then all records up
 * to where those can be ahead, then the heads. Without heads at its end it is none.
 */
export function* snapshotOf(s: EventualState, tail: Tail): Generator<Uint8Array> {
  for (const bytes of piecesOf(s.replica)) {
    const heads = headsIn(bytes);
    if (heads === null) {
      yield encodePiece(bytes);
      continue;
    }
    if (tail.isBroken) return;
    for (const { writer, position } of heads.ahead) {
      const range = tail.ranges.get(writer);
      if (range === undefined) continue;
      const records = range.records.slice(0, position - range.from + 1);
      yield* chunksOf({ writer, from: range.from, previous: range.previous, records }, s);
    }
    yield encodePiece(bytes);
  }
}

function* chunksOf(range: RecordRange, s: EventualState): Generator<Uint8Array> {
  const { messageMaxBytes } = s.options.limits;
  let { from, previous } = range;
  let records: Uint8Array[] = [];
  let hash = previous;
  let bytes = 0;
  for (const record of range.records) {
    if (records.length > 0 && bytes + record.length > messageMaxBytes) {
      yield encodeRange({ writer: range.writer, from, previous, records });
      from += records.length;
      previous = hash;
      records = [];
      bytes = 0;
    }
    records.push(record);
    hash = chainHash(hash, record);
    bytes += record.length;
  }
  if (records.length > 0) yield encodeRange({ writer: range.writer, from, previous, records });
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

/**
 * A piece is not read through: `factsOf` does that, once, before it is stored.
 *
 * @throws MalformedError
 */
export function decodePart(bytes: Uint8Array): SnapshotPart {
  const reader = new ByteReader(bytes);
  const kind = reader.byte();
  if (kind === kinds.piece) return { kind: "piece", bytes: bytes.subarray(1) };
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
