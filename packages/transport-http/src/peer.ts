/** Everything about one other server: up to two streams, a dialler, counters. */
import type { Duplex } from "node:stream";

import type { Message, NodeId } from "@counter/raft";

import { AddressError, parseAddress } from "./address.ts";
import { encodeMessage } from "./codec/encode.ts";
import { Dialler } from "./dialler.ts";
import type { Direction, DropReason, IgnoreReason, PeerStats, TransportEvent } from "./events.ts";
import type { DialContext } from "./dial.ts";
import type { Hello } from "./handshake.ts";
import type { TransportLimits } from "./options.ts";
import { PeerStream } from "./stream.ts";
import type { StreamOwner } from "./stream.ts";

/** What all peers of one transport share. */
export interface PeerContext extends DialContext {
  readonly self: NodeId;
  readonly path: string;
  readonly clusterTag: number;
  readonly limits: TransportLimits;
  readonly beatMs: number;
  readonly random: () => number;
  emit(event: TransportEvent): void;
  /** Has {@link Peer.flush} called at the end of this turn of the event loop. */
  wake(): void;
  receive(message: Message): void;
  unreachable(peer: NodeId): void;
  /** Neither a member any more nor connected. */
  forget(peer: Peer): void;
}

export class Peer implements StreamOwner {
  readonly id: NodeId;
  readonly #context: PeerContext;
  readonly #dialler: Dialler;
  #isMember = false;
  #address: string | null = null;
  #dialled: PeerStream | null = null;
  #accepted: PeerStream | null = null;
  #linger: NodeJS.Timeout | null = null;
  readonly #ignoredReasons = new Set<IgnoreReason>();
  #label: string | null = null;
  #lastError: string | null = null;
  #dials = 0;
  #sentBefore = 0;
  #received = 0;
  #dropped = 0;
  #ignored = 0;
  #malformed = 0;
  /** What `handler.unreachable` and the `dropped` event do not know yet. */
  #unreported: { count: number; reason: DropReason } = { count: 0, reason: "disconnected" };
  #reportDue = false;
  #reportedAt: number = -Infinity;

  constructor(id: NodeId, context: PeerContext) {
    this.id = id;
    this.#context = context;
    this.#dialler = new Dialler({
      ...context,
      peer: id,
      onDialled: ({ socket, head, hello }) => {
        this.#dials += 1;
        this.#adopt({ socket, head, hello, direction: "dialled" });
      },
      onFailed: (reason) => {
        this.#lastError = reason;
      },
    });
  }

  get isMember(): boolean {
    return this.#isMember;
  }

  /** Whether it answers where it is known to be, although this is not where it says that it is. */
  contradicts({ address }: Pick<Hello, "address">): boolean {
    const isKnown = this.#isMember && this.#dialled !== null;
    return isKnown && address !== null && address !== this.#address;
  }

  /** Makes it a member that lives at `address`, and dials it. */
  join(address: string): void {
    this.#isMember = true;
    if (this.#linger !== null) clearTimeout(this.#linger);
    this.#linger = null;
    if (address === this.#address) return;
    this.#address = address;
    this.#dialler.stop();
    this.#dialled?.close("the member moved to another address");
    try {
      this.#dialler.start(parseAddress(address));
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      this.#lastError = error.message;
      this.#context.emit({ type: "badAddress", peer: this.id, address });
    }
  }

  /**
   * Not a member any more: not dialled again, but what is open stays open for a while. It still
   * has to hear that it was removed, and a leader that removes itself still needs its last acks.
   */
  leave(): void {
    if (!this.#isMember) return;
    this.#isMember = false;
    this.#address = null;
    this.#dialler.stop();
    if (this.#sending === null) return this.#context.forget(this);
    this.#linger = setTimeout(
      () => this.#closeStreams("not a member any more"),
      this.#context.limits.lingerMs,
    );
    this.#linger.unref();
  }

  /** Takes a stream that the peer dialled; an older one of the same kind is obsolete. */
  accept(stream: { socket: Duplex; head: Uint8Array; hello: Hello }): void {
    this.#accepted?.close("replaced by a newer stream");
    this.#adopt({ ...stream, direction: "accepted" });
    this.#dialler.hurry();
  }

  /** Queues a message, or drops it. */
  send(message: Message): void {
    const stream = this.#sending;
    if (stream === null) return this.#drop("disconnected");
    if (!stream.outbox.hasRoom(0)) return this.#drop("queueFull");
    const frame = encodeMessage(message, this.#context.clusterTag);
    if (frame.byteLength > this.#context.limits.frameMaxBytes) return this.#drop("tooLarge");
    if (!stream.outbox.hasRoom(frame.byteLength)) return this.#drop("queueFull");
    stream.push(frame);
    this.#context.wake();
  }

  /** Writes what was queued in this turn, and reports what was dropped. */
  flush(): void {
    this.#dialled?.flush();
    this.#accepted?.flush();
    if (!this.#reportDue) return;
    const { count, reason } = this.#unreported;
    this.#reportDue = false;
    this.#reportedAt = performance.now();
    this.#unreported = { count: 0, reason: "disconnected" };
    if (count > 0) this.#context.emit({ type: "dropped", peer: this.id, reason, count });
    this.#context.unreachable(this.id);
  }

  beat(): void {
    this.#dialled?.beat();
    this.#accepted?.beat();
  }

  stats(): PeerStats {
    const streams = [this.#dialled, this.#accepted];
    const sum = (of: (stream: PeerStream) => number): number =>
      streams.reduce((total, stream) => total + (stream === null ? 0 : of(stream)), 0);
    return {
      connected: this.#sending !== null,
      dialled: this.#dialled !== null,
      accepted: this.#accepted !== null,
      queuedMessages: sum(({ outbox }) => outbox.queuedMessages),
      queuedBytes: sum(({ outbox }) => outbox.queuedBytes),
      sent: this.#sentBefore + sum(({ outbox }) => outbox.sent),
      received: this.#received,
      dropped: this.#dropped,
      ignored: this.#ignored,
      malformed: this.#malformed,
      reconnects: Math.max(0, this.#dials - 1),
      lastError: this.#lastError,
      label: this.#label,
    };
  }

  /** Ends everything; nothing is reported afterwards. */
  close(): void {
    this.#isMember = false;
    this.#dialler.stop();
    if (this.#linger !== null) clearTimeout(this.#linger);
    this.flush();
    this.#closeStreams("this node is closing");
  }

  onMessage(message: Message): void {
    this.#received += 1;
    this.#context.receive(message);
  }

  onIgnored(reason: IgnoreReason): void {
    this.#ignored += 1;
    if (this.#ignoredReasons.has(reason)) return;
    this.#ignoredReasons.add(reason);
    this.#context.emit({ type: "ignored", peer: this.id, reason });
  }

  onLost(stream: PeerStream, { reason, malformed }: { reason: string; malformed: boolean }): void {
    const { direction, outbox } = stream;
    const wasSending = stream === this.#sending;
    const unsent = outbox.queuedMessages;
    this.#sentBefore += outbox.sent;
    if (malformed) this.#malformed += 1;
    this.#lastError = reason;
    if (direction === "dialled") this.#dialled = null;
    else this.#accepted = null;
    this.#context.emit({ type: "disconnected", peer: this.id, direction, reason });
    if (unsent > 0) this.#drop("streamLost", unsent);
    // Also when nothing was queued here: what the operating system had taken may be lost as well.
    if (wasSending) this.#report();
    if (direction === "dialled") this.#dialler.lost();
    if (!this.#isMember && this.#sending === null) this.#context.forget(this);
  }

  /** Our own stream first; the peer's, as long as ours is not there. */
  get #sending(): PeerStream | null {
    return this.#dialled ?? this.#accepted;
  }

  #adopt(of: { socket: Duplex; head: Uint8Array; hello: Hello; direction: Direction }): void {
    const { self, clusterTag, limits, beatMs } = this.#context;
    const { socket, head, hello, direction } = of;
    const setup = { socket, direction, peer: this.id, self, clusterTag, limits, beatMs };
    const stream = new PeerStream(setup, this);
    if (direction === "dialled") this.#dialled = stream;
    else this.#accepted = stream;
    this.#label = hello.label;
    this.#context.emit({ type: "connected", peer: this.id, direction, label: hello.label });
    stream.open(head);
  }

  #drop(reason: DropReason, count: number = 1): void {
    this.#dropped += count;
    this.#unreported = { count: this.#unreported.count + count, reason };
    const { unreachableEveryMs } = this.#context.limits;
    if (performance.now() - this.#reportedAt >= unreachableEveryMs) this.#report();
  }

  /** Later in this turn: whoever sends is in the middle of something. */
  #report(): void {
    this.#reportDue = true;
    this.#context.wake();
  }

  #closeStreams(reason: string): void {
    this.#dialled?.close(reason);
    this.#accepted?.close(reason);
  }
}
