/** TCP streams of a member, both ways: each carries one message and at most one answer. */
import { connect, type Socket } from "node:net";
import type { PushPull, StreamMessage } from "../messages.ts";
import type { Address } from "../types.ts";
import type { WireOptions } from "../wire/options.ts";
import type { Refusal } from "../wire/refusal.ts";
import { StreamDecoder } from "../wire/stream-decoder.ts";
import { encodeStreamInSlices } from "../wire/stream-encoder.ts";
import { canonicalHost } from "./addresses.ts";
import { inTurns } from "./turns.ts";

/** Streams that others may have open here at a time; memberlist's limit of push/pulls. */
export const INCOMING_STREAMS_MAX = 128;
/** Bytes of all open streams together that are not decoded yet. */
export const INCOMING_BUFFER_MAX_BYTES: number = 64 * 1024 * 1024;
/** Tables beyond this are sent as they are: compressing them would hold up everything else. */
const COMPRESSED_ROWS_MAX = 1_000;

/** What the streams need of their member. */
export interface StreamHost {
  readonly wire: WireOptions;
  readonly compress: boolean;
  readonly streamTimeoutMs: number;
  /** The table that we send, with the user state that belongs to it. */
  completed(message: PushPull): PushPull;
  onStream(stream: number, from: Address, message: StreamMessage): void;
  onRefused(refusal: Refusal, from: Address): void;
}

/** Encodes a message, with its user state if it is a push/pull; a long table in several turns. */
function encodeInTurns(
  { host, socket }: { readonly host: StreamHost; readonly socket: Socket },
  message: StreamMessage,
  done: (bytes: Uint8Array) => void,
): void {
  const whole = message.type === "pushPull" ? host.completed(message) : message;
  const small = whole.type !== "pushPull" || whole.states.length <= COMPRESSED_ROWS_MAX;
  const slices = encodeStreamInSlices(whole, { compress: host.compress && small }, host.wire);
  inTurns(slices, done, () => socket.destroyed);
}

/**
 * Decodes what a socket reads, slice by slice, and calls `onMessage` or `onEnd` once.
 *
 * While there is a slice to do the socket is not read: what is kept stays small.
 */
export class StreamReader {
  readonly #socket: Socket;
  readonly #decoder: StreamDecoder;
  readonly #host: StreamHost;
  readonly #from: Address;
  readonly #onMessage: (message: StreamMessage) => void;
  readonly #onRefused: (refusal: Refusal) => void;
  #done: boolean = false;
  #slicing: boolean = false;

  constructor(
    socket: Socket,
    { host, from }: { host: StreamHost; from: Address },
    on: { message: (message: StreamMessage) => void; refused: (refusal: Refusal) => void },
  ) {
    this.#socket = socket;
    this.#host = host;
    this.#from = from;
    this.#decoder = new StreamDecoder(host.wire);
    this.#onMessage = on.message;
    this.#onRefused = on.refused;
    socket.on("data", (chunk: Uint8Array) => {
      this.#decoder.push(chunk);
      this.#advance();
    });
    socket.on("end", () => {
      this.#decoder.end();
      this.#advance();
    });
  }

  get bufferedBytes(): number {
    return this.#done ? 0 : this.#decoder.bufferedBytes;
  }

  /** Nothing is decoded any more. */
  stop(): void {
    this.#done = true;
  }

  #advance(): void {
    if (this.#done || this.#slicing) return;
    const step = this.#decoder.step();
    switch (step.kind) {
      case "wait":
        this.#socket.resume();
        return;
      case "more":
        this.#socket.pause();
        this.#slicing = true;
        setImmediate(() => {
          this.#slicing = false;
          this.#advance();
        });
        return;
      case "message":
        this.#done = true;
        for (const refusal of step.refusals) this.#host.onRefused(refusal, this.#from);
        this.#socket.resume(); // to hear its end
        this.#onMessage(step.message);
        return;
      case "refused":
        this.#done = true;
        this.#host.onRefused(step.refusal, this.#from);
        this.#socket.resume();
        this.#onRefused(step.refusal);
    }
  }
}

interface Incoming {
  readonly socket: Socket;
  readonly reader: StreamReader;
  readonly deadline: NodeJS.Timeout;
  /** Its answer is being encoded, or was written. */
  isAnswered: boolean;
}

/** Streams that others opened. */
export class IncomingStreams {
  readonly #host: StreamHost;
  readonly #open = new Map<number, Incoming>();
  #last: number = 0;

  constructor(host: StreamHost) {
    this.#host = host;
  }

  get count(): number {
    return this.#open.size;
  }

  accept(socket: Socket): void {
    if (this.#open.size >= INCOMING_STREAMS_MAX || socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const stream = (this.#last += 1);
    const from = { host: canonicalHost(socket.remoteAddress), port: socket.remotePort ?? 0 };
    const reader = new StreamReader(
      socket,
      { host: this.#host, from },
      {
        message: (message) => this.#host.onStream(stream, from, message),
        // What was wrong is said in general: a stranger learns nothing about our keys.
        refused: ({ reason }) =>
          this.answer(stream, { type: "error", error: `refused: ${reason}` }),
      },
    );
    // For the whole stream: one that sends a byte now and then must not stay.
    const deadline = setTimeout(() => socket.destroy(), this.#host.streamTimeoutMs).unref();
    this.#open.set(stream, { socket, reader, deadline, isAnswered: false });
    socket.on("data", () => {
      if (this.#bufferedBytes() > INCOMING_BUFFER_MAX_BYTES) socket.destroy();
    });
    socket.on("error", () => socket.destroy()); // what it said is decoded or it is not
    socket.on("close", () => this.#forget(stream));
  }

  /** Writes an answer and closes; nothing if the stream is gone. */
  answer(stream: number, message: StreamMessage): void {
    const open = this.#open.get(stream);
    if (open === undefined) return;
    const { socket } = open;
    open.isAnswered = true;
    encodeInTurns({ host: this.#host, socket }, message, (bytes) => void socket.end(bytes));
  }

  /** Closes a stream, if it is not answered. */
  end(stream: number): void {
    const open = this.#open.get(stream);
    if (open?.isAnswered === false) open.socket.end();
  }

  close(): void {
    for (const { socket } of this.#open.values()) socket.destroy();
  }

  #forget(stream: number): void {
    const open = this.#open.get(stream);
    if (open === undefined) return;
    clearTimeout(open.deadline);
    open.reader.stop();
    this.#open.delete(stream);
  }

  #bufferedBytes(): number {
    let bytes = 0;
    for (const { reader } of this.#open.values()) bytes += reader.bufferedBytes;
    return bytes;
  }
}

/** How a stream that we opened ended. */
export type Exchanged =
  | { readonly kind: "answered"; readonly message: StreamMessage }
  | { readonly kind: "done" }
  | { readonly kind: "failed" };

/** Streams that we opened; the core limits how many. */
export class OutgoingStreams {
  readonly #host: StreamHost;
  readonly #open = new Set<Socket>();

  constructor(host: StreamHost) {
    this.#host = host;
  }

  /** Says `message` to `to`, and calls `ended` once: at an answer, at the end or at a failure. */
  exchange(
    to: Address,
    { message, timeoutMs }: { message: StreamMessage; timeoutMs: number },
    ended: (result: Exchanged) => void,
  ): void {
    // Half open: a socket that closes by itself at the end of the other side would be gone before
    // the last slices of what it said are decoded.
    const socket = connect({ host: to.host, port: to.port, noDelay: true, allowHalfOpen: true });
    this.#open.add(socket);
    let isOver = false;
    const deadline = setTimeout(() => socket.destroy(), timeoutMs).unref();
    const end = (result: Exchanged): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(deadline);
      socket.destroy();
      ended(result);
    };
    new StreamReader(
      socket,
      { host: this.#host, from: to },
      {
        message: (answer) => end({ kind: "answered", message: answer }),
        refused: () => end({ kind: "failed" }),
      },
    );
    socket.on("connect", () => {
      encodeInTurns({ host: this.#host, socket }, message, (bytes) => {
        if (message.type === "user") socket.end(bytes, () => end({ kind: "done" }));
        else socket.write(bytes);
      });
    });
    socket.on("error", () => end({ kind: "failed" })); // refused, reset: the core tries again
    socket.on("close", () => {
      this.#open.delete(socket);
      end({ kind: "failed" });
    });
  }

  close(): void {
    for (const socket of this.#open) socket.destroy();
  }
}
