/**
 * The whole state in pieces, for peers that are too far behind and for checkpoints on the disk.
 *
 * The pieces are taken while the state goes on changing. What makes that right:
 *
 * P1  The heads are those of the beginning and take effect last. So what came in meanwhile arrives
 *     once more as records, and everything in the pieces recognises what it has already.
 *     Until then the state is ahead of its heads. If those records never came, it would stay so, and
 *     replicas with equal heads would differ. So whoever takes a snapshot of a peer keeps the pieces
 *     aside until it has the last one and all the records up to `ahead` in it ({@link factsOf}).
 * P2  Keys come before counters. A key that is closed in between is in its piece, but ended no
 *     later than what the counter then says is closed, so it counts in one place.
 * P3  A counter is taken in one go: its floors are those under which its keys were closed. They are
 *     those that hold whatever becomes of open keys: the deeds of these are in the pieces of keys.
 */
import type { Head, WriterId } from "../types.ts";
import { MalformedError } from "./errors.ts";
import { say, settledOf } from "./deeds.ts";
import type { Slot } from "./slot.ts";
import type { DeedDot, Dot } from "./dots.ts";
import { rowsOf } from "./groups.ts";
import { addDot, noteConflict } from "./keys.ts";
import { dotsMax, pieceBytes } from "./limits.ts";
import {
  addWriter,
  dropObsoleteKnown,
  joinMember,
  joinNamed,
  joinPromisePoints,
  joinSeal,
} from "./membership.ts";
import type {
  CounterPart,
  KeyPart,
  MemberPart,
  PieceKind,
  SnapshotHeads,
  WriterPart,
} from "./piece-parts.ts";
import { PieceReader } from "./piece-reader.ts";
import { PieceWriter } from "./piece-writer.ts";
import type { RecordId } from "./counter-state.ts";
import type { Replica } from "./replica.ts";
import { counterOf, headOf } from "./replica.ts";
import { joinCell, joinFloor } from "./values.ts";

/**
 * The pieces, each made when it is asked for; the state may change in between. The heads are those
 * of this call.
 *
 * @param targetBytes - a piece ends with the first part that makes it as large
 */
export function piecesOf(r: Replica, targetBytes: number = pieceBytes): Generator<Uint8Array> {
  return piecesWithHeads(r, headsOf(r), targetBytes);
}

function* piecesWithHeads(
  r: Replica,
  heads: readonly Head[],
  targetBytes: number,
): Generator<Uint8Array> {
  yield* piecesWith("keys", keyParts(r), targetBytes);
  yield* piecesWith("deeds", deedParts(r), targetBytes);
  yield* piecesWith("counters", counterParts(r), targetBytes);
  yield* piecesWith("settled", settledParts(r), targetBytes);
  yield* piecesWith("members", memberParts(r), targetBytes);
  yield* piecesWith("writers", writerParts(r), targetBytes);
  const last = new PieceWriter("heads");
  last.heads(heads, headsOf(r));
  yield last.done();
}

function headsOf(r: Replica): Head[] {
  return [...r.writers.keys()]
    .map((writer) => headOf(r, writer))
    .filter(({ position }) => position > 0);
}

/** Adds itself to a piece. */
type Part = (piece: PieceWriter) => void;

function* piecesWith(
  kind: PieceKind,
  parts: Iterable<Part>,
  targetBytes: number,
): Generator<Uint8Array> {
  let piece: PieceWriter | null = null;
  for (const part of parts) {
    piece ??= new PieceWriter(kind);
    part(piece);
    if (piece.length < targetBytes) continue;
    yield piece.done();
    piece = null;
  }
  if (piece !== null) yield piece.done();
}

function* keyParts(r: Replica): Generator<Part> {
  for (const counter of r.counters.values()) {
    for (const [key, first] of counter.keys) {
      const dots = dotsOf(r, first).filter(({ deed }) => deed === null);
      for (const some of inParts(dots)) yield (piece) => piece.key(counter.name, key, some);
    }
  }
}

function* deedParts(r: Replica): Generator<Part> {
  for (const counter of r.counters.values()) {
    for (const key of counter.base?.keys ?? []) {
      const dots = dotsOf(r, counter.keys.get(key)!).filter(isDeedDot);
      for (const some of inParts(dots)) yield (piece) => piece.deeds(counter.name, key, some);
    }
  }
}

function dotsOf(r: Replica, first: Slot): Dot[] {
  return rowsOf(r.dots, first).map((slot) => r.dots.dot(slot));
}

function isDeedDot(dot: Dot): dot is DeedDot {
  return dot.deed !== null;
}

function* inParts<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += dotsMax) yield items.slice(from, from + dotsMax);
}

function* counterParts(r: Replica): Generator<Part> {
  for (const counter of r.counters.values()) {
    if (settledOf(counter).register !== null) continue;
    yield (piece) => piece.counter(counter, settledOf(counter));
  }
}

/** Once there is a word on a counter as a whole, there always is: none is left out by both. */
function* settledParts(r: Replica): Generator<Part> {
  for (const counter of r.counters.values()) {
    const words = settledOf(counter);
    const { register } = words;
    if (register !== null) yield (piece) => piece.settled(counter, { ...words, register });
  }
}

function* memberParts(r: Replica): Generator<Part> {
  for (const member of r.members.values()) yield (piece) => piece.member(member);
  for (const named of r.named.values()) yield (piece) => piece.named(named);
}

function* writerParts(r: Replica): Generator<Part> {
  for (const [writer, state] of r.writers) yield (piece) => piece.writer(writer, state);
  for (const [writer, seal] of r.earlySeals) yield (piece) => piece.earlySeal(writer, seal);
}

/**
 * Joins a piece with what is known. Any pieces, of anybody, in any number and order do no harm; a
 * snapshot has effect when all its pieces were merged, in order.
 *
 * @returns the heads that moved forward: those of the last piece that were beyond ours
 * @throws MalformedError - and nothing was changed
 */
export function mergePiece(r: Replica, bytes: Uint8Array): readonly Head[] {
  const piece = new PieceReader(bytes);
  switch (piece.kind) {
    case "keys":
      for (const part of piece.all(() => piece.key())) mergeKey(r, part);
      return [];
    case "deeds":
      for (const part of piece.all(() => piece.deeds())) mergeKey(r, part);
      return [];
    case "counters":
      for (const part of piece.all(() => piece.counter())) mergeCounter(r, part);
      return [];
    case "settled":
      for (const part of piece.all(() => piece.settled())) mergeCounter(r, part);
      return [];
    case "members":
      for (const part of piece.all(() => piece.member())) mergeMember(r, part);
      return [];
    case "writers":
      for (const part of piece.all(() => piece.writer())) mergeWriter(r, part);
      return [];
    case "heads":
      return mergeHeads(r, piece.heads().heads);
  }
}

/**
 * What the last piece says, without reading the others through.
 *
 * @returns null: it is not the last one
 * @throws MalformedError
 */
export function headsIn(bytes: Uint8Array): SnapshotHeads | null {
  const piece = new PieceReader(bytes);
  return piece.kind === "heads" ? piece.heads() : null;
}

/** What there is to know of a piece before it is merged. */
export interface PieceFacts {
  readonly kind: PieceKind;
  /** Those that it describes: the last piece may name no others, or ones that are known already. */
  readonly writers: readonly WriterId[];
  /** Of the last piece only. */
  readonly heads: SnapshotHeads | null;
}

/**
 * Reads all of a piece and changes nothing: to be asked before it is stored.
 *
 * @throws MalformedError
 */
export function factsOf(bytes: Uint8Array): PieceFacts {
  const piece = new PieceReader(bytes);
  const { kind } = piece;
  switch (kind) {
    case "keys":
      piece.all(() => piece.key());
      break;
    case "deeds":
      piece.all(() => piece.deeds());
      break;
    case "counters":
      piece.all(() => piece.counter());
      break;
    case "settled":
      piece.all(() => piece.settled());
      break;
    case "members":
      piece.all(() => piece.member());
      break;
    case "writers": {
      const parts = piece.all(() => piece.writer());
      const writers = parts.filter((part) => "owner" in part).map(({ writer }) => writer);
      return { kind, writers, heads: null };
    }
    case "heads":
      return { kind, writers: [], heads: piece.heads() };
  }
  return { kind, writers: [], heads: null };
}

function mergeKey(r: Replica, { counter, key, dots }: KeyPart): void {
  const state = counterOf(r, counter);
  for (const dot of dots) {
    if (addDot(r, state, key, dot)) noteConflict(r, counter, key);
  }
}

function mergeCounter(r: Replica, part: CounterPart): void {
  const counter = counterOf(r, part.name);
  for (const [writer, cell] of part.cells) joinCell(counter, writer, cell);
  joinFloor(r, counter, { ...part, gone: [...goneIn(part)] });
  if (part.register !== null) say(counter, part.register);
}

function* goneIn({ gone }: CounterPart): Generator<RecordId> {
  for (const [writer, position] of gone) yield { writer, position };
}

function mergeMember(r: Replica, part: MemberPart): void {
  if ("named" in part) joinNamed(r, part.named);
  else joinMember(r, part.member, part.decidedAt);
}

function mergeWriter(r: Replica, part: WriterPart): void {
  if ("owner" in part) {
    const state =
      r.writers.get(part.writer) ??
      addWriter(r, part.writer, { node: part.owner, boot: part.boot });
    state.hlc = Math.max(state.hlc, part.hlc);
    r.hlc = Math.max(r.hlc, part.hlc);
    joinPromisePoints(state, part.promises);
    if (part.knownAt > state.knownAt) {
      state.knownAt = part.knownAt;
      state.known = part.known;
    }
    dropObsoleteKnown(r, state.owner);
  }
  if (part.seal !== null) joinSeal(r, part.writer, part.seal);
}

function mergeHeads(r: Replica, heads: readonly Head[]): Head[] {
  if (heads.some(({ writer }) => !r.writers.has(writer))) {
    throw new MalformedError("the last piece names a writer that no piece before it described");
  }
  const moved: Head[] = [];
  for (const head of heads) {
    const state = r.writers.get(head.writer);
    if (state === undefined || head.position <= state.position) continue;
    state.position = head.position;
    state.hash = head.hash;
    moved.push(head);
  }
  return moved;
}
