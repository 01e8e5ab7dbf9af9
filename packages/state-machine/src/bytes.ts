/**
 * Bytes in and out: varints, ASCII, and signed numbers of any size up to a limit. Everything has
 * exactly one encoding, and the reader refuses every other one, so equal things have equal bytes.
 */
import { numberMaxBytes } from "./limits.ts";

const safe = BigInt(Number.MAX_SAFE_INTEGER);

/** Makes the error that a reader throws; each format has its own class. */
export type Refuse = (why: string) => Error;

/** Appends to a buffer that doubles when it is full. */
export class ByteWriter {
  readonly #capacity: number;
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Starts again, on a buffer of the first capacity if it has grown. Copies stay as they are. */
  clear(): void {
    if (this.#bytes.length > this.#capacity) this.#bytes = new Uint8Array(this.#capacity);
    this.#length = 0;
  }

  /** What was written since, in a buffer of its own. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** A view of what was written since; the next writing changes it. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Four bytes, the highest first. */
  uint32(value: number): void {
    this.#reserve(4);
    for (let shift = 24; shift >= 0; shift -= 8) this.#bytes[this.#length++] = value >>> shift;
  }

  /** A whole number from 0 to 2^53 − 1: seven bits a byte, the lowest first. */
  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    for (; rest >= 0x8000_0000; rest = Math.floor(rest / 128)) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
    }
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  /** The characters of a string, one byte each, without its length. */
  latin1(text: string): void {
    this.#reserve(text.length);
    for (let at = 0; at < text.length; at += 1) {
      this.#bytes[this.#length++] = text.charCodeAt(at);
    }
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A checked number: length × 2 + sign as a varint, then the magnitude, the highest byte first. */
  number(value: bigint): void {
    const negative = value < 0n;
    const magnitude = negative ? -value : value;
    const sign = negative ? 1 : 0;
    if (magnitude > safe) return this.#large(magnitude, sign);
    const small = Number(magnitude);
    const high = Math.floor(small / 0x1_0000_0000);
    const low = small >>> 0;
    const length = high > 0 ? 4 + byteLength(high) : byteLength(low);
    this.varint(length * 2 + sign);
    this.#reserve(length);
    for (let left = length - 1; left >= 4; left -= 1) {
      this.#bytes[this.#length++] = high >>> ((left - 4) * 8);
    }
    for (let left = Math.min(length, 4) - 1; left >= 0; left -= 1) {
      this.#bytes[this.#length++] = low >>> (left * 8);
    }
  }

  #large(magnitude: bigint, sign: number): void {
    const digits = magnitude.toString(16);
    const length = (digits.length + 1) >> 1;
    this.varint(length * 2 + sign);
    this.#reserve(length);
    for (let end = digits.length - (length - 1) * 2; end <= digits.length; end += 2) {
      this.#bytes[this.#length++] = parseInt(digits.slice(Math.max(0, end - 2), end), 16);
    }
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

function byteLength(value: number): number {
  return (39 - Math.clz32(value)) >> 3;
}

/** Every byte as a character. (Spreading the bytes instead costs six times as much.) */
export function latin1(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

/** Most texts that are kept to be found again. */
export const recentMax: number = 1024;

/** Texts that were read lately and may come again: what is found is what the bytes say. */
export class RecentTexts {
  readonly #texts: (string | undefined)[] = new Array<undefined>(recentMax);
  /** Where the text that was looked for last belongs. */
  #slot = 0;

  find(bytes: Uint8Array, from: number, length: number): string | null {
    let hash = length;
    for (let at = from; at < from + length; at += 1)
      hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    this.#slot = (hash ^ (hash >>> 15)) & (recentMax - 1);
    const text = this.#texts[this.#slot];
    if (text?.length !== length) return null;
    for (let at = 0; at < length; at += 1) {
      if (text.charCodeAt(at) !== bytes[from + at]) return null;
    }
    return text;
  }

  /** Keeps the text that was not found. */
  keep(text: string): void {
    this.#texts[this.#slot] = text;
  }
}

/** Reads what {@link ByteWriter} wrote, and throws what `refuse` makes of anything else. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #refuse: Refuse;
  #position: number;

  constructor(bytes: Uint8Array, refuse: Refuse, position: number = 0) {
    this.#bytes = bytes;
    this.#refuse = refuse;
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  byte(): number {
    if (this.#position >= this.#bytes.length) throw this.#refuse("it ends too early");
    return this.#bytes[this.#position++]!;
  }

  uint32(): number {
    this.#need(4);
    let value = 0;
    for (let read = 0; read < 4; read += 1) value = value * 256 + this.#bytes[this.#position++]!;
    return value;
  }

  /** A whole number of at most `max`. */
  varint(max: number): number {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < 8; read += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 && read > 0) throw this.#refuse("a number has more bytes than it needs");
        if (value > max) throw this.#refuse(`a number is above its limit of ${max}`);
        return value;
      }
      scale *= 128;
    }
    throw this.#refuse("a number is too long");
  }

  /** So many characters, not checked yet: every byte becomes one. */
  latin1(length: number): string {
    this.#need(length);
    const start = this.#position;
    this.#position += length;
    return latin1(this.#bytes.subarray(start, this.#position));
  }

  /**
   * So many characters if they are a text that `recent` has; `null`, and nothing is read, if not.
   * Making a string of bytes, and hashing it where it is looked up, costs more than comparing.
   */
  recent(length: number, recent: RecentTexts): string | null {
    this.#need(length);
    const known = recent.find(this.#bytes, this.#position, length);
    if (known !== null) this.#position += length;
    return known;
  }

  /** A view of so many bytes; it keeps the whole input alive. */
  bytes(length: number): Uint8Array {
    this.#need(length);
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }

  number(): bigint {
    const head = this.varint(numberMaxBytes * 2 + 1);
    const length = head >>> 1;
    if (length === 0) {
      if (head === 1) throw this.#refuse("zero has no sign");
      return 0n;
    }
    this.#need(length);
    if (this.#bytes[this.#position] === 0) throw this.#refuse("a number begins with a zero byte");
    const magnitude = length <= 6 ? this.#small(length) : this.#large(length);
    return head % 2 === 1 ? -magnitude : magnitude;
  }

  end(): void {
    if (this.remaining > 0) throw this.#refuse("something follows its end");
  }

  #small(length: number): bigint {
    let value = 0;
    for (let read = 0; read < length; read += 1) {
      value = value * 256 + this.#bytes[this.#position++]!;
    }
    return BigInt(value);
  }

  #large(length: number): bigint {
    let digits = "0x";
    for (let read = 0; read < length; read += 1) {
      digits += this.#bytes[this.#position++]!.toString(16).padStart(2, "0");
    }
    return BigInt(digits);
  }

  #need(length: number): void {
    if (this.remaining < length) throw this.#refuse("it ends too early");
  }
}
