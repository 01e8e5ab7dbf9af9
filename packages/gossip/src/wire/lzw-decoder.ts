/** The reading side of `lzw-encoder.ts`, in slices, with a bound on what comes out. */
import { CLEAR_CODE, EOF_CODE } from "./lzw-encoder.ts";
import { WireError } from "./refusal.ts";

const FIRST_WIDTH = 9;
const MAX_WIDTH = 12;
const CODES: number = 1 << MAX_WIDTH;
const NONE = -1;

export class LzwDecoder {
  readonly #input: Uint8Array;
  readonly #maxBytes: number;
  #position: number = 0;
  #bits: number = 0;
  #bitCount: number = 0;
  #width: number = FIRST_WIDTH;
  /** The code that the next one defines. */
  #high: number = EOF_CODE;
  #last: number = NONE;
  #ended: boolean = false;
  readonly #prefix: Uint16Array = new Uint16Array(CODES);
  readonly #suffix: Uint8Array = new Uint8Array(CODES);
  /** Bytes that a code stands for; a code's text is written backwards from its end. */
  readonly #size: Uint16Array = new Uint16Array(CODES);
  #output: Uint8Array;
  #length: number = 0;

  /** Decodes `input` into at most `maxBytes` bytes. */
  constructor(input: Uint8Array, maxBytes: number) {
    this.#input = input;
    this.#maxBytes = maxBytes;
    // By what came, not by what might come out: a claim must not allocate.
    this.#output = new Uint8Array(Math.min(maxBytes, Math.max(1_024, input.length * 2)));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** What has come out so far: a view that is good until the next `run`. */
  get output(): Uint8Array {
    return this.#output.subarray(0, this.#length);
  }

  /**
   * Goes on until the end or until `sliceBytes` more came out.
   *
   * @throws WireError `compression` or `limit`
   */
  run(sliceBytes: number): void {
    const stop = this.#length + sliceBytes;
    while (!this.#ended && this.#length < stop) this.#step(this.#read());
  }

  #step(code: number): void {
    if (code === CLEAR_CODE) {
      this.#width = FIRST_WIDTH;
      this.#high = EOF_CODE;
      this.#last = NONE;
      return;
    }
    if (code === EOF_CODE) {
      this.#ended = true;
      return;
    }
    const known = code < CLEAR_CODE || code < this.#high || this.#last === NONE;
    // Right after a clear only literals are defined; while the table is full `high` stays defined.
    if (code > this.#high) throw new WireError("compression", "a code that was never defined");
    const first = known ? this.#copy(code, 0) : this.#copy(this.#last, 1);
    if (!known) this.#output[this.#length - 1] = first;
    if (this.#last !== NONE) {
      this.#suffix[this.#high] = first;
      this.#prefix[this.#high] = this.#last;
      this.#size[this.#high] = this.#sizeOf(this.#last) + 1;
    }
    this.#last = code;
    this.#high += 1;
    if (this.#high < 1 << this.#width) return;
    if (this.#width < MAX_WIDTH) {
      this.#width += 1;
    } else {
      // The table is full. Nothing is defined any more until the sender clears it.
      this.#last = NONE;
      this.#high -= 1;
    }
  }

  /** Appends the text of `code` and `extra` bytes of room; answers its first byte. */
  #copy(code: number, extra: number): number {
    const size = this.#sizeOf(code);
    this.#reserve(size + extra);
    let at = this.#length + size;
    let rest = code;
    while (rest >= CLEAR_CODE) {
      this.#output[--at] = this.#suffix[rest]!;
      rest = this.#prefix[rest]!;
    }
    this.#output[this.#length] = rest;
    this.#length += size + extra;
    return rest;
  }

  #sizeOf(code: number): number {
    return code < CLEAR_CODE ? 1 : this.#size[code]!;
  }

  #read(): number {
    while (this.#bitCount < this.#width) {
      if (this.#position === this.#input.length) {
        throw new WireError("compression", "compressed data has no end");
      }
      this.#bits |= this.#input[this.#position++]! << this.#bitCount;
      this.#bitCount += 8;
    }
    const code = this.#bits & ((1 << this.#width) - 1);
    this.#bits >>>= this.#width;
    this.#bitCount -= this.#width;
    return code;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed > this.#maxBytes) {
      throw new WireError("limit", `more than ${this.#maxBytes} bytes after decompression`);
    }
    if (needed <= this.#output.length) return;
    const size = Math.min(this.#maxBytes, Math.max(needed, this.#output.length * 2));
    const larger = new Uint8Array(size);
    larger.set(this.#output.subarray(0, this.#length));
    this.#output = larger;
  }
}

/**
 * Decompresses `bytes` at once.
 *
 * @throws WireError `compression`, or `limit` beyond `maxBytes`
 */
export function lzwDecode(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const decoder = new LzwDecoder(bytes, maxBytes);
  while (!decoder.ended) decoder.run(maxBytes + 1);
  return decoder.output;
}
