/**
 * Eventual mode as a pure machine: `step` is the only way in, `ready` the only way out. A run is its
 * options, the journal it began with, and its inputs.
 */
import { isThere } from "../data/existence.ts";
import type { Contributions, CounterView, KeyConflict } from "../data/looking.ts";
import { conflictsOf, contributionsOf, viewOf } from "../data/looking.ts";
import { emptyReplica, headOf, vectorOf } from "../data/replica.ts";
import { valueOf } from "../data/values.ts";
import type { CounterName, Position, VersionVector, WriterId } from "../types.ts";
import { trimLogs } from "./applying.ts";
import { advanceBoot, becomeReady, beginBoot, raiseSeals } from "./boot.ts";
import type { EventualOptions, EventualStatus, Input, Ready } from "./door.ts";
import { checkpointOf, loadEntry } from "./loading.ts";
import { takeChanges, watch } from "./changes.ts";
import { announce } from "./announcing.ts";
import { stopFor } from "./ending.ts";
import { place, settleCluster } from "./membership.ts";
import { advanceLeaving, deregister, leave, register } from "./roster.ts";
import { probe, tickPeers, updatePeers } from "./peers.ts";
import { closeOld, tickPromises } from "./promising.ts";
import { seeded, uint32 } from "./random.ts";
import { bytesOf, entriesOf } from "./receiving.ts";
import { dropIncomplete, nextToMerge } from "./staging.ts";
import { answerHeld, receive, tickExchanges, unanswered } from "./requests.ts";
import { numberStart, takeMessages } from "./starts.ts";
import type { EventualState } from "./state.ts";
import { invariant } from "../data/errors.ts";
import { initialState } from "./initial-state.ts";
import { spreadsOf, type Spreads } from "./spread.ts";
import { holdersOf, knowledgeOf, memberCountOf, statusOf, syncedSince } from "./status.ts";
import { startSync } from "./begin-sync.ts";
import { ownHead, pushAll, settleSyncs } from "./syncing.ts";
import { take } from "./taking.ts";
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
    loadEntry(this.#state, bytes);
  }

  /** Everything was loaded: the node takes part from now on. */
  start(): void {
    const s = this.#state;
    invariant(!this.#started, "a core starts once");
    this.#started = true;
    dropIncomplete(s);
    s.nonce = uint32(s.random);
    numberStart(s, s.boot + 1);
    s.notes.length = 0;
    closeOld(s, Infinity); // the log behind a checkpoint has all that were forgotten since
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
      case "probe":
        probe(s, input.address);
        break;
      case "watch":
        watch(s, input.on);
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
    const changes = takeChanges(s);
    const isEmpty = messages.length + s.outcomes.length + s.notes.length === 0;
    if (write === null && isEmpty && changes === null) return null;
    const [outcomes, notes] = [s.outcomes.splice(0), s.notes.splice(0)];
    return { write, messages, outcomes, notes, changes };
  }

  #nextWrite(): Ready["write"] {
    const s = this.#state;
    if (s.writing !== null || s.removed) return null;
    const own = closeRecord(s);
    const incoming = s.incoming.splice(0);
    const merge = nextToMerge(s);
    if (merge !== null) incoming.push(merge);
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
      take(s, item);
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
    becomeReady(s);
    pushAll(s);
    for (const peer of s.peers.values()) if (peer.syncAgain && peer.up) startSync(s, peer);
    advanceLeaving(s, (own) => holdersOf(s, own) * 2 > this.memberCount());
  }

  /** Of a counter that was never touched: 0n. */
  value(counter: CounterName): bigint {
    return valueOf(this.#state.replica, counter);
  }

  /** A counter as it is known here. */
  look(counter: CounterName): CounterView {
    return viewOf(this.#state.replica, counter);
  }

  /** Those that exist. */
  *counters(): Generator<readonly [CounterName, bigint]> {
    const { replica } = this.#state;
    for (const [name, counter] of replica.counters) {
      if (isThere(counter)) yield [name, valueOf(replica, name)];
    }
  }

  /** At most so many names of all that anything is remembered of, in order. */
  names(begin: { readonly from: CounterName; readonly isAfter: boolean }, most: number): string[] {
    return this.#state.replica.names.page(begin, most);
  }

  contributions(counter: CounterName): Contributions {
    return contributionsOf(this.#state.replica, counter);
  }

  spreads(): Spreads {
    return spreadsOf(this.#state);
  }

  /** Of one counter, or of all. */
  conflicts(counter: CounterName | null): readonly KeyConflict[] {
    return conflictsOf(this.#state.replica, counter);
  }

  /** A text for what is known here: where it is equal, all that is shown is, now and later. */
  knowledge(): string {
    return knowledgeOf(this.#state);
  }

  /** How many records of this writer are applied. */
  position(writer: WriterId): Position {
    return headOf(this.#state.replica, writer).position;
  }

  /** What the values shown here rest on: {@link vector}, and more while a snapshot is taken in. */
  shown(): VersionVector {
    const shown = vectorOf(this.#state.replica);
    for (const { writer, position } of this.#state.staging?.ahead ?? []) {
      shown.set(writer, Math.max(position, shown.get(writer) ?? 0));
    }
    return shown;
  }

  /** Of which writer the records up to where are applied. */
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
    return memberCountOf(this.#state);
  }

  /** The round that the next `syncNow` ended or began; see {@link syncedSince}. */
  syncRound(): number {
    return this.#state.syncRound;
  }

  /** Nodes, ourselves included, that took part completely in a sync begun in this round or later. */
  syncedSince(round: number): number {
    return syncedSince(this.#state, round);
  }

  /** Entries that stand for everything on the disk; taken while the core goes on. */
  checkpoint(): Generator<Uint8Array> {
    return checkpointOf(this.#state);
  }

  status(): EventualStatus {
    return statusOf(this.#state);
  }
}
