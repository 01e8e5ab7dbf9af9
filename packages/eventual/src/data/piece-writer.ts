/** What the pieces of a snapshot hold, as bytes: the format, then the kind of the piece. */
import type { FloorEntry, Head, Member, NamedAddress, Position, WriterId } from "../types.ts";
import { ByteWriter } from "./bytes.ts";
import { writeConfig } from "./config-codec.ts";
import {
  writeDeed,
  writeMember,
  writeNamed,
  writeNode,
  writePosition,
  writeTotal,
} from "./control-codec.ts";
import type { DeedDot, Dot } from "./dots.ts";
import { setMark } from "./dots.ts";
import { NameWriter, WriterIdWriter } from "./names.ts";
import type { PieceKind } from "./piece-parts.ts";
import { pieceFormat, pieceKinds } from "./piece-parts.ts";
import { writeKey, writeSpan } from "./key-codec.ts";
import type { Cell, ClosedKeys, CounterState, RecordId, Register, Words } from "./counter-state.ts";
import type { Seal, WriterState } from "./replica.ts";

/** A piece being written: parts until it is large enough. */
export class PieceWriter {
  readonly #out = new ByteWriter(4_096);
  readonly #names = new NameWriter();
  readonly #writers = new WriterIdWriter();
  #upTo: ClosedKeys["upTo"] | null = null;

  constructor(kind: PieceKind) {
    this.#out.byte(pieceFormat);
    this.#out.byte(pieceKinds.indexOf(kind));
  }

  get length(): number {
    return this.#out.length;
  }

  done(): Uint8Array {
    return this.#out.copy();
  }

  key(counter: string, key: string, dots: readonly Dot[]): void {
    this.#under(counter, key, dots.length);
    for (const dot of dots) {
      this.#dot(key, dot, dot.isSet ? setMark : 0);
      this.#out.number(dot.delta);
      this.#out.number(dot.value);
    }
  }

  /** What was done to a counter as a whole under a key. */
  deeds(counter: string, key: string, dots: readonly DeedDot[]): void {
    this.#under(counter, key, dots.length);
    for (const dot of dots) {
      this.#dot(key, dot, 0);
      this.#out.number(dot.value);
      writeDeed(this.#out, dot.deed);
    }
  }

  counter({ name, cells, closed }: CounterState, { floor }: Pick<Words, "floor">): void {
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

  /** A counter of which there is a word as a whole. */
  settled(counter: CounterState, words: Words & { readonly register: Register }): void {
    const out = this.#out;
    const { stamp, config } = words.register;
    this.counter(counter, words);
    if (counter.closed.before > 0) out.byte(counter.closed.alive ? 1 : 0);
    this.#vector(words.gone);
    out.varint(stamp.hlc);
    this.#record(stamp);
    out.byte(config === null ? 0 : 1);
    if (config !== null) writeConfig(out, config);
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

  #under(counter: string, key: string, dots: number): void {
    this.#names.write(this.#out, counter);
    writeKey(this.#out, key);
    this.#out.varint(dots);
  }

  #dot(key: string, dot: Dot | DeedDot, mark: number): void {
    this.#record(dot);
    this.#out.varint(dot.index + mark);
    this.#out.varint(dot.hlc);
    writeSpan(this.#out, { key, at: dot.at, until: dot.until });
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
