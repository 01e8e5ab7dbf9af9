/**
 * Eventual mode as a pure machine: `step` is the only way in, `ready` the only way out. A run is its
 * options, the journal it began with, and its inputs.
 */
import { decodeRecord } from "../data/record-codec.ts";
import { chainHash } from "../data/chain.ts";
import { piecesOf } from "../data/pieces.ts";
import { emptyReplica, headOf, vectorOf } from "../data/replica.ts";
import { counterNames, valueOf } from "../data/values.ts";
import type { CounterName, Position, VersionVector, WriterId } from "../types.ts";
import { applyChained, applyIncoming, capLogs, loadPiece, trimLogs } from "./applying.ts";
import { advanceBoot, beginBoot, raiseSeals } from "./boot.ts";
import type { EventualOptions, EventualStatus, Input, Ready } from "./door.ts";
import { decodeEntry, encodeEntry } from "./journal-entry.ts";
import {
  advanceLeaving,
  announce,
  deregister,
  leave,
  place,
  register,
  settleCluster,
  stopFor,
} from "./membership.ts";
import { tickPeers, updatePeers } from "./peers.ts";
import { tickPromises } from "./promising.ts";
import { seeded, uint32 } from "./random.ts";
import { entriesOf } from "./receiving.ts";
import { answerHeld, receive, tickExchanges, unanswered } from "./requests.ts";
import { numberStart, takeMessages } from "./starts.ts";
import type { EventualState } from "./state.ts";
import { invariant } from "../data/errors.ts";
import { initialState } from "./initial-state.ts";
import { holdersOf, statusOf } from "./status.ts";
import { ownHead, pushAll, settleSyncs, startSync } from "./syncing.ts";
import { onPiecePersisted, tickTransfers } from "./transferring.ts";
import { applyOwn, closeRecord, submit } from "./writing.ts";

export class EventualCore {
  readonly #state: EventualState;
  #started = false;

  /** An empty node; give it what its journal holds with {@link load}, then {@link start} it. */
  constructor(options: EventualOptions) {
    this.#state = initialState(options, seeded(options.seed), emptyReplica());
  }

  /**
   * Takes in what the journal kept, oldest first.
   *
   * @throws MalformedError if it is not an entry, or does not follow those before it
   */
  load(bytes: Uint8Array): void {
    const s = this.#state;
    const entry = decodeEntry(bytes);
    switch (entry.kind) {
      case "record": {
        const { writer, position } = entry;
        const before = headOf(s.replica, writer);
        if (position <= before.position) return; // a checkpoint overtook it
        invariant(position === before.position + 1, "the journal holds every record of a writer");
        const head = { writer, position, hash: chainHash(before.hash, entry.bytes) };
        applyChained(s, head, { bytes: entry.bytes, body: decodeRecord(entry.bytes) });
        break;
      }
      case "piece":
        loadPiece(s, entry.bytes);
        break;
      case "boot":
        s.loading.length = 0; // a crash cut the write of a snapshot
        s.boot = entry.boot;
        break;
      case "cluster":
        s.cluster = { id: entry.id, provisional: entry.provisional, placed: entry.placed };
        break;
    }
    capLogs(s);
  }

  /** Everything was loaded: the node takes part from now on. */
  start(): void {
    const s = this.#state;
    invariant(!this.#started, "a core starts once");
    this.#started = true;
    s.loading.length = 0;
    s.nonce = uint32(s.random);
    numberStart(s, s.boot + 1);
    s.notes.length = 0;
    const { node } = s.options;
    s.removed = s.replica.members.get(node)?.status === "removed";
    for (const { owner, promises } of s.replica.writers.values()) {
      if (owner !== node) continue;
      for (const { before } of promises) s.promisedBefore = Math.max(s.promisedBefore, before);
    }
    if (s.removed) return stopFor(s, "removed");
    updatePeers(s);
    beginBoot(s);
  }

  step(input: Input): void {
    const s = this.#state;
    switch (input.type) {
      case "tick":
        this.#tick(input.wallMs);
        break;
      case "submit":
        submit(s, input.context, input.operation);
        break;
      case "receive":
        receive(s, input.message);
        break;
      case "unanswered":
        unanswered(s, input.exchange, "it cannot be reached");
        break;
      case "persisted":
        this.#persisted(input.write);
        break;
      case "register":
        register(s, input.context, input.addresses);
        break;
      case "deregister":
        deregister(s, input.context, input);
        break;
      case "leave":
        leave(s, input.context);
        break;
      case "syncNow":
        s.syncRound += 1;
        for (const peer of s.peers.values()) if (peer.up) startSync(s, peer);
        break;
    }
    this.#advance();
  }

  /** What is to be done now; `null` if there is nothing. */
  ready(): Ready | null {
    const s = this.#state;
    const write = this.#nextWrite();
    const messages = takeMessages(s);
    const isEmpty = messages.length + s.outcomes.length + s.notes.length === 0;
    if (write === null && isEmpty) return null;
    return {
      write,
      messages,
      outcomes: s.outcomes.splice(0),
      notes: s.notes.splice(0),
    };
  }

  #nextWrite(): Ready["write"] {
    const s = this.#state;
    if (s.writing !== null || s.removed) return null;
    const own = closeRecord(s);
    const incoming = s.incoming.splice(0);
    const entries = s.facts.splice(0);
    for (const item of incoming) entries.push(...entriesOf(item));
    if (entries.length === 0) return null;
    s.lastWrite += 1;
    s.writing = { id: s.lastWrite, own, incoming };
    return { id: s.lastWrite, entries };
  }

  #persisted(id: number): void {
    const s = this.#state;
    const { writing } = s;
    invariant(writing?.id === id, "the write that is out is the one that is persisted");
    s.writing = null;
    if (writing.own !== null) {
      s.announcing = false;
      applyOwn(s, writing.own);
      s.staged.delete(writing.own.head.writer);
    }
    for (const item of writing.incoming) {
      applyIncoming(s, item);
      s.incomingBytes -= bytesOf(item);
    }
    answerHeld(s, id);
    onPiecePersisted(s, id);
    updatePeers(s);
    trimLogs(s);
    if (s.replica.members.get(s.options.node)?.status === "removed" && s.leaving === null) {
      s.removed = true;
      stopFor(s, "removed");
    }
  }

  #tick(wallMs: number): void {
    const s = this.#state;
    s.tick += 1;
    s.wallMs = wallMs;
    tickExchanges(s);
    tickPeers(s);
    tickTransfers(s);
    tickPromises(s);
    raiseSeals(s);
    trimLogs(s);
  }

  /** What may have become possible by whatever was stepped. */
  #advance(): void {
    const s = this.#state;
    if (s.removed) return;
    settleSyncs(s, s.writing === null ? s.lastWrite : s.writing.id - 1);
    advanceBoot(s);
    announce(s);
    settleCluster(s);
    place(s);
    this.#settle();
    pushAll(s);
    for (const peer of s.peers.values()) if (peer.syncAgain && peer.up) startSync(s, peer);
    advanceLeaving(s, (own) => holdersOf(s, own) * 2 > this.memberCount());
  }

  #settle(): void {
    const s = this.#state;
    if (s.ready || s.transferIn !== null || s.phase.kind === "minting") return;
    for (const peer of s.peers.values()) if (!peer.settled) return;
    // Where somebody answers, or nobody is expected, keys can be taken in a moment (M3).
    const isCutOff = s.peers.size > 0 && ![...s.peers.values()].some(({ up }) => up);
    if (!s.cluster.placed && !isCutOff) return;
    s.ready = true;
    s.notes.push({ type: "ready" });
    announce(s);
  }

  /** Of a counter that was never touched: 0n. */
  value(counter: CounterName): bigint {
    return valueOf(this.#state.replica, counter);
  }

  *counters(): Generator<readonly [CounterName, bigint]> {
    const { replica } = this.#state;
    for (const name of counterNames(replica)) yield [name, valueOf(replica, name)];
  }

  /** How many records of this writer are applied. */
  position(writer: WriterId): Position {
    return headOf(this.#state.replica, writer).position;
  }

  vector(): VersionVector {
    return vectorOf(this.#state.replica);
  }

  /** Nodes, ourselves included, that have our own record at this position on their disk. */
  acked(position: Position): number {
    const own = ownHead(this.#state);
    if (own === null || own.position < position) return 0;
    return holdersOf(this.#state, new Map([[own.writer, position]]));
  }

  /** Nodes, ourselves included, that are known to have all of this on their disk. */
  covered(vector: VersionVector): number {
    return holdersOf(this.#state, vector);
  }

  /** Members, ourselves included, and those that are named and were not met yet. */
  memberCount(): number {
    const { replica, options, peers } = this.#state;
    const addresses = new Set([options.address]);
    for (const { id, status, address } of replica.members.values()) {
      if (id !== options.node && status !== "removed") addresses.add(address);
    }
    for (const { address, node } of peers.values()) {
      if (node !== options.node) addresses.add(address);
    }
    return addresses.size;
  }

  /** The round that the next `syncNow` ended or began; see {@link syncedSince}. */
  syncRound(): number {
    return this.#state.syncRound;
  }

  /** Nodes, ourselves included, that took part completely in a sync begun in this round or later. */
  syncedSince(round: number): number {
    const nodes = new Set([this.#state.options.node]);
    for (const { node, syncedRound } of this.#state.peers.values()) {
      if (node !== null && syncedRound >= round) nodes.add(node);
    }
    return nodes.size;
  }

  /** Entries that stand for everything on the disk; taken while the core goes on. */
  *checkpoint(): Generator<Uint8Array> {
    const s = this.#state;
    yield encodeEntry({ kind: "boot", boot: s.boot });
    yield encodeEntry({ kind: "cluster", ...s.cluster });
    for (const bytes of piecesOf(s.replica)) yield encodeEntry({ kind: "piece", bytes });
  }

  status(): EventualStatus {
    return statusOf(this.#state);
  }
}

function bytesOf(incoming: EventualState["incoming"][number]): number {
  if (incoming.kind === "piece") return incoming.bytes.length;
  return incoming.records.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
