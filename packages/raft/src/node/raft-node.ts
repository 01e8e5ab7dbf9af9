/// <reference lib="esnext.disposable" preserve="true" />
/** The asynchronous host around the pure core: promises, a clock, and the embedder's ports. */
import type { Input, RaftStatus } from "../core/door.ts";
import { StoppedError } from "../errors.ts";
import type { SessionChange } from "../exactly-once/envelope-port.ts";
import type { Entry, EntryId, LogIndex, NodeId, PersistedState } from "../types.ts";
import type { MembershipChange } from "../core/configuration-changes.ts";
import type { Answer } from "./answers.ts";
import { Applier } from "./applier.ts";
import { Ending } from "./ending.ts";
import { EventHub, untilLeader } from "./event-stream.ts";
import { handOver, transfer } from "./handover.ts";
import { LeaseClock } from "./lease-clock.ts";
import type {
  ChangeOptions,
  Freshness,
  Membership,
  ProposeOptions,
  Proposed,
  RaftEvent,
  RaftNodeOptions,
  RaftNodeStatus,
  ReadOptions,
  WaitOptions,
} from "./options.ts";
import { Proposing } from "./proposing.ts";
import { Pump } from "./pump.ts";
import { Requests } from "./requests.ts";
import { Snapshotter } from "./snapshotter.ts";
import { defaultTickMs, loadOrBootstrap, raftOptionsOf } from "./starting.ts";
import { asError, endAll } from "./waiting.ts";

/**
 * One server of a Raft cluster.
 *
 * @example
 * ```ts
 * const node = await RaftNode.start({ id, members, stateMachine, storage, transport });
 * const { result } = await node.propose(command);
 * const value = await node.read(() => stateMachine.value);
 * ```
 */
export class RaftNode<Result> {
  /** Resolves when the node has stopped: `null` after `stop`, the first error after a failure. */
  readonly stopped: Promise<Error | null>;

  readonly #options: RaftNodeOptions<Result>;
  readonly #pump: Pump<Result>;
  readonly #applier: Applier<Result>;
  readonly #snapshotter: Snapshotter;
  readonly #requests: Requests<Answer<Result>>;
  readonly #proposing: Proposing<Result>;
  readonly #events = new EventHub();
  readonly #ending = new Ending((fatal) => this.#close(fatal));
  readonly #ticker: NodeJS.Timeout;
  readonly #leaseClock: LeaseClock | null;
  readonly #electionTimeoutMs: number;
  readonly #tickMs: number;
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
    this.#leaseClock = options.leases === undefined ? null : new LeaseClock();
    const step = (input: Input): void => this.#pump.step(input);
    this.#requests = new Requests(step, {
      pendingReadsMax: raftOptions.pendingReadsMax,
      leaseClock: this.#leaseClock,
      leaderSilentMs: () => this.#leaderSilentMs(this.#pump.core.status()),
    });
    this.#proposing = new Proposing(this.#requests.proposals, stateMachine, step);
    this.#electionTimeoutMs = raftOptions.electionTimeoutTicks * this.#tickMs;
    this.#appliedIndex = persisted.snapshot === null ? 0 : -1;
    this.stopped = this.#ending.stopped;
    this.#pump = new Pump(raftOptions, persisted, {
      storage,
      transport,
      observer: options.observer ?? {},
      applier: () => this.#applier,
      onReady: (ready) => this.#events.publishNotes(ready.notes),
      onOutcome: (outcome) => this.#requests.onOutcome(outcome, this.#appliedIndex),
      onPersisted: () => this.#snapshotter.onPersisted(),
      onFatal: (error) => this.#fail(error),
    });
    this.#applier = new Applier(stateMachine, storage, {
      applied: (entries, results) => this.#onApplied(entries, results),
      restoring: () => (this.#appliedIndex = -1),
      restored: (snapshot) => this.#onRestored(snapshot.index),
      failed: (error) => this.#fail(error),
    });
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
    if (this.#ending.begun) return Promise.reject(new StoppedError());
    return this.#proposing.propose(command, options);
  }

  /** Opens a session, which the index names, or closes one. {@link openSession} calls it. */
  changeSession(change: SessionChange, options: WaitOptions = {}): Promise<EntryId> {
    if (this.#ending.begun) return Promise.reject(new StoppedError());
    return this.#proposing.changeSession(change, options);
  }

  /**
   * Runs `query` on the local state machine in the moment in which it is fresh enough. `query` must
   * not wait for anything.
   *
   * @throws {NoLeasesError | StaleReadError} as the options ask for
   * @throws {NotLeaderError | ReadTimeoutError} no leader was found, no majority confirmed in time
   * @throws {OverloadedError | StoppedError} or whatever `query` throws, or the signal's reason
   */
  read<Value>(query: (freshness: Freshness) => Value, options: ReadOptions = {}): Promise<Value> {
    if (this.#ending.begun) return Promise.reject(new StoppedError());
    return this.#requests.read(query, options, this.#appliedIndex);
  }

  /**
   * Changes who takes part (§6); on the leader. Carried out one after the other.
   *
   * @returns the configuration that came of it, once it is committed and not joint any more
   * @throws {InvalidChangeError | UnsafeChangeError | ConfigurationMovedError | ChangeInProgressError}
   *   or what `propose` throws; nothing was changed unless it is an {@link OutcomeUnknownError}
   */
  changeMembership(
    changes: readonly MembershipChange[],
    options: ChangeOptions = {},
  ): Promise<Membership> {
    if (this.#ending.begun) return Promise.reject(new StoppedError());
    return this.#requests.changes.change(changes, options);
  }

  /** A copy of what is known here and now. */
  status(): RaftNodeStatus {
    const core = this.#pump.core.status();
    return {
      ...core,
      leaderSilentMs: this.#leaderSilentMs(core),
      pendingProposals: this.#requests.proposals.size,
      pendingReads: this.#requests.reads.size,
      fatal: this.#ending.fatal,
    };
  }

  /**
   * Waits until a leader is known, ourselves or another.
   *
   * @throws {NotLeaderError} none was found in time; or the signal's reason
   */
  async waitForLeader(options: WaitOptions = {}): Promise<NodeId> {
    if (this.#ending.begun) throw new StoppedError();
    return this.#pump.core.status().leaderId ?? untilLeader(this.#events, options);
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
    if (this.#ending.begun) return Promise.reject(new StoppedError());
    return this.#snapshotter.take();
  }

  /**
   * Hands leadership to this voter, or (`null`) to the one whose log is furthest; resolves with it.
   * @throws {NotLeaderError | TransferFailedError} the leader goes on; RangeError: `to` is no voter
   */
  transferLeadership(to: NodeId | null, options: WaitOptions = {}): Promise<NodeId> {
    const wait = { timeoutMs: 2 * this.#electionTimeoutMs, ...options };
    return transfer(this.#pump, this.#events, to, wait);
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
    if (!this.#ending.begun) {
      this.#pump.step({ type: "stepDown" });
      this.#pump.turn(); // what it still has to say is said
    }
    return this.#ending.begin();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #leaderSilentMs({ role, leaderId, leaderSilentTicks }: RaftStatus): number | null {
    if (role === "leader") return 0;
    return leaderId === null ? null : leaderSilentTicks * this.#tickMs;
  }

  #tick(): void {
    if (this.#ending.begun) return;
    const nowMs = performance.now();
    this.#pump.step({ type: "tick", nowMs: this.#leaseClock?.nowMs() });
    this.#options.stateMachine.envelope?.observe(nowMs);
    this.#requests.onTick(nowMs, this.#pump.core.status().leaderId !== null);
  }

  #onApplied(entries: readonly Entry[], results: readonly Answer<Result>[]): void {
    const last = entries[entries.length - 1]!; // a batch is never empty
    this.#requests.onApplied(entries, results);
    this.#appliedIndex = last.index;
    this.#pump.step({ type: "applied", index: last.index });
    this.#requests.reads.onApplied(last.index);
    this.#options.observer?.onApplied?.(last, entries);
    this.#snapshotter.onApplied(entries);
  }

  #onRestored(index: LogIndex): void {
    this.#appliedIndex = index;
    this.#pump.step({ type: "applied", index });
    this.#requests.onRestored(index);
  }

  #fail(error: Error): void {
    if (this.#ending.fail(error)) this.#options.observer?.onFatal?.(error);
  }

  #close(fatal: Error | null): Promise<Error | null> {
    clearInterval(this.#ticker);
    const writes = this.#pump.stop();
    const { storage, transport } = this.#options;
    const applying = this.#applier.stop();
    this.#requests.rejectAll(fatal);
    this.#events.close();
    return endAll([
      () => transport.close(),
      () => applying,
      () => this.#snapshotter.stop(),
      () => writes,
      () => storage.close(),
    ]);
  }
}
