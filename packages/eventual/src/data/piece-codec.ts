/** What the pieces of a snapshot hold, as bytes and back: format 1, then the kind of the piece. */
import type { FloorEntry, Head, Member, NamedAddress, Position, WriterId } from "../types.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import {
  readMember,
  readNamed,
  readNode,
  readPosition,
  writeMember,
  writeNamed,
  writeNode,
  writePosition,
  writeTotal,
} from "./control-codec.ts";
import type { Dot } from "./dots.ts";
import { MalformedError } from "./errors.ts";
import { deltaLimit, dotsMax, promisesMax, totalLimit, valueLimit, vectorMax } from "./limits.ts";
import { NameReader, NameWriter, WriterIdReader, WriterIdWriter } from "./names.ts";
import type {
  CounterPart,
  KeyPart,
  MemberPart,
  PieceKind,
  SnapshotHeads,
  WriterPart,
} from "./piece-parts.ts";
import { pieceKinds } from "./piece-parts.ts";
import { readKey, readSpan, writeKey, writeSpan } from "./record-codec.ts";
import type { Cell, ClosedKeys, RecordId, Seal } from "./replica.ts";
import type { CounterState, WriterState } from "./replica.ts";

const format = 1;
const largest = Number.MAX_SAFE_INTEGER;

/** A piece being written: parts until it is large enough. */
export class PieceWriter {
  readonly #out = new ByteWriter(4_096);
  readonly #names = new NameWriter();
  readonly #writers = new WriterIdWriter();
  #upTo: ClosedKeys["upTo"] | null = null;

  constructor(kind: PieceKind) {
    this.#out.byte(format);
    this.#out.byte(pieceKinds.indexOf(kind));
  }

  get length(): number {
    return this.#out.length;
  }

  done(): Uint8Array {
    return this.#out.copy();
  }

  key(counter: string, key: string, dots: readonly Dot[]): void {
    const out = this.#out;
    this.#names.write(out, counter);
    writeKey(out, key);
    out.varint(dots.length);
    for (const dot of dots) {
      this.#record(dot);
      out.varint(dot.index);
      out.varint(dot.hlc);
      writeSpan(out, { key, at: dot.at, until: dot.until });
      out.number(dot.delta);
      out.number(dot.value);
    }
  }

  counter({ name, cells, floor, closed }: CounterState): void {
    const out = this.#out;
    this.#names.write(out, name);
    out.varint(cells.size);
    for (const [writer, cell] of cells) this.#total(writer, cell);
    out.varint(floor.size);
    for (const [writer, entry] of floor) this.#total(writer, entry);
    out.varint(closed.before);
    if (closed.before === 0) return;
    out.number(closed.total);
    const same = closed.upTo === this.#upTo;
    out.byte(same ? 1 : 0);
    if (!same) this.#vector(closed.upTo);
    this.#upTo = closed.upTo;
  }

  member(member: Member & { readonly decidedAt: RecordId | null }): void {
    this.#out.byte(member.decidedAt === null ? 0 : 1);
    writeMember(this.#out, member);
    if (member.decidedAt !== null) this.#record(member.decidedAt);
  }

  named(named: NamedAddress): void {
    this.#out.byte(2);
    writeNamed(this.#out, named);
  }

  writer(writer: WriterId, state: WriterState): void {
    const out = this.#out;
    const { sealedAt, sealedBy } = state;
    const sealed = sealedAt !== null && sealedBy !== null;
    out.byte(sealed ? 1 : 0);
    this.#writers.write(out, writer);
    if (sealed) this.#seal({ position: sealedAt, by: sealedBy });
    writeNode(out, state.owner);
    out.varint(state.boot);
    out.varint(state.hlc);
    out.varint(state.promises.length);
    for (const { before, position } of state.promises) {
      out.varint(before);
      writePosition(out, position);
    }
    out.varint(state.knownAt);
    this.#vector(state.known);
  }

  earlySeal(writer: WriterId, seal: Seal): void {
    this.#out.byte(2);
    this.#writers.write(this.#out, writer);
    this.#seal(seal);
  }

  heads(heads: readonly Head[], ahead: readonly Head[]): void {
    for (const list of [heads, ahead]) {
      this.#out.varint(list.length);
      for (const head of list) {
        this.#record(head);
        this.#out.varint(head.hash);
      }
    }
  }

  #seal(seal: Seal): void {
    writePosition(this.#out, seal.position);
    this.#record(seal.by);
  }

  #record({ writer, position }: RecordId): void {
    this.#writers.write(this.#out, writer);
    writePosition(this.#out, position);
  }

  #total(writer: WriterId, { position, plus, minus }: Cell | FloorEntry): void {
    this.#record({ writer, position });
    writeTotal(this.#out, plus);
    writeTotal(this.#out, minus);
  }

  #vector(vector: ReadonlyMap<WriterId, Position>): void {
    this.#out.varint(vector.size);
    for (const [writer, position] of vector) this.#record({ writer, position });
  }
}

/** Reads the parts of one piece, one after the other. */
export class PieceReader {
  readonly kind: PieceKind;
  readonly #in: ByteReader;
  readonly #names = new NameReader();
  readonly #writers = new WriterIdReader();
  #upTo: ClosedKeys["upTo"] | null = null;

  /** @throws MalformedError */
  constructor(bytes: Uint8Array) {
    this.#in = new ByteReader(bytes);
    if (this.#in.byte() !== format) throw new MalformedError("a piece has another format");
    const kind = pieceKinds[this.#in.byte()];
    if (kind === undefined) throw new MalformedError("a piece is of no known kind");
    this.kind = kind;
  }

  /** Everything to the end, by one of the functions below. */
  all<Part>(read: () => Part): Part[] {
    const parts: Part[] = [];
    while (this.#in.remaining > 0) parts.push(read());
    return parts;
  }

  key(): KeyPart {
    const counter = this.#names.read(this.#in);
    const key = readKey(this.#in);
    const count = this.#in.count(dotsMax, 6);
    if (count === 0) throw new MalformedError("a key has no addition");
    return { counter, key, dots: this.#times(count, () => this.#dot(key)) };
  }

  counter(): CounterPart {
    const name = this.#names.read(this.#in);
    const cells = this.#times(this.#in.count(vectorMax, 4), () => this.#total());
    const floor = this.#times(this.#in.count(vectorMax, 4), () => this.#total());
    return {
      name,
      cells: cells.map(({ writer, ...cell }) => [writer, cell]),
      floor,
      closed: this.#closed(),
    };
  }

  member(): MemberPart {
    const tag = this.#in.byte();
    if (tag === 2) return { named: readNamed(this.#in) };
    if (tag > 1) throw new MalformedError("a part of a piece is of no known kind");
    const member = readMember(this.#in);
    const decidedAt = tag === 1 ? this.#record() : null;
    if ((member.status === "removed") !== (decidedAt !== null)) {
      throw new MalformedError("whoever is removed was removed by a record");
    }
    return { member, decidedAt };
  }

  writer(): WriterPart {
    const tag = this.#in.byte();
    if (tag > 2) throw new MalformedError("a part of a piece is of no known kind");
    const writer = this.#writers.read(this.#in);
    const seal = tag > 0 ? { position: readPosition(this.#in), by: this.#record() } : null;
    if (tag === 2 && seal !== null) return { writer, seal };
    const owner = readNode(this.#in);
    const boot = this.#in.varint(largest);
    const hlc = this.#in.varint(largest);
    const promises = this.#times(this.#in.count(promisesMax, 2), () => {
      const before = this.#in.varint(largest);
      return { before, position: readPosition(this.#in) };
    });
    const knownAt = this.#in.varint(largest);
    return { writer, owner, boot, hlc, promises, knownAt, known: this.#vector(), seal };
  }

  heads(): SnapshotHeads {
    const [heads, ahead] = [this.#heads(), this.#heads()];
    this.#in.end();
    return { heads, ahead };
  }

  #heads(): Head[] {
    return this.#times(this.#in.count(vectorMax, 3), () => {
      const record = this.#record();
      return { ...record, hash: this.#in.varint(largest) };
    });
  }

  #dot(key: string): Dot {
    const { writer, position } = this.#record();
    const index = this.#in.varint(0x7fff_ffff);
    const hlc = this.#in.varint(largest);
    const { at, until } = readSpan(this.#in, key);
    const delta = this.#in.number(deltaLimit);
    return { writer, position, index, hlc, at, until, delta, value: this.#in.number(valueLimit) };
  }

  #closed(): ClosedKeys {
    const before = this.#in.varint(largest);
    if (before === 0) return { before, total: 0n, upTo: new Map() };
    const total = this.#in.number(totalLimit);
    const same = this.#in.byte();
    if (same > 1 || (same === 1 && this.#upTo === null)) {
      throw new MalformedError("a flag is neither 0 nor 1, or there is nothing before");
    }
    this.#upTo = same === 1 && this.#upTo !== null ? this.#upTo : this.#vector();
    return { before, total, upTo: this.#upTo };
  }

  #record(): RecordId {
    const writer = this.#writers.read(this.#in);
    return { writer, position: readPosition(this.#in) };
  }

  #total(): FloorEntry {
    const record = this.#record();
    const plus = this.#in.natural(totalLimit);
    return { ...record, plus, minus: this.#in.natural(totalLimit) };
  }

  #vector(): Map<WriterId, Position> {
    const vector = new Map<WriterId, Position>();
    for (let left = this.#in.count(vectorMax, 2); left > 0; left -= 1) {
      const { writer, position } = this.#record();
      vector.set(writer, position);
    }
    return vector;
  }

  #times<Part>(count: number, read: () => Part): Part[] {
    const parts: Part[] = [];
    for (let left = count; left > 0; left -= 1) parts.push(read());
    return parts;
  }
}
