/**
 * Bytes in and out. Everything has exactly one encoding, and the reader refuses every other one, so
 * equal things have equal bytes.
 */

/** Makes the error that a reader throws; each format has its own class. */
export type Refuse = (why: string) => Error;

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

  /** A view of what was written since the last time; then it is empty. The next writing changes it. */
  view(): Uint8Array {
    const view = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return view;
  }

  /** What was written since the last time, in a buffer of its own; then it is empty. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number from 0 to 2^53 − 1: seven bits a byte, the lowest first. */
  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
    }
    this.#bytes[this.#length++] = rest;
  }

  /** The characters of a string, one byte each, without its length. */
  latin1(text: string): void {
    this.#reserve(text.length);
    for (let at = 0; at < text.length; at += 1) this.#bytes[this.#length++] = text.charCodeAt(at);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Reads what {@link ByteWriter} wrote, and throws what `refuse` makes of anything else. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #refuse: Refuse;
  #position = 0;

  constructor(bytes: Uint8Array, refuse: Refuse) {
    this.#bytes = bytes;
    this.#refuse = refuse;
  }

  get position(): number {
    return this.#position;
  }

  byte(): number {
    if (this.#position >= this.#bytes.length) throw this.#refuse("it ends too early");
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
    return latin1(this.bytes(length));
  }

  /** A view of so many bytes; it keeps the whole input alive. */
  bytes(length: number): Uint8Array {
    if (this.#bytes.length - this.#position < length) throw this.#refuse("it ends too early");
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }

  /** A view of all that is left. */
  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#position);
  }

  end(): void {
    if (this.#position < this.#bytes.length) throw this.#refuse("something follows its end");
  }
}

/** Every byte as a character; for short texts. (Adding one after the other costs more memory.) */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}
