/**
 * The opaque parts of a message: records, a piece of a snapshot. Their lengths stand where they
 * belong, and their bytes follow behind everything else, in the same order; so a message is put
 * together in one copy, and nothing is allocated before all lengths are known to fit.
 */
import type { ByteReader, ByteWriter } from "../data/bytes.ts";
import { MalformedError } from "../data/errors.ts";
import { messageMaxBytes, payloadMaxBytes } from "./limits.ts";

export class PayloadWriter {
  readonly #payloads: Uint8Array[] = [];
  #length = 0;

  /** @throws {RangeError} */
  add(out: ByteWriter, payload: Uint8Array): void {
    if (payload.length === 0) throw new RangeError("a payload is empty");
    if (payload.length > payloadMaxBytes) throw new RangeError("a payload is too large");
    out.varint(payload.length);
    this.#payloads.push(payload);
    this.#length += payload.length;
  }

  /** @throws {RangeError} */
  after(out: ByteWriter): Uint8Array {
    const head = out.copy();
    const length = head.length + this.#length;
    if (length > messageMaxBytes) throw new RangeError("the message is too large");
    if (this.#payloads.length === 0) return head;
    const message = new Uint8Array(length);
    message.set(head);
    let at = head.length;
    for (const payload of this.#payloads) {
      message.set(payload, at);
      at += payload.length;
    }
    return message;
  }
}

export class PayloadReader {
  readonly #wanted: { readonly into: Uint8Array[]; readonly length: number }[] = [];
  #length = 0;

  /** Reads a length; the payload is put into the list when `end` is called. */
  read(input: ByteReader, into: Uint8Array[]): void {
    const length = input.varint(payloadMaxBytes);
    if (length === 0) throw new MalformedError("a payload is empty");
    this.#wanted.push({ into, length });
    this.#length += length;
    if (this.#length > input.remaining) throw new MalformedError("it ends too early");
  }

  /**
   * @param bytes - the whole message, which `input` has read but for the payloads
   * @throws {MalformedError} when not exactly the payloads are left
   */
  end(input: ByteReader, bytes: Uint8Array): void {
    if (input.remaining < this.#length) throw new MalformedError("it ends too early");
    if (input.remaining > this.#length) throw new MalformedError("something follows its end");
    let at = bytes.length - this.#length;
    for (const { into, length } of this.#wanted) {
      // A copy: records are kept one by one, and a view would keep the whole message alive.
      into.push(bytes.slice(at, at + length));
      at += length;
    }
  }
}
