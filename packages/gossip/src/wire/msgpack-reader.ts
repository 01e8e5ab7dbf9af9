/**
 * Reads the part of msgpack that memberlist speaks, old forms and new.
 *
 * Every length is checked against its limit and against what is left before anything is
 * allocated. What is read is copied: a member's metadata must not keep a datagram alive.
 */
import { knownKey } from "./keys.ts";
import { KEY_MAX_BYTES, MAP_MAX_FIELDS, SKIP_MAX_DEPTH } from "./limits.ts";
import { WireError } from "./refusal.ts";
import { decodeUtf8 } from "./utf8.ts";

const NIL = 0xc0;

/*
 * A record is read as a loop over its keys: a `switch` reads the values of those it knows and
 * skips the others. The last of two equal keys counts, as in Go.
 */
export class MsgpackReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #position: number;

  /** Reads `bytes` from `start` to before `end`. */
  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  /** Where the next value begins. */
  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  /** The number of fields of a map; 0 for nil, which Go reads as a record of zeros. */
  map(maxFields: number = MAP_MAX_FIELDS): number {
    const head = this.byte();
    if (head === NIL) return 0;
    if ((head & 0xf0) === 0x80) return this.#count(head & 0x0f, maxFields, 2);
    if (head === 0xde) return this.#count(this.#uint(2), maxFields, 2);
    if (head === 0xdf) return this.#count(this.#uint(4), maxFields, 2);
    throw unexpected("a map");
  }

  /** The number of items of a list; null for nil. */
  array(maxItems: number): number | null {
    const head = this.byte();
    if (head === NIL) return null;
    if ((head & 0xf0) === 0x90) return this.#count(head & 0x0f, maxItems, 1);
    if (head === 0xdc) return this.#count(this.#uint(2), maxItems, 1);
    if (head === 0xdd) return this.#count(this.#uint(4), maxItems, 1);
    throw unexpected("a list");
  }

  /** The name of a field. */
  key(): string {
    return this.raw(KEY_MAX_BYTES, readKey) ?? "";
  }

  /** UTF-8 text of at most `maxBytes`; nil is empty. */
  text(maxBytes: number): string {
    return this.raw(maxBytes, decodeUtf8) ?? "";
  }

  /** What `read` makes of at most `maxBytes` bytes where they lie; null for nil. */
  raw<T>(maxBytes: number, read: (bytes: Uint8Array, start: number, end: number) => T): T | null {
    const length = this.#rawLength(maxBytes);
    if (length === null) return null;
    this.#position += length;
    return read(this.#bytes, this.#position - length, this.#position);
  }

  /** At most `maxBytes` bytes, copied; null for nil. */
  bytes(maxBytes: number): Uint8Array | null {
    return this.raw(maxBytes, copy);
  }

  /** At most `maxBytes` bytes, not copied: for what is read on at once. */
  view(maxBytes: number): Uint8Array | null {
    return this.raw(maxBytes, (bytes, start, end) => bytes.subarray(start, end));
  }

  /** An integer from 0 to `max`, whatever form it has; nil is 0. */
  uint(max: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.integer();
    if (value < 0 || value > max) throw new WireError("number", `a number is not in 0 to ${max}`);
    return value;
  }

  /** A safe integer in any of msgpack's forms; nil is 0. */
  integer(): number {
    const head = this.byte();
    if (head < 0x80) return head;
    if (head >= 0xe0) return head - 0x100;
    switch (head) {
      case NIL:
        return 0;
      case 0xcc:
        return this.#uint(1);
      case 0xcd:
        return this.#uint(2);
      case 0xce:
        return this.#uint(4);
      case 0xcf:
        return this.#wide(this.#uint(4));
      case 0xd0:
        return (this.#uint(1) << 24) >> 24;
      case 0xd1:
        return (this.#uint(2) << 16) >> 16;
      case 0xd2:
        return this.#uint(4) | 0;
      case 0xd3:
        return this.#wide(this.#uint(4) | 0);
      default:
        throw unexpected("an integer");
    }
  }

  flag(): boolean {
    const head = this.byte();
    if (head === 0xc3) return true;
    if (head === 0xc2 || head === NIL) return false;
    throw unexpected("a flag");
  }

  /** A finite number in one of the two floating forms, or an integer. */
  double(): number {
    const head = this.#peek();
    if (head !== 0xca && head !== 0xcb) return this.integer();
    const size = head === 0xca ? 4 : 8;
    this.#need(1 + size);
    const at = this.#bytes.byteOffset + this.#position + 1;
    const view = new DataView(this.#bytes.buffer, at, size);
    this.#position += 1 + size;
    const value = size === 4 ? view.getFloat32(0) : view.getFloat64(0);
    if (!Number.isFinite(value)) throw new WireError("number", "a number is not finite");
    return value;
  }

  byte(): number {
    this.#need(1);
    return this.#bytes[this.#position++]!;
  }

  /** Whether the next value is nil; it is passed if so. */
  skipNil(): boolean {
    if (this.#peek() !== NIL) return false;
    this.#position += 1;
    return true;
  }

  /** Passes one value of any kind: a newer sender may have fields that we do not know. */
  skip(depth: number = SKIP_MAX_DEPTH): void {
    const head = this.byte();
    if (head < 0x80 || head >= 0xe0 || head === NIL || head === 0xc2 || head === 0xc3) return;
    if (head < 0xa0) {
      const size = head & 0x0f;
      return this.#skipItems(head < 0x90 ? size * 2 : size, depth);
    }
    if (head < 0xc0) return this.#pass(head & 0x1f);
    if (head >= 0xdc && head <= 0xdf) {
      const size = this.#uint(head % 2 === 0 ? 2 : 4);
      return this.#skipItems(head >= 0xde ? size * 2 : size, depth);
    }
    this.#pass(this.#sizeOf(head));
  }

  /** Bytes that follow the head of a value which is no list and no map. */
  #sizeOf(head: number): number {
    if (head >= 0xc4 && head <= 0xc6) return this.#uint(1 << (head - 0xc4)); // bin
    if (head >= 0xc7 && head <= 0xc9) return this.#uint(1 << (head - 0xc7)) + 1; // ext
    if (head === 0xca || head === 0xcb) return head === 0xca ? 4 : 8; // float
    if (head >= 0xcc && head <= 0xcf) return 1 << (head - 0xcc); // uint
    if (head >= 0xd0 && head <= 0xd3) return 1 << (head - 0xd0); // int
    if (head >= 0xd4 && head <= 0xd8) return (1 << (head - 0xd4)) + 1; // fixext
    if (head >= 0xd9 && head <= 0xdb) return this.#uint(1 << (head - 0xd9)); // raw
    throw unexpected("a value");
  }

  #skipItems(count: number, depth: number): void {
    if (depth === 0) throw new WireError("limit", "values are nested too deep");
    if (count > this.remaining) throw truncated();
    for (let item = 0; item < count; item += 1) this.skip(depth - 1);
  }

  /** The length of text or bytes in any form; null for nil. */
  #rawLength(maxBytes: number): number | null {
    const head = this.byte();
    let length: number;
    if ((head & 0xe0) === 0xa0) length = head & 0x1f;
    else if (head === NIL) return null;
    else if (head === 0xd9 || head === 0xc4) length = this.#uint(1);
    else if (head === 0xda || head === 0xc5) length = this.#uint(2);
    else if (head === 0xdb || head === 0xc6) length = this.#uint(4);
    else throw unexpected("text or bytes");
    if (length > maxBytes) throw tooLong(length, maxBytes);
    this.#need(length);
    return length;
  }

  #count(count: number, max: number, itemMinBytes: number): number {
    if (count > max) throw new WireError("limit", `${count} items, at most ${max} are accepted`);
    if (count * itemMinBytes > this.remaining) throw truncated();
    return count;
  }

  #uint(size: number): number {
    this.#need(size);
    let value = 0;
    for (let index = 0; index < size; index += 1) {
      value = value * 256 + this.#bytes[this.#position++]!;
    }
    return value;
  }

  #wide(high: number): number {
    const value = high * 0x100000000 + this.#uint(4);
    if (!Number.isSafeInteger(value)) throw new WireError("number", "a number is beyond 2^53 - 1");
    return value;
  }

  #pass(size: number): void {
    this.#need(size);
    this.#position += size;
  }

  #peek(): number {
    this.#need(1);
    return this.#bytes[this.#position]!;
  }

  #need(size: number): void {
    if (size > this.#end - this.#position) throw truncated();
  }
}

function readKey(bytes: Uint8Array, start: number, end: number): string {
  return knownKey(bytes, start, end) ?? decodeUtf8(bytes, start, end);
}

function copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return bytes.slice(start, end);
}

/** More bytes were announced than are there. */
export function truncated(): WireError {
  return new WireError("truncated", "a value reaches beyond the end of its message");
}

function tooLong(length: number, max: number): WireError {
  return new WireError("limit", `${length} bytes, at most ${max} are accepted`);
}

function unexpected(wanted: string): WireError {
  return new WireError("type", `${wanted} was expected`);
}
