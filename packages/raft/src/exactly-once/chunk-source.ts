/** Cuts a stream of pieces of any size into records of a known size. */
import { ByteReader } from "./bytes.ts";
import type { Refuse } from "./bytes.ts";
import { recordMaxBytes } from "./snapshot-format.ts";

/** A record's length takes no more. */
const lengthMaxBytes = 3;

export class ChunkSource {
  readonly #chunks: AsyncIterator<Uint8Array, unknown>;
  readonly #refuse: Refuse;
  #buffer: Uint8Array = new Uint8Array(0);
  #position = 0;
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>, refuse: Refuse) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#refuse = refuse;
  }

  /** So many bytes; they are a view. */
  async take(length: number): Promise<Uint8Array> {
    await this.#fill(length);
    return this.#cut(length);
  }

  /** The next record if all of it is here already: most are, and a promise each would be slow. */
  recordHere(): Uint8Array | null {
    const available = this.#buffer.length - this.#position;
    return available >= lengthMaxBytes + recordMaxBytes ? this.#record() : null;
  }

  async record(): Promise<Uint8Array> {
    await this.#fill(lengthMaxBytes + recordMaxBytes);
    return this.#record();
  }

  /** Whatever follows, to the end. */
  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    const rest = this.#buffer.subarray(this.#position);
    if (rest.length > 0) yield rest;
    while (!this.#ended) {
      const item = await this.#chunks.next();
      if (item.done === true) this.#ended = true;
      else yield item.value;
    }
  }

  #record(): Uint8Array {
    const here = this.#buffer.subarray(this.#position);
    const reader = new ByteReader(here.subarray(0, lengthMaxBytes), this.#refuse);
    const length = reader.varint(recordMaxBytes);
    this.#position += reader.position;
    return this.#cut(length);
  }

  #cut(length: number): Uint8Array {
    const end = this.#position + length;
    if (end > this.#buffer.length) throw this.#refuse("it ends too early");
    const bytes = this.#buffer.subarray(this.#position, end);
    this.#position = end;
    return bytes;
  }

  /** Reads until so many bytes are here, or all there are. */
  async #fill(length: number): Promise<void> {
    const pieces = [this.#buffer.subarray(this.#position)];
    let available = pieces[0]!.length;
    if (available >= length) return;
    while (available < length && !this.#ended) {
      const item = await this.#chunks.next();
      if (item.done === true) {
        this.#ended = true;
      } else {
        pieces.push(item.value);
        available += item.value.length;
      }
    }
    this.#buffer = joined(pieces, available);
    this.#position = 0;
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
