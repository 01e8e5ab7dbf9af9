/**
 * Writes the part of msgpack that memberlist speaks.
 *
 * The old form of the format: text and bytes are both "raw" (fixraw, raw16, raw32). The newer
 * str8 and bin forms are never written, as go-msgpack 0.5.5 cannot read them in every place.
 */
import { encodeUtf8 } from "./utf8.ts";

const FIRST_BYTES = 256;

export class MsgpackWriter {
  #bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  #length: number = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Bytes as they are, without a header: message types and bodies in raw form. */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  uint16(value: number): void {
    this.byte(value >>> 8);
    this.byte(value & 0xff);
  }

  uint32(value: number): void {
    this.uint16(value >>> 16);
    this.uint16(value & 0xffff);
  }

  nil(): void {
    this.byte(0xc0);
  }

  flag(value: boolean): void {
    this.byte(value ? 0xc3 : 0xc2);
  }

  /** The head of a map of `size` fields, at most 2^16 - 1. */
  map(size: number): void {
    if (size < 16) return this.byte(0x80 | size);
    if (size < 0x10000) {
      this.byte(0xde);
      return this.uint16(size);
    }
    this.byte(0xdf);
    this.uint32(size);
  }

  /** The head of a list of `size` items. */
  array(size: number): void {
    if (size < 16) return this.byte(0x90 | size);
    if (size < 0x10000) {
      this.byte(0xdc);
      return this.uint16(size);
    }
    this.byte(0xdd);
    this.uint32(size);
  }

  /** A safe integer, in as few bytes as it needs; not negative ones in unsigned form. */
  integer(value: number): void {
    if (value < 0) return this.#negative(value);
    if (value < 0x80) return this.byte(value);
    if (value < 0x100) {
      this.byte(0xcc);
      return this.byte(value);
    }
    if (value < 0x10000) {
      this.byte(0xcd);
      return this.uint16(value);
    }
    if (value < 0x100000000) {
      this.byte(0xce);
      return this.uint32(value);
    }
    this.byte(0xcf);
    this.#wide(value);
  }

  #negative(value: number): void {
    if (value >= -32) return this.byte(value & 0xff);
    this.byte(0xd3);
    this.#wide(value);
  }

  /** 64 bits; the floor of a negative quotient and a wrapped rest are its two's complement. */
  #wide(value: number): void {
    this.uint32(Math.floor(value / 0x100000000) >>> 0);
    this.uint32(value >>> 0);
  }

  double(value: number): void {
    this.byte(0xcb);
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#length, value);
    this.#length += 8;
  }

  /** Text in raw form. */
  text(value: string): void {
    if (value.length >= 32 || !this.#shortAscii(value)) this.bytes(encodeUtf8(value));
  }

  /** Writes a short text of ASCII without a detour; nothing if it is another. */
  #shortAscii(value: string): boolean {
    this.#reserve(1 + value.length);
    let at = this.#length;
    this.#bytes[at++] = 0xa0 | value.length;
    for (let index = 0; index < value.length; index += 1) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) return false;
      this.#bytes[at++] = code;
    }
    this.#length = at;
    return true;
  }

  /** Bytes in raw form; null is nil, which Go reads as an absent slice. */
  bytes(value: Uint8Array | null): void {
    if (value === null) return this.nil();
    if (value.length < 32) {
      this.byte(0xa0 | value.length);
    } else if (value.length < 0x10000) {
      this.byte(0xda);
      this.uint16(value.length);
    } else {
      this.byte(0xdb);
      this.uint32(value.length);
    }
    this.append(value);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
