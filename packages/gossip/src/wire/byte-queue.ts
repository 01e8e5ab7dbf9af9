import { MsgpackReader } from "./msgpack-reader.ts";

/** Bytes that arrived and were not read yet: grows with what comes, never with what is claimed. */
export class ByteQueue {
  #bytes: Uint8Array = new Uint8Array(0);
  #start: number = 0;
  #end: number = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** All that is there: a view that is good until the next `push`. */
  get view(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Reads from the front without a view for every item; `drop` what was read. */
  reader(): MsgpackReader {
    return new MsgpackReader(this.#bytes, this.#start, this.#end);
  }

  /** Forgets what the reader, which began at the front, has passed. */
  dropTo(reader: MsgpackReader): void {
    this.#start = reader.position;
  }

  push(chunk: Uint8Array): void {
    if (this.length === 0 && this.#bytes.length < chunk.length) {
      // The usual case, one chunk at a time: read where it lies.
      this.#bytes = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      return;
    }
    this.#reserve(chunk.length);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    this.#start += count;
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.#bytes.length) return;
    const needed = this.length + more;
    const bytes = new Uint8Array(Math.max(needed, this.length * 2, 1_024));
    bytes.set(this.view);
    this.#end = this.length;
    this.#start = 0;
    this.#bytes = bytes;
  }
}
