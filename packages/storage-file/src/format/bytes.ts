/** Little-endian numbers, and LEB128 varints: seven bits a byte, low bits first. */

/** No safe integer takes more. */
export const varintMaxBytes = 8;

const two32 = 2 ** 32;

/** Bytes that pass their checksum and still make no sense: written by a bug or a newer version. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function getU32(bytes: Uint8Array, at: number): number {
  const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  return low + bytes[at + 3]! * 2 ** 24;
}

/** `value` is a safe integer from 0 upwards. */
export function putU64(bytes: Uint8Array, at: number, value: number): void {
  putU32(bytes, at, value % two32);
  putU32(bytes, at + 4, Math.floor(value / two32));
}

/** @throws {MalformedError} beyond 2^53 - 1 */
export function getU64(bytes: Uint8Array, at: number): number {
  const value = getU32(bytes, at) + getU32(bytes, at + 4) * two32;
  if (!Number.isSafeInteger(value)) throw new MalformedError("a number is beyond 2^53");
  return value;
}

/** Returns the position behind the varint. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  for (; rest > 0x7fffffff; rest = Math.floor(rest / 128)) bytes[to++] = (rest % 128) | 0x80;
  for (; rest > 0x7f; rest >>>= 7) bytes[to++] = (rest & 0x7f) | 0x80;
  bytes[to++] = rest;
  return to;
}

/** Reads forward through `bytes` and never beyond `end`. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, range: { readonly start: number; readonly end: number }) {
    this.bytes = bytes;
    this.at = range.start;
    this.end = range.end;
  }

  get left(): number {
    return this.end - this.at;
  }

  byte(): number {
    if (this.at >= this.end) throw new MalformedError("a record ends too early");
    return this.bytes[this.at++]!;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < varintMaxBytes; count += 1, scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
    }
    throw new MalformedError("a number is beyond 2^53");
  }

  /** A view, not a copy. A plain Uint8Array, whatever `bytes` is. */
  view(length: number): Uint8Array {
    if (length > this.left) throw new MalformedError("a record ends too early");
    const view = new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + this.at, length);
    this.at += length;
    return view;
  }

  ascii(length: number): string {
    return String.fromCharCode(...this.view(length));
  }
}

export function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}
