/// <reference lib="esnext.disposable" preserve="true" />
/** The asynchronous host around the pure core: promises, a clock, and the embedder's ports. */
import type { Input, Outcome } from "../core/door.ts";
import { OverloadedError, StoppedError } from "../errors.ts";
import type { SessionChange } from "../exactly-once/envelope-port.ts";
import type { Entry, EntryId, LogIndex, NodeId, PersistedState } from "../types.ts";
import type { Answer } from "./answers.ts";
import { Applier } from "./applier.ts";
import { EventHub } from "./event-stream.ts";
import { handOver, knownLeader } from "./handover.ts";
import type {
  ProposeOptions,
  Proposed,
  RaftEvent,
  RaftNodeOptions,
  RaftNodeStatus,
  ReadOptions,
  WaitOptions,
} from "./options.ts";
import { Proposals } from "./proposals.ts";
import { Proposing } from "./proposing.ts";
import { Pump } from "./pump.ts";
import { Reads } from "./reads.ts";
import { Snapshotter } from "./snapshotter.ts";
import { loadOrBootstrap, raftOptionsOf } from "./starting.ts";
import { answering, asError, endAll, waiterOf } from "./waiting.ts";

const defaultTickMs = 25;

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
  /** Resolves when the node has stopped: `null` after `stop`, the first error after a failure. */
  readonly stopped: Promise<Error | null>;

  readonly #options: RaftNodeOptions<Result>;
  readonly #pump: Pump<Result>;
  readonly #applier: Applier<Result>;
  readonly #snapshotter: Snapshotter;
  readonly #proposals = new Proposals<Answer<Result>>();
  readonly #proposing: Proposing<Result>;
  readonly #reads = new Reads();
  readonly #events = new EventHub();
  readonly #ticker: NodeJS.Timeout;
  readonly #pendingReadsMax: number;
  readonly #electionTimeoutMs: number;
  readonly #tickMs: number;
  #resolveStopped: (error: Error | null) => void = () => undefined;
  #stopping: Promise<void> | null = null;
  #fatal: Error | null = null;
  /** What the state machine stands for; -1 while it is being replaced and must not be read. */
  #appliedIndex: LogIndex;

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
    const raftOptions = raftOptionsOf(options);
    this.#options = options;
    this.#tickMs = options.tickMs ?? defaultTickMs;
    this.#pendingReadsMax = raftOptions.pendingReadsMax;
    this.#electionTimeoutMs = raftOptions.electionTimeoutTicks * this.#tickMs;
    this.#appliedIndex = persisted.snapshot === null ? 0 : -1;
    this.stopped = new Promise((resolve) => (this.#resolveStopped = resolve));
    this.#pump = new Pump(raftOptions, persisted, {
      storage,
      transport,
      observer: options.observer ?? {},
      applier: () => this.#applier,
      onReady: (ready) => this.#events.publishNotes(ready.notes),
      onOutcome: (outcome) => this.#onOutcome(outcome),
      onPersisted: () => this.#snapshotter.onPersisted(),
      onFatal: (error) => this.#fail(error),
    });
    this.#applier = new Applier(stateMachine, storage, {
      applied: (entries, results) => this.#onApplied(entries, results),
      restoring: () => (this.#appliedIndex = -1),
      restored: (snapshot) => this.#onRestored(snapshot.index),
      failed: (error) => this.#fail(error),
    });
    const step = (input: Input): void => this.#pump.step(input);
    this.#proposing = new Proposing(this.#proposals, stateMachine, step);
    this.#snapshotter = new Snapshotter(options.snapshots ?? {}, {
      machine: stateMachine,
      storage,
      core: this.#pump.core,
      between: (run) => this.#applier.between(run),
      onSaved: (snapshot, retainEntries, tookMs) => {
        this.#pump.step({ type: "snapshotSaved", snapshot, retainEntries });
        options.observer?.onSnapshotSaved?.(snapshot, tookMs);
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
    this.#ticker = setInterval(tickSoon, this.#tickMs);
    this.#pump.schedule();
  }

  /**
   * Replicates a command and applies it.
   *
   * @returns what the state machine answered, once a majority has the command on its disks
   * @throws {NotLeaderError | OverloadedError | CommandTooLargeError | ProposalLostError | StoppedError}
   *   the command did not and will not take effect
   * @throws {OutcomeUnknownError} the wait ended (time, signal, stop); the command may take effect
   * @throws {RefusedError} the state machine refused it; docs/exactly-once.md has what keys add
   */
  propose(command: Uint8Array, options: ProposeOptions = {}): Promise<Proposed<Result>> {
    if (this.#stopping !== null) return Promise.reject(new StoppedError());
    return this.#proposing.propose(command, options);
  }

  /** Opens a session, which the index names, or closes one. {@link openSession} calls it. */
  changeSession(change: SessionChange, options: WaitOptions = {}): Promise<EntryId> {
    if (this.#stopping !== null) return Promise.reject(new StoppedError());
    return this.#proposing.changeSession(change, options);
  }

  /**
   * Runs `query` on the local state machine in the moment in which it is fresh enough. `query` must
   * not wait for anything.
   *
   * @throws {NotLeaderError | ReadTimeoutError} no leader was found, no majority confirmed in time
   * @throws {OverloadedError | StoppedError} or whatever `query` throws, or the signal's reason
   */
  read<Value>(query: () => Value, options: ReadOptions = {}): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#stopping !== null) return reject(new StoppedError());
      if (options.signal?.aborted === true) return reject(asError(options.signal.reason));
      if (this.#reads.size >= this.#pendingReadsMax) return reject(new OverloadedError());
      const waiter = waiterOf(answering(query, resolve, reject), options, (abandoned, reason) => {
        this.#reads.abandon(abandoned, asError(reason));
      });
      const context = this.#reads.add(waiter);
      if (options.consistency === "local") this.#reads.onReady(context, 0, this.#appliedIndex);
      else this.#pump.step({ type: "read", context });
    });
  }

  /** A copy of what is known here and now. */
  status(): RaftNodeStatus {
    const core = this.#pump.core.status();
    return {
      ...core,
      leaderSilentMs: core.leaderId === null ? null : core.leaderSilentTicks * this.#tickMs,
      pendingProposals: this.#proposals.size,
      pendingReads: this.#reads.size,
      fatal: this.#fatal,
    };
  }

  /**
   * Waits until a leader is known, ourselves or another.
   *
   * @throws {NotLeaderError} none was found in time; or the signal's reason
   */
  async waitForLeader(options: WaitOptions = {}): Promise<NodeId> {
    if (this.#stopping !== null) throw new StoppedError();
    return knownLeader(this.#pump, this.#events, options);
  }

  /** What happens from now on. A slow reader is told how many events it missed. */
  events(options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<RaftEvent> {
    return this.#events.subscribe(options.signal);
  }

  /**
   * Stores a snapshot now and compacts the log behind it.
   *
   * @returns which one; the one in force (0@0: none) if it holds all that was applied
   */
  takeSnapshot(): Promise<EntryId> {
    if (this.#stopping !== null) return Promise.reject(new StoppedError());
    return this.#snapshotter.take();
  }

  /** Hands leadership over; resolves when another leader is known, or after a short time anyway. */
  stepDown(): Promise<void> {
    return handOver(this.#pump, this.#events, this.#electionTimeoutMs);
  }

  /**
   * Steps down, lets what is being written and applied finish, closes transport and storage. What
   * still waits is rejected; commands whose outcome is open as `OutcomeUnknownError`. Idempotent.
   *
   * @throws the first error of stopping; everything was closed all the same
   */
  stop(): Promise<void> {
    if (this.#stopping === null) {
      this.#pump.step({ type: "stepDown" });
      this.#pump.turn(); // what it still has to say is said
    }
    return (this.#stopping ??= this.#shutDown());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #tick(): void {
    if (this.#stopping !== null) return;
    const nowMs = performance.now();
    this.#pump.step({ type: "tick" });
    this.#proposals.expire(nowMs);
    this.#options.stateMachine.envelope?.observe(nowMs);
    const leaderKnown = this.#pump.core.status().leaderId !== null;
    for (const context of this.#reads.onTick(nowMs, leaderKnown)) {
      this.#pump.step({ type: "read", context });
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

  #onApplied(entries: readonly Entry[], results: readonly Answer<Result>[]): void {
    const last = entries[entries.length - 1]!; // a batch is never empty
    this.#proposals.onApplied(entries, results);
    this.#appliedIndex = last.index;
    this.#pump.step({ type: "applied", index: last.index });
    this.#reads.onApplied(last.index);
    this.#options.observer?.onApplied?.(last, entries);
    if (entries.some(({ kind }) => kind === "configuration")) this.#setMembers();
    this.#snapshotter.onApplied(entries);
  }

  #onRestored(index: LogIndex): void {
    this.#appliedIndex = index;
    this.#pump.step({ type: "applied", index });
    this.#proposals.onSnapshot(index);
    this.#reads.onApplied(index);
    this.#setMembers();
  }

  readonly #setMembers = (): void =>
    this.#options.transport.setMembers(this.#pump.core.status().configuration.members);

  #fail(error: Error): void {
    this.#fatal ??= error;
    if (this.#stopping !== null) return; // `stopped` tells it
    this.#stopping = this.#shutDown();
    this.#stopping.catch(() => undefined); // `stopped` tells it
    this.#options.observer?.onFatal?.(error);
  }

  async #shutDown(): Promise<void> {
    const before = this.#fatal;
    clearInterval(this.#ticker);
    const writes = this.#pump.stop();
    const { storage, transport } = this.#options;
    const applying = this.#applier.stop();
    this.#proposals.rejectAll("the node stopped", before);
    this.#reads.rejectAll(before);
    this.#events.close();
    const failed = await endAll([
      () => transport.close(),
      () => applying,
      () => this.#snapshotter.stop(),
      () => writes,
      () => storage.close(),
    ]);
    this.#fatal ??= failed;
    this.#resolveStopped(this.#fatal);
    if (this.#fatal !== null && this.#fatal !== before) throw this.#fatal;
  }
}
