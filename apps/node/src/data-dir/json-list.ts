/** Takes a JSON list apart into its elements, however it comes in pieces and is laid out. */

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openers: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const closers: ReadonlySet<number> = new Set([0x5d, 0x7d]);
const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

export class JsonList {
  readonly #elementMaxBytes: number;
  #depth = 0;
  #inText = false;
  #escaped = false;
  #closed = false;
  /** Whether an element must come: after a comma. */
  #owed = false;
  /** The part of an element that ended with the piece before. */
  #begun: Uint8Array = new Uint8Array(0);

  constructor(elementMaxBytes: number) {
    this.#elementMaxBytes = elementMaxBytes;
  }

  /**
   * The bytes of the elements that end in this piece: JSON of one value each, if they are JSON.
   *
   * @throws SyntaxError if it is no list, or an element is too long
   */
  *push(piece: Uint8Array): Generator<Uint8Array, void, undefined> {
    let from = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at]!;
      if (this.#inText) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === backslash) this.#escaped = true;
        else if (byte === quote) this.#inText = false;
        continue;
      }
      if (this.#depth === 0) {
        this.#outside(byte);
        from = at + 1;
        continue;
      }
      if (byte === quote) this.#inText = true;
      else if (openers.has(byte)) this.#depth += 1;
      else if (closers.has(byte)) this.#depth -= 1;
      const ends = this.#depth === 0 || (this.#depth === 1 && byte === comma);
      if (!ends) continue;
      const element = this.#joined(piece.subarray(from, at));
      this.#begun = new Uint8Array(0);
      from = at + 1;
      this.#closed = this.#depth === 0;
      const empty = element.every((one) => blanks.has(one));
      if (empty && (this.#owed || byte === comma)) throw new SyntaxError("an element is missing");
      this.#owed = byte === comma;
      if (!empty) yield element;
    }
    this.#begun = this.#joined(piece.slice(from));
  }

  /** @throws SyntaxError if it has not ended */
  end(): void {
    if (!this.#closed) throw new SyntaxError("the list has no end");
  }

  #outside(byte: number): void {
    if (blanks.has(byte)) return;
    if (byte !== 0x5b || this.#closed) throw new SyntaxError("it is not one list");
    this.#depth = 1;
  }

  #joined(more: Uint8Array): Uint8Array {
    const length = this.#begun.length + more.length;
    if (length > this.#elementMaxBytes) throw new SyntaxError("an element is too long");
    if (this.#begun.length === 0) return more;
    const whole = new Uint8Array(length);
    whole.set(this.#begun);
    whole.set(more, this.#begun.length);
    return whole;
  }
}
