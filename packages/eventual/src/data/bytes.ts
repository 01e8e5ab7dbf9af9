/**
 * Bytes in and out: varints, ASCII, hexadecimal ids, and signed numbers of any size up to a limit.
 * Everything has exactly one encoding, and the reader refuses every other one, so equal things have
 * equal bytes.
 */
import { MalformedError } from "./errors.ts";

const safe = BigInt(Number.MAX_SAFE_INTEGER);

/** Appends to a buffer that doubles when it is full. */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written, in a buffer of its own. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
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

  /** The length as a varint, then the characters, one byte each. */
  text(text: string): void {
    this.varint(text.length);
    this.#reserve(text.length);
    for (let at = 0; at < text.length; at += 1) {
      this.#bytes[this.#length++] = text.charCodeAt(at);
    }
  }

  /** Any text: its length in UTF-16 units as a varint, then each of them as one. */
  wide(text: string): void {
    this.varint(text.length);
    for (let at = 0; at < text.length; at += 1) this.varint(text.charCodeAt(at));
  }

  /** As they are, without their length. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Lower-case hexadecimal digits, two a byte; hyphens are left out. */
  hex(digits: string): void {
    this.#reserve(digits.length >> 1);
    let high = -1;
    for (let at = 0; at < digits.length; at += 1) {
      const code = digits.charCodeAt(at);
      if (code === hyphen) continue;
      const nibble = code < 58 ? code - 48 : code - 87;
      if (high >= 0) this.#bytes[this.#length++] = high * 16 + nibble;
      high = high >= 0 ? -1 : nibble;
    }
  }

  /** Length × 2 + sign as a varint, then the magnitude, the highest byte first. */
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
    this.hex(digits.padStart(length * 2, "0"));
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

const hyphen = 45;

function byteLength(value: number): number {
  return (39 - Math.clz32(value)) >> 3;
}

const nibbles = [...Array(16).keys()].map((nibble) => nibble.toString(16).charCodeAt(0));

/** Reads what {@link ByteWriter} wrote, and throws {@link MalformedError} of anything else. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  byte(): number {
    this.#need(1);
    return this.#bytes[this.#position++]!;
  }

  /** A whole number of at most `max`. */
  varint(max: number): number {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < 8; read += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 && read > 0) {
          throw new MalformedError("a number has more bytes than it needs");
        }
        if (value > max) throw new MalformedError(`a number is above its limit of ${max}`);
        return value;
      }
      scale *= 128;
    }
    throw new MalformedError("a number is too long");
  }

  /** How many things follow: no more than `max`, and than there are bytes for. */
  count(max: number, leastBytesEach: number): number {
    const count = this.varint(max);
    this.#need(count * leastBytesEach);
    return count;
  }

  /** So many characters, not checked yet: every byte becomes one. */
  text(length: number): string {
    this.#need(length);
    this.#position += length;
    return characters(this.#bytes.subarray(this.#position - length, this.#position));
  }

  /** Any text of at most so many UTF-16 units. */
  wide(maxLength: number): string {
    const units: number[] = [];
    for (let left = this.count(maxLength, 1); left > 0; left -= 1) units.push(this.varint(0xffff));
    return characters(units);
  }

  /** So many bytes as twice as many lower-case hexadecimal digits. */
  hex(length: number): string {
    return characters(this.#digits(length));
  }

  /** Sixteen bytes as a UUID in lower case. */
  uuid(): string {
    const digits = this.#digits(16);
    const codes: number[] = [];
    for (let at = 0; at < 32; at += 1) {
      if (at === 8 || at === 12 || at === 16 || at === 20) codes.push(hyphen);
      codes.push(digits[at]!);
    }
    return characters(codes);
  }

  /** A number of which the magnitude is below `limit`. */
  number(limit: bigint): bigint {
    const head = this.varint(numberBytesMax * 2 + 1);
    const length = head >>> 1;
    if (length === 0) {
      if (head === 1) throw new MalformedError("zero has no sign");
      return 0n;
    }
    this.#need(length);
    if (this.#bytes[this.#position] === 0) {
      throw new MalformedError("a number begins with a zero byte");
    }
    const magnitude = length <= 6 ? this.#small(length) : BigInt(`0x${this.hex(length)}`);
    if (magnitude >= limit) throw new MalformedError("a number is above its limit");
    return head % 2 === 1 ? -magnitude : magnitude;
  }

  /** A number from 0 to below `limit`. */
  natural(limit: bigint): bigint {
    const value = this.number(limit);
    if (value < 0n) throw new MalformedError("a number is below zero");
    return value;
  }

  /** A copy of so many bytes. */
  raw(length: number): Uint8Array {
    this.#need(length);
    this.#position += length;
    return this.#bytes.slice(this.#position - length, this.#position);
  }

  end(): void {
    if (this.remaining > 0) throw new MalformedError("something follows its end");
  }

  #small(length: number): bigint {
    let value = 0;
    for (let read = 0; read < length; read += 1) {
      value = value * 256 + this.#bytes[this.#position++]!;
    }
    return BigInt(value);
  }

  #digits(length: number): number[] {
    this.#need(length);
    const codes: number[] = [];
    for (const end = this.#position + length; this.#position < end; this.#position += 1) {
      const byte = this.#bytes[this.#position]!;
      codes.push(nibbles[byte >> 4]!, nibbles[byte & 15]!);
    }
    return codes;
  }

  #need(length: number): void {
    if (this.remaining < length) throw new MalformedError("it ends too early");
  }
}

/** Most bytes of the magnitude of a number, in any format here: below 2^320. */
const numberBytesMax = 40;

/** One string from the codes. (Joining substrings would keep each of them alive in memory.) */
function characters(codes: ArrayLike<number>): string {
  return String.fromCharCode.apply(null, codes as number[]);
}
