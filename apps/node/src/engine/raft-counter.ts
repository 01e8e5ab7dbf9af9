/** Counters replicated by Raft: every write is a command of the log, every read a read index. */
import {
  NotLeaderError,
  type ChangeOptions,
  type Freshness,
  type Membership,
  type MembershipChange,
  type NodeId,
  type Proposed,
  type RaftNodeStatus,
  type ReadOptions,
  type WaitOptions,
} from "@counter/raft";
import {
  CounterMachine,
  encodeBatch,
  LogClock,
  type Operation,
  type OperationResult,
} from "@counter/state-machine";

import { Batcher } from "./batcher.ts";
import {
  OperationRefusedError,
  UnknownVoterError,
  type AddRequest,
  type CounterBackup,
  type RaftEngine,
  type EngineStatus,
  type NextRequest,
  type PeerLag,
  type ReadRequest,
  type ReadValue,
  type RestoreRequest,
  type Written,
} from "./engine.ts";
import { RaftMembers } from "./members.ts";

/** One result an operation of the batch, in order. */
export type BatchResults = readonly OperationResult[];

/** What this engine needs of a `RaftNode`. */
export interface RaftHost {
  propose(command: Uint8Array, options?: WaitOptions): Promise<Proposed<BatchResults>>;
  read<T>(query: (freshness: Freshness) => T, options?: ReadOptions): Promise<T>;
  transferLeadership(to: NodeId | null, options?: WaitOptions): Promise<NodeId>;
  changeMembership(
    changes: readonly MembershipChange[],
    options?: ChangeOptions,
  ): Promise<Membership>;
  status(): RaftNodeStatus;
}

/** Who leads, kept up to date by whoever watches the node: asking the node itself costs a copy. */
export interface Leadership {
  readonly leading: boolean;
  readonly leaderId: NodeId | null;
}

export interface RaftCounterOptions {
  readonly node: RaftHost;
  readonly machine: CounterMachine;
  readonly leadership: Leadership;
  readonly clock: LogClock;
  /** Where this node runs. */
  readonly address: string;
  /** Whether a member answers at the address that the configuration says. */
  readonly reaches: (id: NodeId) => boolean;
  /** Longest wait for an answer, in milliseconds. */
  readonly applyTimeoutMs: number;
  readonly idempotencyWindowMs: number;
  readonly idempotencyMax: number;
  readonly maxCounters: number;
  /** Told of every command, with the number of callers that wait for it. */
  readonly onBatch?: (callers: number) => void;
}

export class RaftCounter implements RaftEngine {
  readonly members: RaftMembers;
  readonly #options: RaftCounterOptions;
  readonly #batcher: Batcher;

  constructor(options: RaftCounterOptions) {
    this.#options = options;
    const { node, address, reaches, applyTimeoutMs: timeoutMs } = options;
    this.members = new RaftMembers({ node, address, reaches, timeoutMs });
    const { onBatch = (): void => undefined } = options;
    this.#batcher = new Batcher({ propose: (operations) => this.#propose(operations), onBatch });
  }

  async add({ counter, delta, key }: AddRequest): Promise<Written> {
    this.#requireLeader();
    return this.#batcher.submit({ type: "add", counter, amount: delta, key });
  }

  async next({ counter, count, key }: NextRequest): Promise<Written> {
    this.#requireLeader();
    return this.#batcher.submit({ type: "next", counter, amount: count, key });
  }

  async restore({ counters, key }: RestoreRequest): Promise<Written> {
    this.#requireLeader();
    // A command of its own: it may be large, and its refusal must not touch others.
    const [result] = await this.#propose([{ type: "restore", counters, key }]);
    if (result!.status === "refused") throw new OperationRefusedError(result!.code);
    return { replayed: result!.replayed, value: result!.value, first: result!.first };
  }

  async get({ counter, consistency, maxStalenessMs }: ReadRequest): Promise<ReadValue> {
    const { machine } = this.#options;
    switch (consistency) {
      case "linearizable":
        return this.#confirmed(() => ({ value: machine.value(counter), leaderSilentMs: 0 }));
      case "leader":
        this.#requireLeader();
        return this.#local(() => ({ value: machine.value(counter), leaderSilentMs: 0 }));
      case "local":
        return this.#local(
          ({ leaderSilentMs }) => ({ value: machine.value(counter), leaderSilentMs }),
          maxStalenessMs,
        );
    }
  }

  async backup(): Promise<CounterBackup> {
    const { machine, node } = this.#options;
    return this.#confirmed(() => {
      return { index: node.status().appliedIndex, counters: [...machine.counters()] };
    });
  }

  async transferLeadership(to: NodeId | null): Promise<NodeId> {
    this.#requireLeader();
    const { voters } = this.#options.node.status().configuration;
    if (to !== null && !voters.includes(to)) throw new UnknownVoterError(to, voters);
    return this.#options.node.transferLeadership(to);
  }

  status(): EngineStatus {
    const status = this.#options.node.status();
    const stats = this.#options.machine.stats();
    const { configuration } = status;
    const voters = new Set([...configuration.voters, ...configuration.outgoing]);
    return {
      state: stateOf(status),
      id: status.id,
      leader: configuration.members.find(({ id }) => id === status.leaderId) ?? null,
      members: configuration.members.map(({ id, address }) => {
        return { id, address, role: voters.has(id) ? "voter" : "nonvoter" };
      }),
      term: status.term,
      commitIndex: status.commitIndex,
      appliedIndex: status.appliedIndex,
      lastIndex: status.lastIndex,
      leaderSilentMs: status.leaderSilentMs,
      peers: status.role === "leader" ? lags(status) : [],
      pending: {
        operations: this.#batcher.waiting,
        proposals: status.pendingProposals,
        reads: status.pendingReads,
      },
      counters: stats.counters,
      idempotencyKeys: stats.keys,
      logTimeMs: stats.logTimeMs,
    };
  }

  /** A follower says so at once, before an operation waits for the end of its turn. */
  #requireLeader(): void {
    const { leading, leaderId } = this.#options.leadership;
    if (!leading) throw new NotLeaderError(leaderId);
  }

  #confirmed<T>(query: () => T): Promise<T> {
    const { leadership, node, applyTimeoutMs } = this.#options;
    if (leadership.leaderId === null) {
      return Promise.reject(new NotLeaderError(null)); // nobody could confirm it
    }
    return node.read(query, { timeoutMs: applyTimeoutMs });
  }

  #local<T>(
    query: (freshness: Freshness) => T,
    leaderSilentMaxMs: number | null = null,
  ): Promise<T> {
    const { node, applyTimeoutMs } = this.#options;
    const bound = leaderSilentMaxMs === null ? {} : { leaderSilentMaxMs };
    return node.read(query, { consistency: "local", timeoutMs: applyTimeoutMs, ...bound });
  }

  async #propose(operations: readonly Operation[]): Promise<BatchResults> {
    const { node, machine, clock, applyTimeoutMs } = this.#options;
    const command = encodeBatch({
      at: clock.stamp(performance.now(), machine.logTimeMs),
      keyWindowMs: this.#options.idempotencyWindowMs,
      keysMax: this.#options.idempotencyMax,
      countersMax: this.#options.maxCounters,
      operations,
    });
    const { result } = await node.propose(command, { timeoutMs: applyTimeoutMs });
    return result;
  }
}

function stateOf(status: RaftNodeStatus): EngineStatus["state"] {
  if (status.fatal !== null) return "Shutdown";
  switch (status.role) {
    case "leader":
      return "Leader";
    case "follower":
      return "Follower";
    case "preCandidate":
    case "candidate":
      return "Candidate";
  }
}

function lags(status: RaftNodeStatus): PeerLag[] {
  return Object.entries(status.peers)
    .filter(([id]) => id !== status.id)
    .map(([id, { matchIndex, state }]) => {
      return { id, matchIndex, lagEntries: Math.max(0, status.lastIndex - matchIndex), state };
    });
}
