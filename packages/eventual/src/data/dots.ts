/**
 * The open keyed additions, each a row of numbers in large buffers. There may be a million of them:
 * as objects they would take three times as much, and the garbage collector would visit each one.
 */
import type { Deed, Position, WallMs, WriterId } from "../types.ts";
import { deedUnits } from "./deed-units.ts";
import { invariant } from "./errors.ts";
import { noSlot, type Slot } from "./slot.ts";
import type { CounterState } from "./counter-state.ts";

/** One accepted keyed addition, or deed: which one it is, and what it says. */
export interface Dot {
  readonly writer: WriterId;
  readonly position: Position;
  /** Among the keyed additions of its record, a deed among its controls; from 0. */
  readonly index: number;
  /** Of its record. */
  readonly hlc: number;
  readonly at: WallMs;
  readonly until: WallMs;
  /** 0n of a deed. */
  readonly delta: bigint;
  readonly value: bigint;
  /** It stands beside a reset: the two are a `set`. */
  readonly isSet: boolean;
  /** `null`: an addition, or a `set`. */
  readonly deed: Deed | null;
}

/** A row that is a deed. */
export interface DeedDot extends Dot {
  readonly deed: Deed;
}

/** Added to the index of a `set`, where a row or a piece has no other room to tell. */
export const setMark: number = 0x4000_0000;

const chunkBits = 10;
const chunkRows = 1 << chunkBits;
/** 0 at, 1 until, 2 hlc, 3 position, 4 delta, 5 value, 6 writer | index, 7 next | place. */
const words = 8;

/** The same buffer three times: as doubles, as signed 64-bit and as signed 32-bit numbers. */
interface Chunk {
  readonly doubles: Float64Array;
  readonly wide: BigInt64Array;
  readonly narrow: Int32Array;
  readonly keys: string[];
  readonly counters: CounterState[];
}

export class DotTable {
  readonly #chunks: Chunk[] = [];
  readonly #writers: WriterId[] = [];
  readonly #writerNumbers = new Map<WriterId, number>();
  /** Values that do not fit 64 bits. */
  readonly #largeValues = new Map<Slot, bigint>();
  /** Beside their rows: they are few. */
  readonly #deeds = new Map<Slot, Deed>();
  #deedUnits = 0;
  #rows = 0;
  #free: Slot = noSlot;
  #size = 0;

  /** Rows in use. */
  get size(): number {
    return this.#size;
  }

  /** Rows in use, and what large deeds take the place of besides. */
  get weight(): number {
    return this.#size + this.#deedUnits;
  }

  add(counter: CounterState, key: string, dot: Dot): Slot {
    const slot = this.#allocate();
    const { doubles, wide, narrow, keys, counters } = this.#chunkOf(slot);
    const word = wordOf(slot);
    doubles[word] = dot.at;
    doubles[word + 1] = dot.until;
    doubles[word + 2] = dot.hlc;
    doubles[word + 3] = dot.position;
    wide[word + 4] = dot.delta;
    wide[word + 5] = dot.value;
    if (wide[word + 5] !== dot.value) this.#largeValues.set(slot, dot.value);
    narrow[(word + 6) * 2] = this.#numberOf(dot.writer);
    narrow[(word + 6) * 2 + 1] = dot.index + (dot.isSet ? setMark : 0);
    narrow[(word + 7) * 2] = noSlot;
    narrow[(word + 7) * 2 + 1] = noSlot;
    if (dot.deed !== null) {
      this.#deeds.set(slot, dot.deed);
      this.#deedUnits += deedUnits(dot.deed);
    }
    keys[slot & (chunkRows - 1)] = key;
    counters[slot & (chunkRows - 1)] = counter;
    this.#size += 1;
    return slot;
  }

  remove(slot: Slot): void {
    if (this.#largeValues.size > 0) this.#largeValues.delete(slot);
    const deed = this.deed(slot);
    if (deed !== null) {
      this.#deeds.delete(slot);
      this.#deedUnits -= deedUnits(deed);
    }
    this.#chunkOf(slot).keys[slot & (chunkRows - 1)] = "";
    this.setNext(slot, this.#free);
    this.#free = slot;
    this.#size -= 1;
  }

  at(slot: Slot): WallMs {
    return this.#chunkOf(slot).doubles[wordOf(slot)]!;
  }

  until(slot: Slot): WallMs {
    return this.#chunkOf(slot).doubles[wordOf(slot) + 1]!;
  }

  hlc(slot: Slot): number {
    return this.#chunkOf(slot).doubles[wordOf(slot) + 2]!;
  }

  position(slot: Slot): Position {
    return this.#chunkOf(slot).doubles[wordOf(slot) + 3]!;
  }

  delta(slot: Slot): bigint {
    return this.#chunkOf(slot).wide[wordOf(slot) + 4]!;
  }

  value(slot: Slot): bigint {
    const large = this.#largeValues.size > 0 ? this.#largeValues.get(slot) : undefined;
    return large ?? this.#chunkOf(slot).wide[wordOf(slot) + 5]!;
  }

  writer(slot: Slot): WriterId {
    return this.#writers[this.#chunkOf(slot).narrow[(wordOf(slot) + 6) * 2]!]!;
  }

  index(slot: Slot): number {
    return this.#chunkOf(slot).narrow[(wordOf(slot) + 6) * 2 + 1]! % setMark;
  }

  isSet(slot: Slot): boolean {
    return this.#chunkOf(slot).narrow[(wordOf(slot) + 6) * 2 + 1]! >= setMark;
  }

  /** What was done to the counter as a whole; `null` of an addition or a `set`. */
  deed(slot: Slot): Deed | null {
    return this.#deeds.size > 0 ? (this.#deeds.get(slot) ?? null) : null;
  }

  /** The row of the same identity that comes next. */
  next(slot: Slot): Slot {
    return this.#chunkOf(slot).narrow[(wordOf(slot) + 7) * 2]!;
  }

  setNext(slot: Slot, next: Slot): void {
    this.#chunkOf(slot).narrow[(wordOf(slot) + 7) * 2] = next;
  }

  /** Where the row stands in the queue of those that end; `noSlot` if it does not. */
  place(slot: Slot): number {
    return this.#chunkOf(slot).narrow[(wordOf(slot) + 7) * 2 + 1]!;
  }

  setPlace(slot: Slot, place: number): void {
    this.#chunkOf(slot).narrow[(wordOf(slot) + 7) * 2 + 1] = place;
  }

  key(slot: Slot): string {
    return this.#chunkOf(slot).keys[slot & (chunkRows - 1)]!;
  }

  counter(slot: Slot): CounterState {
    return this.#chunkOf(slot).counters[slot & (chunkRows - 1)]!;
  }

  dot(slot: Slot): Dot {
    return {
      writer: this.writer(slot),
      position: this.position(slot),
      index: this.index(slot),
      hlc: this.hlc(slot),
      at: this.at(slot),
      until: this.until(slot),
      delta: this.delta(slot),
      value: this.value(slot),
      isSet: this.isSet(slot),
      deed: this.deed(slot),
    };
  }

  #allocate(): Slot {
    if (this.#free !== noSlot) {
      const slot = this.#free;
      this.#free = this.next(slot);
      return slot;
    }
    const slot = this.#rows;
    invariant(slot < 0x7fff_ffff, "rows are numbered with 31 bits");
    if (slot >>> chunkBits === this.#chunks.length) {
      const buffer = new ArrayBuffer(chunkRows * words * 8);
      this.#chunks.push({
        doubles: new Float64Array(buffer),
        wide: new BigInt64Array(buffer),
        narrow: new Int32Array(buffer),
        keys: [],
        counters: [],
      });
    }
    this.#rows += 1;
    return slot;
  }

  #numberOf(writer: WriterId): number {
    const known = this.#writerNumbers.get(writer);
    if (known !== undefined) return known;
    const number = this.#writers.push(writer) - 1;
    this.#writerNumbers.set(writer, number);
    return number;
  }

  #chunkOf(slot: Slot): Chunk {
    return this.#chunks[slot >>> chunkBits]!;
  }
}

function wordOf(slot: Slot): number {
  return (slot & (chunkRows - 1)) * words;
}
