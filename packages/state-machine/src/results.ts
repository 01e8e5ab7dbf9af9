/** What an operation is answered. */
import type { CounterConfig, CounterVersion } from "./types.ts";

/**
 * Why an operation was refused. In every case it changed no counter.
 * - `value-out-of-range`: the value would reach ±2^1024
 * - `bound-exceeded`: the value would leave the bounds of the counter
 * - `version-mismatch`: its condition does not hold, or a `cas` expected another value
 * - `counter-not-found`: there is nothing to configure or delete
 * - `counter-exists`: there is nothing to create
 * - `kind-mismatch`: a sequence is not added to, set or compared
 * - `too-many-labels`: it would have more than 16
 * - `too-many-counters`: it would create a counter beyond `countersMax`
 * - `too-many-keys`: the key is new and `keysMax` keys are remembered
 * - `key-reused`: the key stands for an operation with another fingerprint
 * - `session-unknown`: there is no such session of this owner; it may have ended
 * - `number-acknowledged`: the client had the answer to that number already, so it is not kept
 * - `number-reused`: the number stands for a request with another fingerprint
 * - `too-many-sessions`: there are `sessionsMax`
 * - `too-many-results`: `keysMax` results are kept for sessions
 * - `restore-not-staged`: another restore has begun meanwhile, or this one was dropped
 * - `restore-not-ready`: the commit is to be asked for again
 * - `restore-damaged`: the parts are not those that were announced
 */
export type RefusalCode =
  | "value-out-of-range"
  | "bound-exceeded"
  | "version-mismatch"
  | "counter-not-found"
  | "counter-exists"
  | "kind-mismatch"
  | "too-many-labels"
  | "too-many-counters"
  | "too-many-keys"
  | "key-reused"
  | "session-unknown"
  | "number-acknowledged"
  | "number-reused"
  | "too-many-sessions"
  | "too-many-results"
  | "restore-not-staged"
  | "restore-not-ready"
  | "restore-damaged";

/** The operation took effect: now, or (`replayed`) when its key was first seen. */
export interface OperationDone extends CounterVersion {
  readonly status: "ok";
  /** Whether this is the stored answer of an earlier operation with the same key. */
  readonly replayed: boolean;
  /** The counter after the operation, of a `delete` before it; of a restore: the epoch after it. */
  readonly value: bigint;
  /**
   * The counter before the operation, or its initial value if it was new; of a restore: the epoch
   * before it. What was added is `value - previous`, with saturation as well.
   */
  readonly previous: bigint;
  /** Of `next`: the first number handed out. Otherwise equal to `value`. */
  readonly first: bigint;
  /** Of `next`: the last number handed out. Otherwise equal to `value`. */
  readonly last: bigint;
  /** Of `next`: from one of its numbers to the one after it. Otherwise 1. */
  readonly step: bigint;
  /** Whether the counter began with this operation. */
  readonly created: boolean;
  /** Of `create` and `configure`: the configuration after it. Otherwise `null`. */
  readonly config: CounterConfig | null;
}

/**
 * The operation changed nothing: now, or (`replayed`) when its key was first seen. Of the counter
 * as it was then; of refusals about keys and sessions nothing is said.
 */
export interface OperationRefused {
  readonly status: "refused";
  readonly replayed: boolean;
  readonly code: RefusalCode;
  /** `null`: there is no such counter. */
  readonly current: bigint | null;
  readonly currentVersion: CounterVersion | null;
  readonly min: bigint | null;
  readonly max: bigint | null;
  /** Place in its group of the operation because of which the group was refused; or `null`. */
  readonly index: number | null;
}

/** What became of one operation on a counter, or of a restore. */
export type SingleResult = OperationDone | OperationRefused;

/**
 * Of an operation with `times` above 1 of which at least one was done. What each of them was
 * answered follows by arithmetic: `resultAt`.
 */
export interface RepeatedResult {
  readonly status: "repeated";
  readonly type: "add" | "next";
  /** How many were done, the first ones; each raised the revision by one. */
  readonly done: number;
  /** What all the others are answered; `null` if there are none. */
  readonly refusal: OperationRefused | null;
  /** The counter before the first of them. */
  readonly previous: bigint;
  /** What each adds; of `next`: from the last number of one to the last number of the one after. */
  readonly delta: bigint;
  /** Of `next`: the numbers begin above it. Otherwise equal to `previous`. */
  readonly base: bigint;
  /** Of an `add` that saturates: where it stops. Otherwise `null`. */
  readonly stop: bigint | null;
  /** Of `next`: from one number to the one after it. Otherwise 1. */
  readonly step: bigint;
  readonly created: boolean;
  readonly epoch: number;
  /** The revision before the first of them. */
  readonly revisionBefore: number;
}

/** A group that was done, or replayed as a whole. */
export interface GroupDone {
  readonly status: "group";
  readonly replayed: boolean;
  /** One for each of its operations, in order. */
  readonly results: readonly OperationDone[];
}

/** A session was begun, or ended. */
export interface SessionChanged {
  readonly status: "session";
  readonly session: number;
}

/** What became of the operations of one number of a session. */
export interface SessionAnswer {
  readonly status: "answer";
  /** Whether this is the kept answer: nothing was done now. */
  readonly replayed: boolean;
  /** One for each operation, in order; all done if `atomic`. */
  readonly results: readonly SingleResult[];
}

export type OperationResult =
  SingleResult | RepeatedResult | GroupDone | SessionChanged | SessionAnswer;
