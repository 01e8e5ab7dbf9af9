/** Writes fields into a buffer that is reused; what leaves is always a copy. */
import { EncodeError } from "./errors.ts";

const INITIAL_BYTES = 4096;
/** A buffer that a large configuration blew up beyond this is not kept. */
const KEPT_MAX_BYTES = 65_536;
/** 2^53 - 1 in groups of seven bits. */
export const VARINT_MAX_BYTES = 8;

export class Writer {
  #bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #position = 0;

  /** Forgets what was written and leaves room for a header of so many bytes. */
  begin(headerBytes: number): void {
    if (this.#bytes.length > KEPT_MAX_BYTES) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    this.#position = headerBytes;
  }

  /** A copy of everything written since `begin`, the room for the header included. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#position));
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#position++] = value;
  }

  flag(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  /** @throws EncodeError unless `value` is an integer from 0 to 2^53 - 1 */
  varint(value: number): void {
    this.#reserve(VARINT_MAX_BYTES);
    this.#position = writeVarint(this.#bytes, this.#position, value);
  }

  /** @throws EncodeError unless `value` is visible ASCII of `minLength` to `maxLength` characters */
  text(value: string, { minLength, maxLength }: { minLength: number; maxLength: number }): void {
    if (value.length < minLength || value.length > maxLength) {
      throw new EncodeError(`text of ${value.length} characters: ${minLength}–${maxLength} fit`);
    }
    this.varint(value.length);
    this.#reserve(value.length);
    for (let i = 0; i < value.length; i += 1) {
      const character = value.charCodeAt(i);
      if (character < 0x21 || character > 0x7e) throw new EncodeError("text is visible ASCII");
      this.#bytes[this.#position++] = character;
    }
  }

  #reserve(byteCount: number): void {
    const needed = this.#position + byteCount;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#position));
    this.#bytes = larger;
  }
}

/**
 * Little-endian groups of seven bits, the high bit saying that more follow.
 *
 * @returns the position after it
 * @throws EncodeError unless `value` is an integer from 0 to 2^53 - 1
 */
export function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new EncodeError(`${value} is not an integer from 0 to 2^53 - 1`);
  }
  let at = position;
  let rest = value;
  for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80;
  for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
  bytes[at++] = rest;
  return at;
}
