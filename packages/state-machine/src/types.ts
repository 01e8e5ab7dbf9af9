/** The nouns of the replicated counter. Nothing here has behaviour. */

/** Names a counter: 1–128 characters, a letter or digit first, then also `.`, `_`, `:` and `-`. */
export type CounterName = string;

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

/** A counter and its value. */
export interface CounterValue {
  readonly name: CounterName;
  readonly value: bigint;
}

/** Adds `delta`, which may be negative or zero, to a counter. The first touch creates it at zero. */
export interface AddOperation {
  readonly type: "add";
  readonly counter: CounterName;
  /** |delta| < 2^1024. */
  readonly delta: bigint;
  readonly key: OperationKey | null;
}

/**
 * Hands out `count` consecutive numbers that this counter never handed out before, and moves the
 * counter to the last of them.
 */
export interface NextOperation {
  readonly type: "next";
  readonly counter: CounterName;
  /** 1 ≤ count < 2^1024. */
  readonly count: bigint;
  readonly key: OperationKey | null;
}

/** Replaces the values of all counters, at one index of the log. Counters not named are removed. */
export interface RestoreOperation {
  readonly type: "restore";
  /** Any order; every name at most once. */
  readonly counters: readonly CounterValue[];
  readonly key: OperationKey | null;
}

export type Operation = AddOperation | NextOperation | RestoreOperation;

/**
 * One command of the log. Limits and window travel with it, so that servers that were started with
 * different settings still do the same.
 */
export interface CommandBatch {
  /** Log time in whole milliseconds, stamped by the proposing leader; see {@link LogClock}. */
  readonly at: number;
  /** How long the keys of this batch are remembered, in milliseconds of log time. ≥ 1. */
  readonly keyWindowMs: number;
  /** Most keys remembered; a further new key is refused. */
  readonly keysMax: number;
  /** Most counters, removed ones that once issued numbers included. */
  readonly countersMax: number;
  /** Applied in this order; may be empty, and then only moves the log time. */
  readonly operations: readonly Operation[];
}

/**
 * Why an operation was refused. In every case it changed no counter.
 * - `value-out-of-range`: the value would reach ±2^1024
 * - `too-many-counters`: it would create a counter beyond `countersMax`
 * - `too-many-keys`: the key is new and `keysMax` keys are remembered
 * - `key-reused`: the key stands for an operation with another fingerprint
 */
export type RefusalCode =
  "value-out-of-range" | "too-many-counters" | "too-many-keys" | "key-reused";

/** The operation took effect: now, or (`replayed`) when its key was first seen. */
export interface OperationDone {
  readonly status: "ok";
  /** Whether this is the stored answer of an earlier operation with the same key. */
  readonly replayed: boolean;
  /** The counter after the operation; of a restore: the restore epoch after it. */
  readonly value: bigint;
  /** The counter before the operation (0 if it was new); of a restore: the epoch before it. */
  readonly previous: bigint;
  /** Of `next`: the first number handed out. Otherwise equal to `value`. */
  readonly first: bigint;
  /** Of `next`: the last number handed out. Otherwise equal to `value`. */
  readonly last: bigint;
}

export interface OperationRefused {
  readonly status: "refused";
  readonly replayed: boolean;
  readonly code: RefusalCode;
}

export type OperationResult = OperationDone | OperationRefused;

/** A committed command, as a Raft host hands it over. */
export interface CommittedBatch {
  /** Ascending; gaps are entries that are not for the state machine. */
  readonly index: number;
  readonly term: number;
  /** What {@link encodeBatch} gave. Never changed by anyone. */
  readonly data: Uint8Array;
}

/** How much a machine holds. */
export interface MachineStats {
  /** Counters that have a value. */
  readonly counters: number;
  /** Counters that a restore removed and whose issued numbers are remembered. */
  readonly retiredCounters: number;
  /** Remembered keys, the expired ones that were not swept yet included. */
  readonly keys: number;
  readonly logTimeMs: number;
  readonly restoreEpoch: number;
}
