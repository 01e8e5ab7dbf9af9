/** What a `PieceWriter` wrote, and nothing else. */
import type { FloorEntry, Head, Position, WriterId } from "../types.ts";
import { ByteReader } from "./bytes.ts";
import { readConfig } from "./config-codec.ts";
import { readDeed, readMember, readNamed, readNode, readPosition } from "./control-codec.ts";
import type { Dot } from "./dots.ts";
import { setMark } from "./dots.ts";
import { MalformedError } from "./errors.ts";
import { deltaLimit, dotsMax, promisesMax, totalLimit, valueLimit, vectorMax } from "./limits.ts";
import { NameReader, WriterIdReader } from "./names.ts";
import type {
  CounterPart,
  KeyPart,
  MemberPart,
  PieceKind,
  SnapshotHeads,
  WriterPart,
} from "./piece-parts.ts";
import { pieceFormat, pieceKinds } from "./piece-parts.ts";
import { readKey, readSpan } from "./key-codec.ts";
import type { ClosedKeys, RecordId } from "./counter-state.ts";
import { nothingClosed } from "./counter-state.ts";

const largest = Number.MAX_SAFE_INTEGER;

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
    if (this.#in.byte() !== pieceFormat) throw new MalformedError("a piece has another format");
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

  deeds(): KeyPart {
    const counter = this.#names.read(this.#in);
    const key = readKey(this.#in);
    const count = this.#in.count(dotsMax, 8);
    if (count === 0) throw new MalformedError("a key did nothing");
    return { counter, key, dots: this.#times(count, () => this.#deedDot(key)) };
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
      register: null,
      gone: new Map(),
    };
  }

  settled(): CounterPart {
    const counter = this.counter();
    const alive = counter.closed.before > 0 && this.#flag();
    const gone = this.#vector();
    const hlc = this.#in.varint(largest);
    const stamp = { hlc, ...this.#record() };
    const config = this.#flag() ? readConfig(this.#in) : null;
    return {
      ...counter,
      closed: { ...counter.closed, alive },
      gone,
      register: { stamp, config },
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
    const marked = this.#in.varint(0x7fff_ffff);
    const [index, isSet] = [marked % setMark, marked >= setMark];
    const hlc = this.#in.varint(largest);
    const { at, until } = readSpan(this.#in, key);
    const delta = this.#in.number(deltaLimit);
    const value = this.#in.number(valueLimit);
    return { writer, position, index, hlc, at, until, delta, value, isSet, deed: null };
  }

  #deedDot(key: string): Dot {
    const place = this.#record();
    const index = this.#in.varint(setMark - 1);
    const hlc = this.#in.varint(largest);
    const { at, until } = readSpan(this.#in, key);
    const value = this.#in.number(valueLimit);
    const rest = { delta: 0n, value, isSet: false, deed: readDeed(this.#in) };
    return { ...place, index, hlc, at, until, ...rest };
  }

  #flag(): boolean {
    const flag = this.#in.byte();
    if (flag > 1) throw new MalformedError("a flag is neither 0 nor 1");
    return flag === 1;
  }

  #closed(): ClosedKeys {
    const before = this.#in.varint(largest);
    if (before === 0) return nothingClosed;
    const total = this.#in.number(totalLimit);
    const same = this.#in.byte();
    if (same > 1 || (same === 1 && this.#upTo === null)) {
      throw new MalformedError("a flag is neither 0 nor 1, or there is nothing before");
    }
    this.#upTo = same === 1 && this.#upTo !== null ? this.#upTo : this.#vector();
    return { before, total, upTo: this.#upTo, alive: true };
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
