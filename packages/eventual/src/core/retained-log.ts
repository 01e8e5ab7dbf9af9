/**
 * The newest records of one writer, kept so that peers which lack them can have them. What is older
 * lives on only in the state; who lacks that much gets a snapshot.
 */
import type { ChainHash, Position, RecordRange, WriterId } from "../types.ts";

interface Kept {
  readonly bytes: Uint8Array;
  readonly hash: ChainHash;
}

export interface RangeLimits {
  readonly bytes: number;
  readonly records: number;
}

export class RetainedLog {
  readonly writer: WriterId;
  /** Everything up to here is not kept; `#hash` is the chain there. */
  #before: Position;
  #hash: ChainHash;
  #kept: Kept[] = [];
  /** Items of `#kept` that were dropped already; the array is cut now and then. */
  #dropped = 0;
  #bytes = 0;

  constructor(writer: WriterId, before: Position, hash: ChainHash) {
    this.writer = writer;
    this.#before = before;
    this.#hash = hash;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Position of the oldest record kept; one above the newest if there is none. */
  get first(): Position {
    return this.#before + 1;
  }

  get last(): Position {
    return this.#before + this.#kept.length - this.#dropped;
  }

  append(bytes: Uint8Array, hash: ChainHash): void {
    this.#kept.push({ bytes, hash });
    this.#bytes += bytes.length;
  }

  /** Chain hash at a position; `null` if it is not known here any more or yet. */
  hashAt(position: Position): ChainHash | null {
    if (position === this.#before) return this.#hash;
    return this.#at(position)?.hash ?? null;
  }

  /** Bytes of the records above `position`. */
  bytesAbove(position: Position): number {
    let bytes = 0;
    for (let at = Math.max(position + 1, this.first); at <= this.last; at += 1) {
      bytes += this.#at(at)!.bytes.length;
    }
    return bytes;
  }

  /** Records from `from` on; at least one, even if it is larger than the limit. `null`: not kept. */
  range(from: Position, limits: RangeLimits): RecordRange | null {
    const previous = this.hashAt(from - 1);
    if (previous === null || from > this.last) return null;
    const records: Uint8Array[] = [];
    let bytes = 0;
    for (let at = from; at <= this.last && records.length < limits.records; at += 1) {
      const record = this.#at(at)!.bytes;
      if (records.length > 0 && bytes + record.length > limits.bytes) break;
      records.push(record);
      bytes += record.length;
    }
    return { writer: this.writer, from, previous, records };
  }

  /** Forgets everything up to and including `position`. */
  dropThrough(position: Position): void {
    while (this.#before < position && this.#dropped < this.#kept.length) {
      const { bytes, hash } = this.#kept[this.#dropped]!;
      this.#bytes -= bytes.length;
      this.#hash = hash;
      this.#before += 1;
      this.#dropped += 1;
    }
    if (this.#dropped * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#dropped);
      this.#dropped = 0;
    }
  }

  #at(position: Position): Kept | undefined {
    return position > this.#before
      ? this.#kept[this.#dropped + position - this.#before - 1]
      : undefined;
  }
}
