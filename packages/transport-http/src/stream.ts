/** One upgraded connection to a peer. Frames go both ways; both ends are the same code. */
import type { Duplex } from "node:stream";

import type { Message, NodeId } from "@counter/raft";

import { decodeMessage } from "./codec/decode.ts";
import { DecodeError } from "./codec/errors.ts";
import { openFrame, pingFrame } from "./codec/frame.ts";
import type { EncodedFrame } from "./codec/frame.ts";
import type { Direction, IgnoreReason } from "./events.ts";
import { FrameParser } from "./frame-parser.ts";
import type { RawFrame } from "./frame-parser.ts";
import type { TransportLimits } from "./options.ts";
import { Outbox } from "./outbox.ts";

/** What a stream reports. Nothing is called any more after `onLost`. */
export interface StreamOwner {
  onMessage(message: Message): void;
  /** A frame in order, but not for us or not for our version. */
  onIgnored(reason: IgnoreReason): void;
  /** The stream is over. `malformed`: because of bytes that no correct sender writes. */
  onLost(stream: PeerStream, why: { reason: string; malformed: boolean }): void;
}

export interface StreamSetup {
  readonly socket: Duplex;
  readonly direction: Direction;
  readonly peer: NodeId;
  readonly self: NodeId;
  readonly clusterTag: number;
  readonly limits: TransportLimits;
  /** The length of a {@link PeerStream.beat}, in milliseconds. */
  readonly beatMs: number;
}

export class PeerStream {
  readonly direction: Direction;
  readonly #setup: StreamSetup;
  readonly #owner: StreamOwner;
  readonly #outbox: Outbox;
  readonly #parser: FrameParser;
  /** Beats since something was received, and since something was sent. */
  #deafBeats = 0;
  #muteBeats = 0;
  #closed = false;

  constructor(setup: StreamSetup, owner: StreamOwner) {
    this.direction = setup.direction;
    this.#setup = setup;
    this.#owner = owner;
    this.#outbox = new Outbox(setup.socket, setup.limits);
    this.#parser = new FrameParser(setup.limits.frameMaxBytes);
    const { socket } = setup;
    socket.on("error", (error) => this.#lose({ reason: error.message, malformed: false }));
    socket.on("end", () => this.close("closed by the peer"));
    socket.on("close", () => this.close("the connection broke"));
  }

  get outbox(): Outbox {
    return this.#outbox;
  }

  /** Starts reading; `head` are the bytes that came in together with the handshake. */
  open(head: Uint8Array): void {
    this.#read(head);
    this.#setup.socket.on("data", (chunk: Uint8Array) => this.#read(chunk));
  }

  /** Queues a message that fits; it leaves with the next {@link flush}. */
  push(frame: EncodedFrame): void {
    this.#outbox.push(frame);
  }

  /** Writes what waits. A turn in which nothing does is silence: the peer still wants its pings. */
  flush(): void {
    if (this.#outbox.queuedMessages === 0) return;
    this.#muteBeats = 0;
    this.#outbox.flush();
  }

  /**
   * Counts time. Beats, not milliseconds: if our own event loop stood still for a while, the peer
   * was not silent, we were deaf.
   */
  beat(): void {
    const { limits, beatMs, clusterTag } = this.#setup;
    this.#deafBeats += 1;
    this.#muteBeats += 1;
    if (this.#deafBeats * beatMs > limits.idleTimeoutMs) {
      this.close(`nothing received for ${limits.idleTimeoutMs} ms`);
    } else if (this.#muteBeats * beatMs >= limits.pingEveryMs) {
      this.#muteBeats = 0;
      this.#outbox.ping(pingFrame(clusterTag));
    }
  }

  /** Ends the stream at once; what is queued is lost. Idempotent. */
  close(reason: string): void {
    this.#lose({ reason, malformed: false });
  }

  #lose(why: { reason: string; malformed: boolean }): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#setup.socket.destroy();
    this.#owner.onLost(this, why);
  }

  /** Messages in front of a malformed frame are delivered, then nothing more. */
  #read(chunk: Uint8Array): void {
    this.#deafBeats = 0;
    if (this.#closed) return;
    try {
      this.#parser.push(chunk, (frame) => {
        const message = this.#decode(frame);
        if (message !== null) this.#owner.onMessage(message);
        // What a message set off may have closed this stream.
        return !this.#closed;
      });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#lose({ reason: `malformed frame (${error.fault})`, malformed: true });
    }
  }

  #decode(frame: RawFrame): Message | null {
    const { bytes, end, owned } = frame;
    const { type, version, clusterTag, payloadStart } = openFrame(bytes, frame);
    const ignored =
      clusterTag !== this.#setup.clusterTag
        ? "foreignCluster"
        : version === "newerMajor"
          ? "newerVersion"
          : type === "unknown"
            ? "unknownType"
            : null;
    if (ignored !== null) this.#owner.onIgnored(ignored);
    if (ignored !== null || type === "ping" || type === "unknown") return null;
    return decodeMessage(
      { type, bytes, start: payloadStart, end, owned, newer: version === "newerMinor" },
      { from: this.#setup.peer, to: this.#setup.self },
    );
  }
}
