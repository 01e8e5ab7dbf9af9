/** Counters replicated by Raft: every write is a command of the log, every read a read index. */
import { NotLeaderError, type Freshness, type NodeId, type Proposed } from "@counter/raft";
import {
  CounterMachine,
  encodeBatch,
  LogClock,
  type CounterOperation,
  type CounterVersion,
  type Operation,
  type OperationDone,
  type RestoreStep,
  type SessionOwner,
  type SessionStep,
  type SingleResult,
} from "@counter/state-machine";

import { Batcher, noNotes, type BatchNotes, type Submitted } from "./batcher.ts";
import type { Digests, StateDigest } from "./digests.ts";
import {
  DigestNotMadeError,
  UnknownVoterError,
  type Backup,
  type CounterList,
  type CounterRead,
  type EngineStatus,
  type ListRequest,
  type RaftEngine,
  type ReadLevel,
  type ReadRequest,
  type ReadState,
  type WriteNotes,
} from "./engine.ts";
import { RaftMembers } from "./members.ts";
import type { BatchResults, Leadership, RaftHost } from "./raft-host.ts";
import { engineStatus } from "./raft-status.ts";
import { doneOf, sessionOf, single } from "./results.ts";
import { SessionIds } from "./session-ids.ts";
import { SyncStamps } from "./sync-stamps.ts";
import { NotYetConsistentError, reached, TokenWaits } from "./token-waits.ts";
import { TokenCodec, TokenForeignError } from "./tokens.ts";

export interface RaftCounterOptions {
  readonly node: RaftHost;
  readonly machine: CounterMachine;
  readonly leadership: Leadership;
  /** Tokens of this cluster are told from others by it. */
  readonly clusterId: string;
  readonly clock: LogClock;
  readonly digests: Pick<Digests, "at" | "known">;
  /** Where this node runs. */
  readonly address: string;
  /** Whether a member answers at the address that the configuration says. */
  readonly reaches: (id: NodeId) => boolean;
  /** Longest wait for an answer, in milliseconds. */
  readonly applyTimeoutMs: number;
  readonly idempotencyWindowMs: number;
  readonly idempotencyMax: number;
  readonly maxCounters: number;
  /** How long a session lives without use, in milliseconds of log time. */
  readonly sessionTimeoutMs: number;
  readonly sessionsMax: number;
  /** Told of every command, with the number of callers that wait for it. */
  readonly onBatch?: (callers: number) => void;
  /** Sees when the log of this node is synced. */
  readonly syncs?: SyncStamps;
}

export class RaftCounter implements RaftEngine {
  readonly members: RaftMembers;
  readonly tokens: TokenCodec;
  readonly sessionIds: SessionIds;
  readonly #options: RaftCounterOptions;
  readonly #batcher: Batcher;
  readonly #waits: TokenWaits;
  readonly #syncs: SyncStamps;

  constructor(options: RaftCounterOptions) {
    this.#options = options;
    const { node, address, reaches, applyTimeoutMs: timeoutMs } = options;
    this.members = new RaftMembers({ node, address, reaches, timeoutMs });
    this.tokens = new TokenCodec(options.clusterId);
    this.sessionIds = new SessionIds(options.clusterId);
    this.#waits = new TokenWaits(() => this.#version());
    const { onBatch = (): void => undefined, syncs = new SyncStamps() } = options;
    this.#syncs = syncs;
    const propose = this.#propose.bind(this);
    this.#batcher = new Batcher({ propose, onBatch });
  }

  async write(
    operation: CounterOperation,
    step: SessionStep | null = null,
    notes?: WriteNotes,
  ): Promise<OperationDone> {
    this.#requireLeader();
    const submitted: Submitted =
      step === null
        ? operation
        : { type: "inSession", step, atomic: false, operations: [operation] };
    return doneOf(await this.#batcher.submit(submitted, notes));
  }

  async writeAll(
    operations: readonly CounterOperation[],
    { atomic, step = null, ...notes }: Parameters<RaftEngine["writeAll"]>[1],
  ): Promise<readonly SingleResult[]> {
    this.#requireLeader();
    if (operations.length === 0) return [];
    const alone: readonly Operation[] =
      step !== null
        ? [{ type: "inSession", step, atomic, operations }]
        : atomic
          ? [{ type: "group", operations }]
          : operations;
    const results = await this.#batcher.submitAlone(alone, notes);
    return results.flatMap((result): readonly SingleResult[] => {
      if (result.status === "group" || result.status === "answer") return result.results;
      if (atomic || step !== null) doneOf(result);
      return [single(result)];
    });
  }

  async restore(step: RestoreStep, { trace = null }: WriteNotes = {}): Promise<SingleResult> {
    this.#requireLeader();
    // A command of its own: it may be large.
    const traces = trace === null ? null : [{ first: 0, count: 1, context: trace }];
    const [result] = await this.#propose([step], { askers: null, traces });
    return single(result!);
  }

  async makeDigest(): Promise<StateDigest> {
    this.#requireLeader();
    const { digests, applyTimeoutMs } = this.#options;
    const { index } = await this.#proposeAt([{ type: "digest" }], noNotes);
    const made = await digests.at(index, applyTimeoutMs);
    if (made === null) throw new DigestNotMadeError(index);
    return made;
  }

  digests(): readonly StateDigest[] {
    return this.#options.digests.known;
  }

  async openSession(
    owner: SessionOwner,
  ): Promise<{ readonly session: number; readonly idleMs: number }> {
    this.#requireLeader();
    const { sessionTimeoutMs: idleMs, sessionsMax } = this.#options;
    const operation = { type: "openSession", owner, idleMs, sessionsMax } as const;
    return { session: sessionOf(await this.#batcher.submit(operation)), idleMs };
  }

  async closeSession(session: number, owner: SessionOwner): Promise<void> {
    this.#requireLeader();
    sessionOf(await this.#batcher.submit({ type: "closeSession", session, owner }));
  }

  read({ counter, ...level }: ReadRequest): Promise<CounterRead> {
    const { machine } = this.#options;
    return this.#at(level, (state) => ({ ...state, counter: machine.counter(counter) }));
  }

  list({ prefix, after, limit, ...level }: ListRequest): Promise<CounterList> {
    const { machine } = this.#options;
    return this.#at(level, (state) => {
      const page = machine.namesAfter({ prefix, after, limit });
      const counters = page.names.flatMap((name) => machine.counter(name) ?? []);
      return { ...state, counters, after: page.after };
    });
  }

  async backup(): Promise<Backup> {
    const { machine, node } = this.#options;
    return this.#confirmed("linearizable", () => {
      return { index: node.status().appliedIndex, counters: machine.backup() };
    });
  }

  /** To be called whenever something was applied: reads may wait for it. */
  applied(): void {
    this.#waits.applied();
  }

  async transferLeadership(to: NodeId | null): Promise<NodeId> {
    this.#requireLeader();
    const { voters } = this.#options.node.status().configuration;
    if (to !== null && !voters.includes(to)) throw new UnknownVoterError(to, voters);
    return this.#options.node.transferLeadership(to);
  }

  status(): EngineStatus {
    const { node, machine } = this.#options;
    return engineStatus(node.status(), machine.stats(), this.#batcher.waiting);
  }

  /** A follower says so at once, before an operation waits for the end of its turn. */
  #requireLeader(): void {
    const { leading, leaderId } = this.#options.leadership;
    if (!leading) throw new NotLeaderError(leaderId);
  }

  /**
   * Reads at a level. What a token says is looked at where the state is read: a restore may have come
   * while the read was confirmed.
   */
  async #at<T>(level: ReadLevel, query: (state: ReadState) => T): Promise<T> {
    const { consistency, maxStalenessMs, atLeast } = level;
    const look = (leaderSilentMs: number | null): T => {
      const version = this.#version();
      if (atLeast !== null && !reached(atLeast.token, version)) {
        // What is not in the newest state of this cluster was never acknowledged by it.
        if (consistency === "linearizable") throw new TokenForeignError();
        throw new NotYetConsistentError(atLeast.token);
      }
      return query({ version, leaderSilentMs });
    };
    switch (consistency) {
      case "linearizable":
      case "lease":
        return this.#confirmed(consistency, () => look(0));
      case "leader":
        this.#requireLeader();
        if (atLeast !== null) await this.#waits.until(atLeast.token, atLeast.waitMs);
        this.#requireLeader();
        return this.#local(() => look(0));
      case "local":
        if (atLeast !== null) await this.#waits.until(atLeast.token, atLeast.waitMs);
        return this.#local(({ leaderSilentMs }) => look(leaderSilentMs), maxStalenessMs);
    }
  }

  #version(): CounterVersion {
    const { restoreEpoch: epoch, revision } = this.#options.machine;
    return { epoch, revision };
  }

  #confirmed<T>(consistency: "linearizable" | "lease", query: () => T): Promise<T> {
    const { leadership, node, applyTimeoutMs } = this.#options;
    if (leadership.leaderId === null) {
      return Promise.reject(new NotLeaderError(null)); // nobody could confirm it
    }
    return node.read(query, { consistency, timeoutMs: applyTimeoutMs });
  }

  #local<T>(
    query: (freshness: Freshness) => T,
    leaderSilentMaxMs: number | null = null,
  ): Promise<T> {
    const { node, applyTimeoutMs } = this.#options;
    const bound = leaderSilentMaxMs === null ? {} : { leaderSilentMaxMs };
    return node.read(query, { consistency: "local", timeoutMs: applyTimeoutMs, ...bound });
  }

  async #propose(operations: readonly Operation[], notes: BatchNotes): Promise<BatchResults> {
    return (await this.#proposeAt(operations, notes)).result;
  }

  #proposeAt(
    operations: readonly Operation[],
    { askers, traces }: BatchNotes,
  ): Promise<Proposed<BatchResults>> {
    const { node, machine, clock, applyTimeoutMs } = this.#options;
    const command = encodeBatch({
      at: clock.stamp(performance.now(), machine.logTimeMs),
      keyWindowMs: this.#options.idempotencyWindowMs,
      keysMax: this.#options.idempotencyMax,
      countersMax: this.#options.maxCounters,
      operations,
      ...(traces === null ? {} : { traces }),
    });
    const propose = (): ReturnType<RaftHost["propose"]> => {
      return node.propose(command, { timeoutMs: applyTimeoutMs });
    };
    return askers === null ? propose() : this.#syncs.time(propose, askers);
  }
}
