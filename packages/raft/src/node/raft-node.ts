/**
 * The asynchronous host around the pure core: promises for proposals and reads, a clock, and the
 * disk, network and state machine that the embedder brings.
 */
import type { Outcome, Ready } from "../core/door.ts";
import { NotLeaderError, StoppedError } from "../errors.ts";
import type { Entry, EntryId, LogIndex, NodeId, PersistedState } from "../types.ts";
import { Applier, asError } from "./applier.ts";
import { EventHub, eventOf, nextLeader } from "./event-stream.ts";
import type {
  Proposed,
  RaftEvent,
  RaftNodeOptions,
  RaftNodeStatus,
  ReadOptions,
  WaitOptions,
} from "./options.ts";
import type { RaftObserver } from "./ports.ts";
import { Proposals } from "./proposals.ts";
import { Pump } from "./pump.ts";
import { Reads } from "./reads.ts";
import { Snapshotter } from "./snapshotter.ts";
import { loadOrBootstrap, raftOptionsOf } from "./starting.ts";
import { aborted, asAbortError, waiterOf } from "./waiting.ts";

const defaultTickMs = 25;
/** How long a graceful stop waits for another leader. */
const stepDownPatienceMs = 1500;

/**
 * One server of a Raft cluster.
 *
 * @example
 * ```ts
 * const node = await RaftNode.start({ id, members, stateMachine, storage, transport });
 * const { result } = await node.propose(command);
 * const value = await node.read(() => stateMachine.value);
 * await node.stop();
 * ```
 */
export class RaftNode<Result> {
  /** Resolves when the node has stopped: `null` after `stop`, the error after a fatal failure. */
  readonly stopped: Promise<Error | null>;

  readonly #options: RaftNodeOptions<Result>;
  readonly #observer: RaftObserver;
  readonly #pump: Pump<Result>;
  readonly #applier: Applier<Result>;
  readonly #snapshotter: Snapshotter;
  readonly #proposals = new Proposals<Result>();
  readonly #reads = new Reads();
  readonly #events = new EventHub();
  readonly #ticker: NodeJS.Timeout;
  #resolveStopped: (error: Error | null) => void = () => undefined;
  #stopping: Promise<void> | null = null;
  #fatal: Error | null = null;
  #appliedIndex = 0;

  /**
   * Loads the storage, or sets up an empty one with `members`, and starts taking part.
   *
   * @throws {RangeError} on options out of range, or whatever the storage rejects with
   */
  static async start<Result>(options: RaftNodeOptions<Result>): Promise<RaftNode<Result>> {
    return new RaftNode(options, await loadOrBootstrap(options));
  }

  private constructor(options: RaftNodeOptions<Result>, persisted: PersistedState) {
    const { storage, stateMachine, transport } = options;
    this.#options = options;
    this.#observer = options.observer ?? {};
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    this.#pump = new Pump(raftOptionsOf(options), persisted, {
      storage,
      transport,
      observer: this.#observer,
      applier: () => this.#applier,
      onReady: (ready) => this.#onReady(ready),
      onOutcome: (outcome) => this.#onOutcome(outcome),
      onPersisted: () => this.#snapshotter.onPersisted(),
      onFatal: (error) => this.#fail(error),
    });
    this.#applier = new Applier(stateMachine, storage, {
      applied: (entries, results) => this.#onApplied(entries, results),
      restored: (snapshot) => this.#onRestored(snapshot.index),
      failed: (error) => this.#fail(error),
    });
    this.#snapshotter = new Snapshotter(options.snapshots ?? {}, {
      machine: stateMachine,
      storage,
      core: this.#pump.core,
      onSaved: (snapshot, retainEntries, tookMs) => {
        this.#pump.step({ type: "snapshotSaved", snapshot, retainEntries });
        this.#observer.onSnapshotSaved?.(snapshot, tookMs);
        this.#events.publish({ type: "snapshotSaved", snapshot });
      },
      onFailed: (error) => this.#fail(asError(error)),
    });
    transport.start({
      receive: (message) => this.#pump.step({ type: "receive", message }),
      unreachable: (peer) => this.#pump.step({ type: "unreachable", peer }),
    });
    this.#setMembers();
    // A stalled loop runs late timers before it reads sockets: the tick waits for the messages.
    const tickSoon = (): void => void setImmediate(() => this.#tick());
    this.#ticker = setInterval(tickSoon, options.tickMs ?? defaultTickMs);
    this.#pump.schedule();
  }

  /**
   * Replicates a command and applies it.
   *
   * @returns what the state machine answered, once a majority has the command on its disks
   * @throws {NotLeaderError | OverloadedError | CommandTooLargeError | ProposalLostError | StoppedError}
   *   the command did not and will not take effect
   * @throws {OutcomeUnknownError} the wait ended (time, signal, stop); the command may take effect
   */
  propose(command: Uint8Array, options: WaitOptions = {}): Promise<Proposed<Result>> {
    return new Promise((resolve, reject) => {
      if (this.#stopping !== null) return reject(new StoppedError());
      if (options.signal?.aborted === true) return reject(aborted(options.signal));
      const waiter = waiterOf(resolve, reject, options, (error) => {
        this.#proposals.abandon(waiter.reject, error);
      });
      const context = this.#proposals.add(waiter);
      this.#pump.step({ type: "propose", context, commands: [command] });
    });
  }

  /**
   * Runs `query` on the local state machine when it is fresh enough.
   *
   * @throws {NotLeaderError} no leader was found in time
   * @throws {ReadTimeoutError} no majority confirmed in time
   * @throws {OverloadedError | StoppedError}
   */
  async read<Value>(query: () => Value, options: ReadOptions = {}): Promise<Value> {
    if (this.#stopping !== null) throw new StoppedError();
    if (options.consistency === "local") return query();
    options.signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const waiter = waiterOf(resolve, reject, options, () => {
        this.#reads.abandon(waiter.reject, asAbortError(options.signal));
      });
      const context = this.#reads.add(waiter);
      this.#pump.step({ type: "read", context });
    });
    return query();
  }

  /** A copy of what is known here and now. */
  status(): RaftNodeStatus {
    const core = this.#pump.core.status();
    const silentMs = core.leaderSilentTicks * (this.#options.tickMs ?? defaultTickMs);
    return {
      ...core,
      leaderSilentMs: core.leaderId === null ? null : silentMs,
      pendingProposals: this.#proposals.size,
      pendingReads: this.#reads.size,
      fatal: this.#fatal,
    };
  }

  /**
   * Waits until a leader is known, ourselves or another.
   *
   * @throws {NotLeaderError} none was found in time
   */
  async waitForLeader({ signal, timeoutMs = 5000 }: WaitOptions = {}): Promise<NodeId> {
    const { leaderId } = this.#pump.core.status();
    if (leaderId !== null) return leaderId;
    const time = AbortSignal.timeout(timeoutMs);
    const limit = signal === undefined ? time : AbortSignal.any([signal, time]);
    const found = await nextLeader(this.#events.subscribe(limit));
    if (found === null) throw new NotLeaderError(null);
    return found;
  }

  /** What happens from now on. A slow reader is told how many events it missed. */
  events(options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<RaftEvent> {
    return this.#events.subscribe(options.signal);
  }

  /** Stores a snapshot now and compacts the log behind it. */
  takeSnapshot(): Promise<EntryId> {
    if (this.#stopping !== null) return Promise.reject(new StoppedError());
    return this.#snapshotter.take();
  }

  /** Gives leadership up. Resolves when another leader is known, or after a short time anyway. */
  async stepDown(): Promise<void> {
    if (this.#pump.core.status().role !== "leader") return;
    const patience = AbortSignal.timeout(stepDownPatienceMs);
    const events = this.#events.subscribe(patience);
    this.#pump.step({ type: "stepDown" });
    await nextLeader(events);
  }

  /**
   * Steps down, lets writes that are out finish, closes transport and storage. Idempotent. What
   * still waits is rejected; commands whose outcome is open as `OutcomeUnknownError`.
   */
  stop(): Promise<void> {
    if (this.#stopping === null) {
      this.#pump.step({ type: "stepDown" });
      this.#stopping = this.#shutDown(null);
    }
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #tick(): void {
    if (this.#stopping !== null) return;
    const nowMs = performance.now();
    this.#pump.step({ type: "tick" });
    this.#proposals.expire(nowMs);
    const leaderKnown = this.#pump.core.status().leaderId !== null;
    for (const context of this.#reads.onTick(nowMs, leaderKnown)) {
      this.#pump.step({ type: "read", context });
    }
  }

  #onReady(ready: Ready): void {
    for (const note of ready.notes) {
      const event = eventOf(note);
      if (event !== null) this.#events.publish(event);
    }
  }

  #onOutcome(outcome: Outcome): void {
    switch (outcome.type) {
      case "proposed":
        return this.#proposals.onProposed(outcome.context, outcome.first);
      case "proposalRefused":
        return this.#proposals.onRefused(outcome.context, outcome.refusal);
      case "readReady":
        return this.#reads.onReady(outcome.context, outcome.index, this.#appliedIndex);
      case "readRefused":
        return this.#reads.onRefused(outcome.context, outcome.refusal);
    }
  }

  #onApplied(entries: readonly Entry[], results: readonly Result[]): void {
    const last = entries[entries.length - 1];
    if (last === undefined) return;
    let at = 0;
    let membersChanged = false;
    for (const entry of entries) {
      const result = entry.kind === "command" ? results[at++] : undefined;
      if (entry.kind === "configuration") membersChanged = true;
      if (this.#proposals.has(entry.index)) this.#proposals.onApplied(entry, result);
    }
    this.#appliedIndex = last.index;
    this.#pump.step({ type: "applied", index: last.index });
    this.#reads.onApplied(last.index);
    this.#observer.onApplied?.(last, entries);
    if (membersChanged) this.#setMembers();
    this.#snapshotter.onApplied(entries);
  }

  #onRestored(index: LogIndex): void {
    this.#appliedIndex = index;
    this.#pump.step({ type: "applied", index });
    this.#proposals.onSnapshot(index);
    this.#reads.onApplied(index);
    this.#setMembers();
  }

  #setMembers(): void {
    this.#options.transport.setMembers(this.#pump.core.status().configuration.members);
  }

  #fail(error: Error): void {
    if (this.#fatal !== null || this.#stopping !== null) return;
    this.#fatal = error;
    this.#observer.onFatal?.(error);
    this.#stopping = this.#shutDown(error);
  }

  async #shutDown(error: Error | null): Promise<void> {
    clearInterval(this.#ticker);
    this.#applier.stop();
    const writes = this.#pump.stop();
    this.#proposals.rejectAll("the node stopped", error);
    this.#reads.rejectAll(error);
    this.#events.close();
    await this.#options.transport.close();
    await writes;
    await this.#options.storage.close().catch((closing: unknown) => {
      if (error === null) throw closing; // after a fatal error there is nothing left to save
    });
    this.#resolveStopped(error);
  }
}
