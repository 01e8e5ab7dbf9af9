/** What waits to be written to one socket: bounded, and one write for each turn. */
import type { Duplex } from "node:stream";

import type { EncodedFrame } from "./codec/frame.ts";
import type { TransportLimits } from "./options.ts";

/** Up to here copying into one buffer is cheaper than a vectored write. */
const CONCAT_MAX_BYTES = 65_536;

export class Outbox {
  readonly #socket: Duplex;
  readonly #limits: TransportLimits;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #waitingMessages = 0;
  /** Given to the socket and not yet taken by the operating system. */
  #writingBytes = 0;
  #writingMessages = 0;
  #blocked = false;
  #sent = 0;

  constructor(socket: Duplex, limits: TransportLimits) {
    this.#socket = socket;
    this.#limits = limits;
    socket.on("drain", () => {
      this.#blocked = false;
      this.flush();
    });
  }

  get queuedBytes(): number {
    return this.#waitingBytes + this.#writingBytes;
  }

  get queuedMessages(): number {
    return this.#waitingMessages + this.#writingMessages;
  }

  /** Messages taken by the operating system. */
  get sent(): number {
    return this.#sent;
  }

  /** Whether a frame of so many bytes still fits. */
  hasRoom(byteLength: number): boolean {
    return (
      this.queuedMessages < this.#limits.queueMaxMessages &&
      this.queuedBytes + byteLength <= this.#limits.queueMaxBytes
    );
  }

  /** Adds a message; the caller has asked {@link hasRoom} and calls {@link flush} later. */
  push(frame: EncodedFrame): void {
    this.#add(frame);
    this.#waitingMessages += 1;
  }

  /** Adds a ping, which is not a message, if nothing waits anyway. */
  ping(frame: EncodedFrame): void {
    if (this.queuedBytes > 0) return;
    this.#add(frame);
    this.flush();
  }

  /** Writes all that waits, unless the socket asked to wait for `drain`. */
  flush(): void {
    if (this.#blocked || this.#waiting.length === 0 || this.#socket.destroyed) return;
    const parts = this.#waiting;
    const bytes = this.#waitingBytes;
    const messages = this.#waitingMessages;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#waitingMessages = 0;
    this.#writingBytes += bytes;
    this.#writingMessages += messages;
    const onWritten = (error: Error | null | undefined): void => {
      this.#writingBytes -= bytes;
      this.#writingMessages -= messages;
      // The socket reports a failed write through its own error event, too.
      if (error === null || error === undefined) this.#sent += messages;
    };
    this.#blocked = !this.#write(parts, bytes, onWritten);
  }

  #add(frame: EncodedFrame): void {
    this.#waiting.push(frame.head);
    if (frame.body !== null) this.#waiting.push(frame.body);
    this.#waitingBytes += frame.byteLength;
  }

  #write(
    parts: readonly Uint8Array[],
    bytes: number,
    onWritten: (error: Error | null | undefined) => void,
  ): boolean {
    if (parts.length === 1) return this.#socket.write(parts[0]!, onWritten);
    if (bytes <= CONCAT_MAX_BYTES) {
      return this.#socket.write(Buffer.concat(parts, bytes), onWritten);
    }
    this.#socket.cork();
    for (const part of parts.slice(0, -1)) this.#socket.write(part);
    const more = this.#socket.write(parts.at(-1)!, onWritten);
    this.#socket.uncork();
    return more;
  }
}
