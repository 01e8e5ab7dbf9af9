/**
 * LZW as Go's `compress/lzw` writes it: least significant bit first, literals of 8 bits, codes of
 * 9 to 12. The output is the same as Go's, bit by bit.
 */

/** Forgets all codes; also how a stream begins. */
export const CLEAR_CODE = 256;
/** Ends a stream. */
export const EOF_CODE = 257;
/** The code that is never given out: at it the table is cleared. */
export const LAST_CODE = 4_095;

const FIRST_WIDTH = 9;
const TABLE_SIZE = 1 << 14; // a power of two with room: probes stay short
const EMPTY = 0xffffffff;

/** Compresses in one go what is given to it piece by piece. */
export class LzwEncoder {
  #output: Uint8Array = new Uint8Array(1_024);
  #length: number = 0;
  #bits: number = 0;
  #bitCount: number = 0;
  #width: number = FIRST_WIDTH;
  /** The highest code given out so far. */
  #high: number = EOF_CODE;
  #saved: number = -1;
  readonly #keys: Uint32Array = new Uint32Array(TABLE_SIZE).fill(EMPTY);
  readonly #codes: Uint16Array = new Uint16Array(TABLE_SIZE);

  write(input: Uint8Array): void {
    if (input.length === 0) return;
    let code = this.#saved;
    let index = 0;
    if (code < 0) {
      this.#emit(CLEAR_CODE);
      code = input[0]!;
      index = 1;
    }
    for (; index < input.length; index += 1) {
      const literal = input[index]!;
      const key = (code << 8) | literal;
      const slot = this.#slotOf(key);
      if (this.#keys[slot] === key) {
        code = this.#codes[slot]!;
        continue;
      }
      this.#emit(code);
      code = literal;
      if (this.#nextCode()) {
        this.#keys[slot] = key;
        this.#codes[slot] = this.#high;
      }
    }
    this.#saved = code;
  }

  /** Ends the stream and returns all of it. */
  finish(): Uint8Array {
    if (this.#saved < 0) {
      this.#emit(CLEAR_CODE);
    } else {
      this.#emit(this.#saved);
      this.#nextCode();
    }
    this.#emit(EOF_CODE);
    if (this.#bitCount > 0) this.#put(this.#bits & 0xff);
    return this.#output.slice(0, this.#length);
  }

  /** Gives out one more code; answers false if there was none left and the table was cleared. */
  #nextCode(): boolean {
    this.#high += 1;
    if (this.#high === 1 << this.#width) this.#width += 1;
    if (this.#high < LAST_CODE) return true;
    this.#emit(CLEAR_CODE);
    this.#width = FIRST_WIDTH;
    this.#high = EOF_CODE;
    this.#keys.fill(EMPTY);
    return false;
  }

  #slotOf(key: number): number {
    let slot = (Math.imul(key, 0x9e3779b1) >>> 18) & (TABLE_SIZE - 1);
    while (this.#keys[slot] !== EMPTY && this.#keys[slot] !== key) {
      slot = (slot + 1) & (TABLE_SIZE - 1);
    }
    return slot;
  }

  #emit(code: number): void {
    this.#bits |= code << this.#bitCount;
    this.#bitCount += this.#width;
    while (this.#bitCount >= 8) {
      this.#put(this.#bits & 0xff);
      this.#bits >>>= 8;
      this.#bitCount -= 8;
    }
  }

  #put(byte: number): void {
    if (this.#length === this.#output.length) {
      const larger = new Uint8Array(this.#length * 2);
      larger.set(this.#output);
      this.#output = larger;
    }
    this.#output[this.#length++] = byte;
  }
}

/** Compresses `bytes` at once. */
export function lzwEncode(bytes: Uint8Array): Uint8Array {
  const encoder = new LzwEncoder();
  encoder.write(bytes);
  return encoder.finish();
}
