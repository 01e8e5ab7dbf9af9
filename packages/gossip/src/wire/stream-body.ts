/** What is inside a stream, past label, encryption and compression: one message, in slices. */
import type { PushPullState, StreamMessage } from "../messages.ts";
import type { ByteQueue } from "./byte-queue.ts";
import * as limits from "./limits.ts";
import * as field from "./map-fields.ts";
import { MapOf } from "./map-fields.ts";
import { readAck, readError, readPing, readState } from "./message-decoder.ts";
import * as type from "./message-types.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";
import { refusalOf, WireError, type Refusal } from "./refusal.ts";

/** Rows of a push/pull that one step reads: one or two milliseconds. */
const SLICE_ROWS = 128;
/** Refused rows that are told one by one; the others only go missing. */
const MAX_REFUSALS = 16;

const pushPullHeader = new MapOf({
  nodes: field.uint("Nodes", limits.PUSH_PULL_MAX_NODES),
  userStateBytes: field.uint("UserStateLen", limits.USER_STATE_MAX_BYTES),
  join: field.flag("Join"),
});
const userHeader = new MapOf({ bytes: field.uint("UserMsgLen", limits.USER_STATE_MAX_BYTES) });

/** Reads one body from a queue that may still grow. */
export class BodyReader {
  readonly refusals: Refusal[] = [];
  #kind: number | null = null;
  #header: ReturnType<typeof pushPullHeader.read> | null = null;
  #rowsRead: number = 0;
  readonly #states: PushPullState[] = [];
  #userBytes: number | null = null;

  /**
   * Reads on.
   *
   * @param complete - the queue will not grow any more
   * @returns the message; "wait" if more bytes are needed, "more" if another slice is
   * @throws WireError
   */
  read(queue: ByteQueue, complete: boolean): StreamMessage | "wait" | "more" {
    if (this.#kind === null) {
      if (queue.length === 0) return "wait";
      this.#kind = queue.view[0]!;
      queue.drop(1);
    }
    switch (this.#kind) {
      case type.PING:
        return item(queue, complete, readPing);
      case type.ACK:
        return item(queue, complete, readAck);
      case type.ERROR:
        return item(queue, complete, readError);
      case type.USER:
        return this.#readUser(queue, complete);
      case type.PUSH_PULL:
        return this.#readPushPull(queue, complete);
      default:
        throw new WireError("unknown", `type ${this.#kind} is no message of a stream`);
    }
  }

  #readUser(queue: ByteQueue, complete: boolean): StreamMessage | "wait" {
    if (this.#userBytes === null) {
      const header = item(queue, complete, userHeader.read);
      if (header === "wait") return header;
      this.#userBytes = header.bytes;
    }
    const payload = raw(queue, this.#userBytes);
    return payload === "wait" ? payload : { type: "user", payload };
  }

  #readPushPull(queue: ByteQueue, complete: boolean): StreamMessage | "wait" | "more" {
    if (this.#header === null) {
      const header = item(queue, complete, pushPullHeader.read);
      if (header === "wait") return header;
      this.#header = header;
    }
    const { join, nodes, userStateBytes } = this.#header;
    const stop = Math.min(nodes, this.#rowsRead + SLICE_ROWS);
    for (; this.#rowsRead < stop; this.#rowsRead += 1) {
      if (!this.#readRow(queue, complete)) return "wait";
    }
    if (this.#rowsRead < nodes) return "more";
    const userState = raw(queue, userStateBytes);
    if (userState === "wait") return userState;
    return { type: "pushPull", join, states: this.#states, userState };
  }

  /** Reads a row, or passes one that is well-formed but wrong: the other rows are still true. */
  #readRow(queue: ByteQueue, complete: boolean): boolean {
    try {
      const state = item(queue, complete, readState);
      if (state === "wait") return false;
      this.#states.push(state);
      return true;
    } catch (error) {
      const refusal = refusalOf(error);
      if (item(queue, complete, skipValue) === "wait") return false;
      if (this.refusals.length < MAX_REFUSALS) this.refusals.push(refusal);
      return true;
    }
  }
}

/** One value from the front of the queue, which it leaves only if it is whole. */
function item<T>(
  queue: ByteQueue,
  complete: boolean,
  read: (reader: MsgpackReader) => T,
): T | "wait" {
  const reader = queue.reader();
  try {
    const value = read(reader);
    queue.dropTo(reader);
    return value;
  } catch (error) {
    if (complete || refusalOf(error).reason !== "truncated") throw error;
    // It is read again from its start when more has come: short, or a drip would cost squares.
    if (queue.length > limits.STREAM_ITEM_MAX_BYTES) {
      throw new WireError("limit", "a header or a row of a stream is too long");
    }
    return "wait";
  }
}

function raw(queue: ByteQueue, bytes: number): Uint8Array | "wait" {
  if (queue.length < bytes) return "wait";
  const copy = queue.view.slice(0, bytes);
  queue.drop(bytes);
  return copy;
}

function skipValue(reader: MsgpackReader): true {
  reader.skip();
  return true;
}
