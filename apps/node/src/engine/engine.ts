/** The counter service of Raft mode as the HTTP layer sees it, and what every mode has. */
import type { Member, NodeId } from "@counter/raft";
import type { CounterName, CounterValue, OperationKey, RefusalCode } from "@counter/state-machine";

import type { ClusterMembers } from "./members.ts";

/**
 * How fresh a read has to be.
 *
 * - `linearizable` sees every write acknowledged before it; a majority confirms who leads.
 * - `leader` is answered by who believes to lead, unconfirmed: it may be old around a change.
 * - `local` is this node's copy, however old.
 */
export type Consistency = "linearizable" | "leader" | "local";

export interface ReadRequest {
  readonly counter: CounterName;
  readonly consistency: Consistency;
  /** Longest silence of the leader that a `local` read accepts, in milliseconds; `null`: any. */
  readonly maxStalenessMs: number | null;
}

/** A value, and what was known about its age in the moment in which it was read. */
export interface ReadValue {
  readonly value: bigint;
  /** Since the leader was last heard of: 0 where it answered itself, `null` while none is known. */
  readonly leaderSilentMs: number | null;
}

export interface AddRequest {
  readonly counter: CounterName;
  readonly delta: bigint;
  readonly key: OperationKey | null;
}

export interface NextRequest {
  readonly counter: CounterName;
  /** How many consecutive numbers are wanted; ≥ 1. */
  readonly count: bigint;
  readonly key: OperationKey | null;
}

export interface RestoreRequest {
  readonly counters: readonly CounterValue[];
  readonly key: OperationKey | null;
}

/** A write that took effect, now or (`replayed`) when its key was first seen. */
export interface Written {
  readonly replayed: boolean;
  /** The counter right after this write; of a restore: the restore epoch. */
  readonly value: bigint;
  /** Of `next`: the first of the numbers handed out; `value` is the last. */
  readonly first: bigint;
}

/** All counters at one point of the log. */
export interface CounterBackup {
  readonly index: number;
  readonly counters: readonly CounterValue[];
}

/** How far one other node is, as the leader knows it. */
export interface PeerLag {
  readonly id: NodeId;
  readonly matchIndex: number;
  /** Entries of the leader's log that this node is not known to have. */
  readonly lagEntries: number;
  readonly state: "probe" | "replicate" | "snapshot";
}

export interface EngineStatus {
  readonly state: "Leader" | "Follower" | "Candidate" | "Shutdown";
  readonly id: NodeId;
  readonly leader: Member | null;
  readonly members: readonly (Member & { readonly role: "voter" | "nonvoter" })[];
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly leaderSilentMs: number | null;
  /** Empty unless this node leads. */
  readonly peers: readonly PeerLag[];
  readonly pending: {
    readonly operations: number;
    readonly proposals: number;
    readonly reads: number;
  };
  readonly counters: number;
  readonly idempotencyKeys: number;
  readonly logTimeMs: number;
}

/**
 * Every rejection carries a `code`: one of `@counter/raft`'s errors, or that of an error below.
 */
export interface RaftEngine {
  add(request: AddRequest): Promise<Written>;
  next(request: NextRequest): Promise<Written>;
  restore(request: RestoreRequest): Promise<Written>;
  /** 0 for a counter that was never touched. */
  get(request: ReadRequest): Promise<ReadValue>;
  /** Sees every write acknowledged before it. */
  backup(): Promise<CounterBackup>;
  /**
   * Hands leadership to this voter, or to whoever is furthest (`null`).
   *
   * @returns the id of the new leader
   */
  transferLeadership(to: NodeId | null): Promise<NodeId>;
  /** Who takes part, and changing it. */
  readonly members: ClusterMembers;
  status(): EngineStatus;
}

/** The state machine refused the operation; nothing was changed. */
export class OperationRefusedError extends Error {
  override readonly name = "OperationRefusedError";
  readonly code: RefusalCode;
  readonly outcome = "not-applied";
  constructor(code: RefusalCode) {
    super(`the operation was refused: ${code}`);
    this.code = code;
  }
}

/** More operations wait for their batch than is sound; nothing was proposed. */
export class TooManyWaitingError extends Error {
  override readonly name = "TooManyWaitingError";
  readonly code = "TOO_MANY_WAITING";
  readonly outcome = "not-applied";
  constructor(limit: number) {
    super(`${limit} operations are waiting already`);
  }
}

/** There is no voter of this name to hand leadership to. */
export class UnknownVoterError extends Error {
  override readonly name = "UnknownVoterError";
  readonly code = "UNKNOWN_VOTER";
  constructor(to: NodeId, voters: readonly NodeId[]) {
    super(`${to} is not a voter of this cluster; ${voters.join(", ")} are`);
  }
}
