/**
 * The message of one direction of a TCP stream, decoded as its bytes arrive and in slices: a
 * push/pull of ten thousand members must not keep an event loop from answering pings.
 *
 * The decoder unwraps layer by layer: label, encryption, compression. A plain stream is read row
 * by row; an encrypted one has to be complete first, as nothing in it is true before its tag is.
 */
import type { StreamMessage } from "../messages.ts";
import { ByteQueue } from "./byte-queue.ts";
import { openFrame } from "./crypto-frame.ts";
import { passLabel } from "./label.ts";
import * as limits from "./limits.ts";
import { LzwDecoder } from "./lzw-decoder.ts";
import * as type from "./message-types.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import type { WireOptions } from "./options.ts";
import { readCompressed } from "./packet.ts";
import { refusalOf, WireError, type Refusal } from "./refusal.ts";
import { BodyReader } from "./stream-body.ts";
import { associatedBytes, ENCRYPT_HEAD_BYTES } from "./stream-encoder.ts";

/** Bytes that one step decompresses. */
const INFLATE_SLICE_BYTES = 64 * 1024;

/** What a step came to. */
export type StreamStep =
  /** All that came was read; more has to come. */
  | { readonly kind: "wait" }
  /** There is more to do: let others have the thread, then step again. */
  | { readonly kind: "more" }
  /** Done. Rows of a push/pull that were refused are left out of the message. */
  | {
      readonly kind: "message";
      readonly message: StreamMessage;
      readonly refusals: readonly Refusal[];
    }
  /** Done: the stream cannot be understood any further. */
  | { readonly kind: "refused"; readonly refusal: Refusal };

const WAIT: StreamStep = { kind: "wait" };
const MORE: StreamStep = { kind: "more" };

export class StreamDecoder {
  readonly #options: WireOptions;
  #queue: ByteQueue = new ByteQueue();
  /** No more bytes come into the queue: what is cut off stays so. */
  #complete: boolean = false;
  #stage: "label" | "encryption" | "compression" | "inflating" | "body" = "label";
  #inflater: LzwDecoder | null = null;
  #body: BodyReader | null = null;
  #last: StreamStep | null = null;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  /** Bytes that wait to be read; at most a frame and what came after it. */
  get bufferedBytes(): number {
    return this.#queue.length;
  }

  /** Takes bytes from the socket; the decoder may keep the chunk. */
  push(chunk: Uint8Array): void {
    // Behind an encrypted or compressed message nothing follows that anybody reads.
    if (!this.#complete && this.#last === null) this.#queue.push(chunk);
  }

  /** The other side has ended its direction. */
  end(): void {
    this.#complete = true;
  }

  /** Decodes one slice. After a message or a refusal it answers the same for ever. */
  step(): StreamStep {
    if (this.#last !== null) return this.#last;
    try {
      const step = this.#advance();
      if (step.kind === "message") this.#finish(step);
      return step;
    } catch (error) {
      return this.#finish({ kind: "refused", refusal: refusalOf(error) });
    }
  }

  #finish(step: StreamStep): StreamStep {
    this.#last = step;
    this.#queue = new ByteQueue();
    this.#inflater = null;
    this.#body = null;
    return step;
  }

  #advance(): StreamStep {
    switch (this.#stage) {
      case "label":
        return this.#passLabel();
      case "encryption":
        return this.#decrypt();
      case "compression":
        return this.#decompress();
      case "inflating":
        return this.#inflate();
      case "body":
        return this.#read();
    }
  }

  #passLabel(): StreamStep {
    const start = passLabel(this.#queue.view, this.#options.label);
    if (start === null) return this.#wait();
    this.#queue.drop(start);
    this.#stage = "encryption";
    return MORE;
  }

  #decrypt(): StreamStep {
    const view = this.#queue.view;
    if (view.length === 0) return this.#wait();
    const { cipher, verifyIncoming, label } = this.#options;
    this.#stage = "compression";
    if (view[0] !== type.ENCRYPT) {
      if (cipher === null || !verifyIncoming) return MORE;
      throw new WireError("encryption", "the stream is not encrypted");
    }
    if (cipher === null) throw new WireError("encryption", "the stream is encrypted, we are not");
    const length = frameLength(view);
    if (length === null || view.length < ENCRYPT_HEAD_BYTES + length) {
      this.#stage = "encryption";
      return this.#wait();
    }
    const head = view.slice(0, ENCRYPT_HEAD_BYTES);
    const frame = view.subarray(ENCRYPT_HEAD_BYTES, ENCRYPT_HEAD_BYTES + length);
    this.#replaceBy(openFrame(cipher, frame, associatedBytes(head, label)));
    return MORE;
  }

  #decompress(): StreamStep {
    const view = this.#queue.view;
    if (view.length === 0) return this.#wait();
    if (view[0] !== type.COMPRESS) {
      this.#stage = "body";
      return MORE;
    }
    const buffer = this.#readCompressed(view);
    if (buffer === null) return WAIT;
    this.#inflater = new LzwDecoder(buffer, limits.STREAM_INFLATED_MAX_BYTES);
    this.#complete = true;
    this.#stage = "inflating";
    return MORE;
  }

  /** The compressed bytes, or null while they have not all come. */
  #readCompressed(view: Uint8Array): Uint8Array | null {
    try {
      return readCompressed(new MsgpackReader(view, 1), limits.STREAM_FRAME_MAX_BYTES);
    } catch (error) {
      const most = limits.STREAM_FRAME_MAX_BYTES + limits.STREAM_ITEM_MAX_BYTES;
      const final = this.#complete || view.length > most;
      if (final || refusalOf(error).reason !== "truncated") throw error;
      return null;
    }
  }

  #inflate(): StreamStep {
    this.#inflater!.run(INFLATE_SLICE_BYTES);
    if (!this.#inflater!.ended) return MORE;
    this.#replaceBy(this.#inflater!.output);
    this.#inflater = null;
    this.#stage = "body";
    return MORE;
  }

  #read(): StreamStep {
    this.#body ??= new BodyReader();
    const result = this.#body.read(this.#queue, this.#complete);
    if (result === "wait") return this.#wait();
    if (result === "more") return MORE;
    return { kind: "message", message: result, refusals: this.#body.refusals };
  }

  #wait(): StreamStep {
    if (this.#complete) throw new WireError("truncated", "the stream ended within its message");
    return WAIT;
  }

  #replaceBy(bytes: Uint8Array): void {
    this.#queue = new ByteQueue();
    this.#queue.push(bytes);
    this.#complete = true;
  }
}

/** The length of an encrypted frame; null while its head is not there. */
function frameLength(view: Uint8Array): number | null {
  if (view.length < ENCRYPT_HEAD_BYTES) return null;
  const length = ((view[1]! << 24) | (view[2]! << 16) | (view[3]! << 8) | view[4]!) >>> 0;
  if (length > limits.STREAM_FRAME_MAX_BYTES) {
    throw new WireError("limit", `an encrypted frame of ${length} bytes`);
  }
  return length;
}
