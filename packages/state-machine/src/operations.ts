/** What can be asked of the machine, and the command that carries it. */
import type {
  CounterBackup,
  CounterConfig,
  CounterName,
  CounterVersion,
  OnBound,
} from "./types.ts";

/**
 * Makes an operation count once however often it is sent. The scope of a key is its counter;
 * restores share one scope of their own.
 */
export interface OperationKey {
  /** 1–255 visible ASCII characters (no space), chosen by the client. */
  readonly key: string;
  /** 16 bytes: a hash of what the request asks for, made by the caller. */
  readonly fingerprint: Uint8Array;
}

/**
 * What must be so for the operation to be done; otherwise it is refused with `version-mismatch`.
 * - `versions`: the counter has one of these (1–16 of them)
 * - `absent`, `present`: there is no counter of this name, or there is one
 */
export type Condition =
  | { readonly type: "versions"; readonly versions: readonly CounterVersion[] }
  | { readonly type: "absent" }
  | { readonly type: "present" };

interface OnCounter {
  readonly counter: CounterName;
  readonly condition: Condition | null;
  readonly key: OperationKey | null;
}

/** Adds `delta`, which may be negative or zero. The first touch creates the counter at zero. */
export interface AddOperation extends OnCounter {
  readonly type: "add";
  /** |delta| < 2^1024. */
  readonly delta: bigint;
  /**
   * So many additions of `delta`, one after the other: 1–16,384. More than one has neither key nor
   * condition, and stands outside of groups.
   */
  readonly times: number;
  /** `null`: as the counter is configured. */
  readonly onBound: OnBound | null;
}

/**
 * Hands out `count` numbers that this counter never handed out before, `step` apart, and moves the
 * counter to the last of them.
 */
export interface NextOperation extends OnCounter {
  readonly type: "next";
  /** 1 ≤ count < 2^1024. */
  readonly count: bigint;
  /** So many times, one after the other; as with {@link AddOperation}. */
  readonly times: number;
}

/** Gives the counter this value; creates it if there is none. */
export interface SetOperation extends OnCounter {
  readonly type: "set";
  readonly value: bigint;
}

/** Gives the counter `value` if it has `expected`; otherwise `version-mismatch`, as without one. */
export interface CasOperation extends OnCounter {
  readonly type: "cas";
  readonly expected: bigint;
  readonly value: bigint;
}

/** Like `set`, with the initial value if `to` is `null`. The one way to move a sequence back. */
export interface ResetOperation extends OnCounter {
  readonly type: "reset";
  readonly to: bigint | null;
}

/** Creates a counter at its initial value; refused with `counter-exists` if there is one. */
export interface CreateOperation extends OnCounter {
  readonly type: "create";
  readonly config: CounterConfig;
}

/** A label to set, or with `null` to take away. */
export interface LabelChange {
  readonly key: string;
  readonly value: string | null;
}

/** What to change of a configuration; what is not there stays. */
export interface ConfigPatch {
  readonly min?: bigint | null;
  readonly max?: bigint | null;
  readonly onBound?: OnBound;
  readonly step?: bigint;
  /** At most 32, every key once; other labels stay. `null`: no labels at all. */
  readonly labels?: readonly LabelChange[] | null;
  readonly ttlMs?: number | null;
}

/** Changes the configuration of a counter that exists. */
export interface ConfigureOperation extends OnCounter {
  readonly type: "configure";
  readonly patch: ConfigPatch;
}

/** Removes a counter that exists. Numbers that it handed out stay remembered. */
export interface DeleteOperation extends OnCounter {
  readonly type: "delete";
}

export type CounterOperation =
  | AddOperation
  | NextOperation
  | SetOperation
  | CasOperation
  | ResetOperation
  | CreateOperation
  | ConfigureOperation
  | DeleteOperation;

/** Replaces all counters, at one index of the log. Counters not named are removed. */
export interface RestoreOperation {
  readonly type: "restore";
  /** Any order; every name at most once. */
  readonly counters: readonly CounterBackup[];
  readonly key: OperationKey | null;
}

/**
 * Begins a restore in parts: for what is too large for one command. Nothing is seen of it before its
 * {@link RestoreCommit}; it is dropped when another restore begins or is done, and after ten minutes
 * of log time without a part.
 */
export interface RestoreBegin {
  readonly type: "restore-begin";
  /** 1–64 visible ASCII characters, of no other restore. */
  readonly stage: string;
  /** How many parts there are, how long together, and their digest: see {@link StageDigest}. */
  readonly parts: number;
  readonly bytes: number;
  readonly digest: string;
  /** Of the commit: what was restored under it already is answered at once. */
  readonly key: OperationKey | null;
}

/** Adds a part to the restore that has begun; the next one, or once more one that is there. */
export interface RestorePart {
  readonly type: "restore-part";
  readonly stage: string;
  /** The first is 0. */
  readonly part: number;
  /** What `encodeRestorePart` gives. No counter is in two parts. */
  readonly data: Uint8Array;
}

/**
 * Puts the counters of all parts in the place of those there are. Refused with `restore-not-ready`
 * it is to be asked for again: each time a bounded number of issued numbers is carried over.
 */
export interface RestoreCommit {
  readonly type: "restore-commit";
  readonly stage: string;
  readonly key: OperationKey | null;
}

export type RestoreStep = RestoreBegin | RestorePart | RestoreCommit;

/** Changes nothing: an observer is handed the state as it is at this place of the log. */
export interface DigestOperation {
  readonly type: "digest";
}

/**
 * All or nothing: if one of them is refused, none is done. They see each other, in order. Either
 * none has a key or all have, each another one.
 */
export interface GroupOperation {
  readonly type: "group";
  /** 1–1024; each with `times` 1. */
  readonly operations: readonly CounterOperation[];
}

/** Whose a session is: 16 bytes, a hash that the caller makes; `null`: anybody's. */
export type SessionOwner = Uint8Array | null;

/** Begins a session. Its number is the answer: no session before it had that number. */
export interface OpenSessionOperation {
  readonly type: "openSession";
  readonly owner: SessionOwner;
  /** Milliseconds of log time without use after which it ends; 1 ms – 366 days. */
  readonly idleMs: number;
  /** Most sessions; one more is refused. */
  readonly sessionsMax: number;
}

/** Ends a session of this owner, if there is one. */
export interface CloseSessionOperation {
  readonly type: "closeSession";
  readonly session: number;
  readonly owner: SessionOwner;
}

/** Which write of a session something is. */
export interface SessionStep {
  readonly session: number;
  readonly owner: SessionOwner;
  /** Its number, from 1 upward; above `ack` and by at most 64. */
  readonly seq: number;
  /** The client has the answers up to this one, and asks for none of them again; from 0. */
  readonly ack: number;
  /** 16 bytes: a hash of what the request asks for, made by the caller. */
  readonly fingerprint: Uint8Array;
}

/** Operations that count once however often they are sent, under one number of a session. */
export interface InSessionOperation {
  readonly type: "inSession";
  readonly step: SessionStep;
  /** Whether all are done or none. */
  readonly atomic: boolean;
  /** 1–1024, in order; each without a key and with `times` 1. */
  readonly operations: readonly CounterOperation[];
}

export type SessionOperation = OpenSessionOperation | CloseSessionOperation | InSessionOperation;

export type Operation =
  | CounterOperation
  | RestoreOperation
  | RestoreStep
  | DigestOperation
  | GroupOperation
  | SessionOperation;

/** Whose request some operations were, for who reads the log later. */
export interface OperationTrace {
  /** Place of the first of them in the command, from 0. */
  readonly first: number;
  /** How many there are; of one that is done many times it is one of those times. ≥ 1. */
  readonly count: number;
  /** 24 bytes: the trace id of W3C Trace Context (16), then the span id (8); neither all zeros. */
  readonly context: Uint8Array;
}

/**
 * One command of the log. Limits and window travel with it, so that servers that were started with
 * different settings still do the same.
 */
export interface CommandBatch {
  /** Log time in whole milliseconds, stamped by the proposing leader; see {@link LogClock}. */
  readonly at: number;
  /** How long the keys of this batch are remembered, in milliseconds of log time. ≥ 1. */
  readonly keyWindowMs: number;
  /**
   * Most keys remembered; a further new key is refused. As many results are kept for sessions, all
   * of them together.
   */
  readonly keysMax: number;
  /** Most counters, those that are no more and once issued numbers included. */
  readonly countersMax: number;
  /** Applied in this order; may be empty, and then only moves the log time. */
  readonly operations: readonly Operation[];
  /**
   * By `first`, ascending; 1–1024 of them. Nothing that is applied, answered or remembered depends on
   * them. A command with traces stops servers of releases that know of none.
   */
  readonly traces?: readonly OperationTrace[];
}

/** A committed command, as a Raft host hands it over. */
export interface CommittedBatch {
  /** Ascending; gaps are entries that are not for the state machine. */
  readonly index: number;
  readonly term: number;
  /** What {@link encodeBatch} gave. Never changed by anyone. */
  readonly data: Uint8Array;
}
