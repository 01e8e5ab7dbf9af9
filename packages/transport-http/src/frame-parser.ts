/** Cuts a byte stream into frames. Holds at most one unfinished frame. */
import { checkFrameLength, LENGTH_BYTES, readUint32 } from "./codec/frame.ts";

/** A frame without its length field: from `start` to before `end`. */
export interface RawFrame {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** `bytes` was made for this frame alone; otherwise it is the chunk that was pushed. */
  readonly owned: boolean;
}

export class FrameParser {
  readonly #frameMaxBytes: number;
  /** The length field, while it is incomplete. */
  readonly #prefix = new Uint8Array(LENGTH_BYTES);
  #prefixBytes = 0;
  /** The frame that is being put together, exactly as long as it will be. */
  #frame: Buffer | null = null;
  #frameBytes = 0;

  /** `frameMaxBytes` counts a whole frame, its length field included. */
  constructor(frameMaxBytes: number) {
    this.#frameMaxBytes = frameMaxBytes;
  }

  /**
   * Hands over every frame that `chunk` completes, in order, until `onFrame` says `false`: then
   * the stream is over and the rest is forgotten.
   *
   * @throws DecodeError when a length is out of range; the stream cannot be read any further
   */
  push(chunk: Uint8Array, onFrame: (frame: RawFrame) => boolean): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#frame !== null) {
        at += this.#fill(this.#frame, chunk, at);
        const complete = this.#takeComplete();
        if (complete !== null && !onFrame(complete)) return;
        continue;
      }
      const length = this.#takeLength(chunk, at);
      at += length.taken;
      if (length.value === null) return;
      checkFrameLength(length.value, this.#frameMaxBytes);
      if (length.value <= chunk.length - at) {
        const start = at;
        at += length.value;
        if (!onFrame({ bytes: chunk, start, end: at, owned: false })) return;
        continue;
      }
      // Never from the pool: entries will be views of it.
      this.#frame = Buffer.allocUnsafeSlow(length.value);
      this.#frameBytes = 0;
    }
  }

  #takeComplete(): RawFrame | null {
    const bytes = this.#frame;
    if (bytes === null || this.#frameBytes < bytes.length) return null;
    this.#frame = null;
    return { bytes, start: 0, end: bytes.length, owned: true };
  }

  #fill(frame: Buffer, chunk: Uint8Array, at: number): number {
    const taken = Math.min(frame.length - this.#frameBytes, chunk.length - at);
    frame.set(chunk.subarray(at, at + taken), this.#frameBytes);
    this.#frameBytes += taken;
    return taken;
  }

  #takeLength(chunk: Uint8Array, at: number): { value: number | null; taken: number } {
    if (this.#prefixBytes === 0 && chunk.length - at >= LENGTH_BYTES) {
      return { value: readUint32(chunk, at), taken: LENGTH_BYTES };
    }
    const taken = Math.min(LENGTH_BYTES - this.#prefixBytes, chunk.length - at);
    this.#prefix.set(chunk.subarray(at, at + taken), this.#prefixBytes);
    this.#prefixBytes += taken;
    if (this.#prefixBytes < LENGTH_BYTES) return { value: null, taken };
    this.#prefixBytes = 0;
    return { value: readUint32(this.#prefix, 0), taken };
  }
}
