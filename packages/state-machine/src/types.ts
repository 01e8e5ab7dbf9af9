/** What a counter is. Nothing here has behaviour. */

/** Names a counter: 1–128 characters, a letter or digit first, then also `.`, `_`, `:` and `-`. */
export type CounterName = string;

/**
 * - `counter`: takes every operation
 * - `sequence`: hands out numbers by `next`, and may be `reset`; it is never added to or set
 */
export type CounterKind = "counter" | "sequence";

/** What an `add` does that would go beyond a bound: nothing, or as much as there is room for. */
export type OnBound = "reject" | "saturate";

/** A word about a counter that means nothing to the machine. */
export interface Label {
  /** 1–63 characters of `A-Za-z0-9._/-`. */
  readonly key: string;
  /** At most 255 UTF-16 code units, of any kind. */
  readonly value: string;
}

/** How a counter behaves. A counter that is created by its first use has {@link plainConfig}. */
export interface CounterConfig {
  readonly kind: CounterKind;
  /** The value at its creation, and what a `reset` without a value goes back to. */
  readonly initial: bigint;
  /** Lowest and highest value, themselves allowed; `null`: none. */
  readonly min: bigint | null;
  readonly max: bigint | null;
  readonly onBound: OnBound;
  /** From one number of `next` to the one after it; ≥ 1. */
  readonly step: bigint;
  /** At most 16, ascending by key, every key once. */
  readonly labels: readonly Label[];
  /** Milliseconds of log time after its last write in which it is deleted; `null`: never. */
  readonly ttlMs: number | null;
}

/** The configuration of a counter that nobody configured. */
export const plainConfig: CounterConfig = {
  kind: "counter",
  initial: 0n,
  min: null,
  max: null,
  onBound: "reject",
  step: 1n,
  labels: [],
  ttlMs: null,
};

/**
 * Which state of a counter: equal versions mean an equal counter, in value and configuration.
 * Revisions go on through a restore; the epoch says that one happened.
 */
export interface CounterVersion {
  /** How often all counters were replaced by a restore before. */
  readonly epoch: number;
  /** The revision of the machine with the last change of this counter. */
  readonly revision: number;
}

/** A counter and its value. */
export interface CounterValue {
  readonly name: CounterName;
  readonly value: bigint;
}

/** Everything that can be said of a counter. */
export interface CounterView extends CounterConfig, CounterVersion, CounterValue {
  /** The highest number that `next` handed out under this name; `null` if it never did. */
  readonly issued: bigint | null;
  /** Log time from which it counts as deleted; `null`: never. */
  readonly expiresAtMs: number | null;
}

/** A counter as a backup has it. */
export interface CounterBackup {
  readonly name: CounterName;
  /** `null`: there is no counter of this name; its issued numbers are remembered. */
  readonly value: bigint | null;
  readonly issued: bigint | null;
  readonly config: CounterConfig;
}

/** A change of one counter, as an observer hears of it. */
export interface CounterChange {
  readonly name: CounterName;
  /** Whether the counter is no more: deleted, or its time was up. */
  readonly deleted: boolean;
}

/**
 * Hears of changes while they are made, and only of those: a refused group is not heard of. It may
 * note what changed and must read later, since other operations of the command may follow. It
 * cannot answer, and what it throws stops the server.
 */
export interface MachineObserver {
  changed?(change: CounterChange): void;
  /** All counters may be others: by a restore operation, or by a snapshot. */
  replaced?(): void;
  /** A `digest` was applied at this index: `state` is the snapshot there, to be read in good time. */
  digestDue?(due: { readonly index: number; readonly state: Iterable<Uint8Array> }): void;
}

/** How much a machine holds. */
export interface MachineStats {
  /** Counters that have a value; those whose time is up and that were not swept yet included. */
  readonly counters: number;
  /** Counters that are no more and whose issued numbers are remembered. */
  readonly retiredCounters: number;
  /** Remembered keys, the expired ones that were not swept yet included. */
  readonly keys: number;
  /** Sessions, those that ended and were not swept yet included. */
  readonly sessions: number;
  /** Results that are kept for sessions. */
  readonly sessionResults: number;
  readonly logTimeMs: number;
  readonly restoreEpoch: number;
  readonly revision: number;
}
