/** The counter service of Raft mode as the HTTP layer sees it, and what every mode has. */
import type { Member, NodeId } from "@counter/raft";
import type {
  CounterBackup,
  CounterName,
  CounterOperation,
  CounterVersion,
  CounterView,
  OperationDone,
  OperationRefused,
  RefusalCode,
  RestoreStep,
  SessionOwner,
  SessionStep,
  SingleResult,
} from "@counter/state-machine";

import type { StateDigest } from "./digests.ts";
import type { ClusterMembers } from "./members.ts";
import type { SessionIds } from "./session-ids.ts";
import type { StrongToken, TokenCodec } from "./tokens.ts";

/**
 * How fresh a read has to be.
 *
 * - `linearizable` sees every write acknowledged before it; a majority confirms who leads.
 * - `lease` sees the same, as long as no server's clock runs much faster or slower than the others.
 * - `leader` is answered by who believes to lead, unconfirmed: it may be old around a change.
 * - `local` is this node's copy, however old.
 */
export type Consistency = "linearizable" | "lease" | "leader" | "local";

export interface ReadLevel {
  readonly consistency: Consistency;
  /** Longest silence of the leader that a `local` read accepts, in milliseconds; `null`: any. */
  readonly maxStalenessMs: number | null;
  /** What the reader has seen already, and how long it waits for that; `null`: nothing. */
  readonly atLeast: { readonly token: StrongToken; readonly waitMs: number } | null;
}

export interface ReadRequest extends ReadLevel {
  readonly counter: CounterName;
}

/** What was read, and what was known about its age in the moment in which it was read. */
export interface ReadState {
  /** Of the whole state that was read: what a token of this answer says. */
  readonly version: CounterVersion;
  /** Since the leader was last heard of: 0 where it answered itself, `null` while none is known. */
  readonly leaderSilentMs: number | null;
}

export interface CounterRead extends ReadState {
  /** `null`: there is none of this name. */
  readonly counter: CounterView | null;
}

export interface ListRequest extends ReadLevel {
  /** Only names that begin so; may be empty. */
  readonly prefix: string;
  /** Only names above this one. */
  readonly after: CounterName | null;
  /** 1–1000. */
  readonly limit: number;
}

export interface CounterList extends ReadState {
  /** By name, ascending. */
  readonly counters: readonly CounterView[];
  /** The `after` of the next page; `null`: there is no more. A page may be empty before that. */
  readonly after: CounterName | null;
}

/** All counters at one point of the log. */
export interface Backup {
  readonly index: number;
  /** Can be read more than once, whatever is written meanwhile. */
  readonly counters: Iterable<CounterBackup>;
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
  readonly sessions: number;
  readonly logTimeMs: number;
  /** How often all counters were replaced by a restore. */
  readonly restoreEpoch: number;
}

/** Somebody who wants to know where the time of a write goes. */
export interface StageSink {
  /** Milliseconds by stage, one after the other. */
  set(ms: Readonly<Record<string, number>>): void;
}

/** What goes with a write and changes nothing about it. */
export interface WriteNotes {
  /**
   * Is told `queue` (until it was proposed), `fsync` (until it was on the own disk) and `raft` (until a
   * majority had it and it was applied).
   */
  readonly stages?: StageSink | undefined;
  /** Whose request it is, for who reads the log: 24 bytes; `null`: the log does not say. */
  readonly trace?: Uint8Array | null;
}

/**
 * Every rejection carries a `code`: one of `@counter/raft`'s errors, or that of an error below.
 */
export interface RaftEngine {
  /**
   * One operation, whose `times` is 1.
   *
   * @param step - its place in a session; it has no key then
   * @throws OperationRefusedError, also with the refusal that its key or number stands for
   */
  write(
    operation: CounterOperation,
    step?: SessionStep | null,
    notes?: WriteNotes,
  ): Promise<OperationDone>;
  /**
   * Up to 1024 operations, in order and in one command of the log. With `atomic` all or none.
   *
   * @param options.step - the place of all of them in a session; they have no keys then
   * @returns one result for each; with `atomic` all are done
   * @throws OperationRefusedError if `atomic` and one of them is refused: `refusal.index` says which
   */
  writeAll(
    operations: readonly CounterOperation[],
    options: WriteNotes & { readonly atomic: boolean; readonly step?: SessionStep | null },
  ): Promise<readonly SingleResult[]>;
  /**
   * Begins a session.
   *
   * @returns its number, and how long it lives without use, in milliseconds of log time
   * @throws OperationRefusedError `too-many-sessions`
   */
  openSession(owner: SessionOwner): Promise<{ readonly session: number; readonly idleMs: number }>;
  /** Ends a session of this owner, if there is one. */
  closeSession(session: number, owner: SessionOwner): Promise<void>;
  /** The names of this cluster's sessions. */
  readonly sessionIds: SessionIds;
  /** A step of a restore, at the leader; what the state machine refuses is an answer like any other. */
  restore(step: RestoreStep, notes?: WriteNotes): Promise<SingleResult>;
  /** @throws NotYetConsistentError, TokenForeignError because of `atLeast` */
  read(request: ReadRequest): Promise<CounterRead>;
  list(request: ListRequest): Promise<CounterList>;
  /** The tokens of this cluster. */
  readonly tokens: TokenCodec;
  /**
   * Has every node make a digest of its state, at the same index of the log.
   *
   * @returns that of this node, which leads
   * @throws DigestNotMadeError
   */
  makeDigest(): Promise<StateDigest>;
  /** Those that this node has made, the newest last. */
  digests(): readonly StateDigest[];
  /** Sees every write acknowledged before it. */
  backup(): Promise<Backup>;
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
  /** How the counter was, and whether this is the stored answer of an earlier request. */
  readonly refusal: OperationRefused;
  constructor(refusal: OperationRefused) {
    super(`the operation was refused: ${refusal.code}`);
    this.code = refusal.code;
    this.refusal = refusal;
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

/** The node is too busy to digest its state in time; ask again. */
export class DigestNotMadeError extends Error {
  override readonly name = "DigestNotMadeError";
  readonly code = "DIGEST_NOT_MADE";
  readonly outcome = "not-applied";
  constructor(index: number) {
    super(`the digest at index ${index} is not made yet`);
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
