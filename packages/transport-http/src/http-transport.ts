/**
 * Raft messages over long-lived streams on the HTTP port that the nodes have anyway.
 *
 * Every node dials every other member and keeps that stream open. Frames may go both ways on a
 * stream, so one that can only be dialled from one side still carries both directions; a node
 * sends on the stream it dialled, and on an accepted one as long as its own is missing. Raft does
 * not mind messages that overtake each other. The format is described in `docs/wire.md`.
 */
import type { Server } from "node:http";

import type { Member, Message, NodeId, Transport, TransportHandler } from "@counter/raft";

import { Acceptor } from "./acceptor.ts";
import { authOf } from "./auth/peer-trust.ts";
import type { PeerTrust } from "./auth/peer-trust.ts";
import { EncodeError } from "./codec/errors.ts";
import { clusterTagOf } from "./codec/frame.ts";
import { Directories } from "./directories.ts";
import type { TransportEvent, TransportStats } from "./events.ts";
import { Handshake } from "./handshake.ts";
import { resolveLimits } from "./options.ts";
import type { HttpTransportOptions, TransportLimits } from "./options.ts";
import { Peer } from "./peer.ts";
import type { PeerContext } from "./peer.ts";
import { Sockets } from "./sockets.ts";
import { noTls } from "./tls.ts";

/** Where streams are, unless the options say otherwise. */
export const DEFAULT_STREAM_PATH = "/raft/stream";

/**
 * @example
 * ```ts
 * const transport = new HttpTransport({ id, clusterId, directoryId, knownDirectories });
 * transport.attach(server);
 * const node = await RaftNode.start({ id, members, stateMachine, storage, transport });
 * ```
 */
export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #limits: TransportLimits;
  readonly #sockets = new Sockets();
  readonly #acceptor: Acceptor;
  readonly #context: PeerContext;
  readonly #peers = new Map<NodeId, Peer>();
  #members: readonly Member[] = [];
  #handler: TransportHandler | null = null;
  #heart: NodeJS.Timeout | null = null;
  #flush: NodeJS.Immediate | null = null;
  #droppedUnknownPeer = 0;
  #isClosed = false;
  #closing: Promise<void> = Promise.resolve();

  /** @throws RangeError when an option is out of its range */
  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#limits = resolveLimits(options);
    const path = options.path ?? DEFAULT_STREAM_PATH;
    const handshake = new Handshake(options, new Directories(options.knownDirectories));
    const emit = (event: TransportEvent): void => options.onEvent?.(event);
    const trust: PeerTrust = options.trust ?? { kind: "loopback" };
    this.#context = { ...this.#makeContext(path, handshake, emit), auth: authOf(trust) };
    this.#acceptor = new Acceptor({
      path,
      handshakesMax: this.#limits.handshakesMax,
      handshake,
      trust,
      sockets: this.#sockets,
      emit,
      onPeer: (socket) => options.onPeer?.(socket),
      isReady: () => this.#isRunning,
      admits: (id) => options.admit === "cluster" || this.#peers.get(id)?.isMember === true,
      peerFor: (id) => this.#peers.get(id) ?? this.#admitStranger(id),
    });
  }

  /**
   * Accepts streams on this server, next to everything else that it serves. Requests that offer
   * any other upgrade are served as if they had not, unless somebody else listens for upgrades.
   */
  attach(server: Server): void {
    if (!this.#isClosed) this.#acceptor.attach(server);
  }

  start(handler: TransportHandler): void {
    if (this.#handler !== null || this.#isClosed) throw new Error("started already");
    this.#handler = handler;
    this.#heart = setInterval(() => this.#beat(), this.#context.beatMs);
    this.#heart.unref();
    this.setMembers(this.#members);
  }

  /**
   * Queues a message; all messages of one turn of the event loop leave in one write a peer.
   *
   * @throws EncodeError when the message breaks its contract or comes from another node
   */
  send(message: Message): void {
    if (message.from !== this.#options.id) {
      throw new EncodeError(`a message from ${message.from} cannot leave ${this.#options.id}`);
    }
    const peer = this.#isRunning ? this.#peers.get(message.to) : undefined;
    if (peer === undefined) this.#droppedUnknownPeer += 1;
    else peer.send(message);
  }

  /** Dials those who are new and lets go of those who are gone. May be called before `start`. */
  setMembers(members: readonly Member[]): void {
    this.#members = members;
    if (!this.#isRunning) return;
    const ids = new Set<NodeId>();
    for (const { id, address } of members) {
      if (id === this.#options.id) continue;
      ids.add(id);
      this.#peerOf(id).join(address);
    }
    for (const peer of [...this.#peers.values()]) if (!ids.has(peer.id)) peer.leave();
  }

  /** A copy of all counters. */
  stats(): TransportStats {
    const peers = [...this.#peers.values()].map((peer) => [peer.id, peer.stats()] as const);
    return {
      peers: Object.fromEntries(peers),
      refused: this.#acceptor.refused,
      droppedUnknownPeer: this.#droppedUnknownPeer,
    };
  }

  /** Writes what is queued as far as it goes at once, then ends everything. Idempotent. */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#closing = this.#close();
    }
    return this.#closing;
  }

  get #isRunning(): boolean {
    return this.#handler !== null && !this.#isClosed;
  }

  async #close(): Promise<void> {
    this.#acceptor.detachAll();
    if (this.#heart !== null) clearInterval(this.#heart);
    for (const peer of [...this.#peers.values()]) peer.close();
    if (this.#flush !== null) clearImmediate(this.#flush);
    await this.#sockets.destroyAll();
  }

  #makeContext(
    path: string,
    handshake: Handshake,
    emit: (event: TransportEvent) => void,
  ): Omit<PeerContext, "auth"> {
    const limits = this.#limits;
    return {
      self: this.#options.id,
      path,
      clusterTag: clusterTagOf(this.#options.clusterId),
      limits,
      beatMs: Math.max(1, Math.floor(Math.min(limits.pingEveryMs, limits.idleTimeoutMs / 4) / 2)),
      handshake,
      sockets: this.#sockets,
      tls: this.#options.tls ?? noTls,
      random: this.#options.random ?? Math.random,
      emit,
      wake: () => this.#wake(),
      receive: (message) => {
        if (this.#isRunning) this.#handler?.receive(message);
      },
      unreachable: (peer) => {
        if (this.#isRunning) this.#handler?.unreachable(peer);
      },
      forget: (peer) => {
        if (this.#peers.get(peer.id) === peer) this.#peers.delete(peer.id);
      },
    };
  }

  #peerOf(id: NodeId): Peer {
    const known = this.#peers.get(id);
    if (known !== undefined) return known;
    const peer = new Peer(id, this.#context);
    this.#peers.set(id, peer);
    return peer;
  }

  #admitStranger(id: NodeId): Peer | null {
    let strangers = 0;
    for (const peer of this.#peers.values()) if (!peer.isMember) strangers += 1;
    return strangers < this.#limits.strangersMax ? this.#peerOf(id) : null;
  }

  /** At the end of the turn: what was sent until then to one peer leaves in one write. */
  #wake(): void {
    this.#flush ??= setImmediate(() => {
      this.#flush = null;
      for (const peer of [...this.#peers.values()]) peer.flush();
    });
  }

  #beat(): void {
    for (const peer of [...this.#peers.values()]) peer.beat();
  }
}
