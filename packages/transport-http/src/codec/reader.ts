/** Reads fields of one frame. Everything is checked against the end of the frame first. */
import { DecodeError } from "./errors.ts";
import { VARINT_MAX_BYTES } from "./writer.ts";

export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  position: number;

  /** Reads `bytes` from `start` to before `end`. */
  constructor(bytes: Uint8Array, { start, end }: { start: number; end: number }) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  byte(): number {
    if (this.position >= this.end) throw truncated();
    return this.bytes[this.position++]!;
  }

  flag(): boolean {
    const value = this.byte();
    if (value > 1) throw new DecodeError("flag", "a flag is 0 or 1");
    return value === 1;
  }

  /** An integer from 0 to 2^53 - 1, in as few bytes as it needs. */
  varint(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 128;
    for (let length = 2; length <= VARINT_MAX_BYTES; length += 1, scale *= 128) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (next >= 0x80) continue;
      // One value, one encoding: what is decoded and encoded again is the same bytes.
      if (next === 0) throw new DecodeError("number", "a number is longer than it needs");
      // Sums above 2^53 are rounded, but never down below 2^53.
      if (value > Number.MAX_SAFE_INTEGER) throw tooLarge();
      return value;
    }
    throw tooLarge();
  }

  /** How many items follow, each of at least `itemMinBytes`. */
  count({ max, itemMinBytes }: { max: number; itemMinBytes: number }): number {
    const count = this.varint();
    if (count > max) throw new DecodeError("count", `${count} items, at most ${max} are allowed`);
    if (count * itemMinBytes > this.remaining) {
      throw new DecodeError("count", `${count} items do not fit into ${this.remaining} bytes`);
    }
    return count;
  }

  /** Visible ASCII. */
  text({ minLength, maxLength }: { minLength: number; maxLength: number }): string {
    const length = this.varint();
    if (length < minLength || length > maxLength) {
      throw new DecodeError("text", `text of ${length} characters: ${minLength}–${maxLength} fit`);
    }
    if (length > this.remaining) throw truncated();
    let text = "";
    for (const stop = this.position + length; this.position < stop; this.position += 1) {
      const character = this.bytes[this.position]!;
      if (character < 0x21 || character > 0x7e) {
        throw new DecodeError("text", "text is visible ASCII");
      }
      text += String.fromCharCode(character);
    }
    return text;
  }

  /** All that is left, as a copy with a buffer of its own. */
  copyOfRest(): Uint8Array {
    const copy = new Uint8Array(this.bytes.subarray(this.position, this.end));
    this.position = this.end;
    return copy;
  }
}

/** A field reaches beyond the end of its frame. */
export function truncated(): DecodeError {
  return new DecodeError("truncated", "a field reaches beyond the end of its frame");
}

function tooLarge(): DecodeError {
  return new DecodeError("number", "a number is above 2^53 - 1");
}
