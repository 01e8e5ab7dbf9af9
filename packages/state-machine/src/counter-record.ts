/** A counter as the machine keeps it, and where the rules read and write it. */
import type { Expiring } from "./expiry-heap.ts";
import type { CounterConfig, CounterName } from "./types.ts";

/** Instead of a log time, of what never ends. A small integer: records are made all the time. */
export const never: number = -1;

/** What the rules know of a counter, and what a snapshot holds of it. */
export interface CounterFacts {
  readonly name: CounterName;
  /** `null`: there is no such counter; only `issued` is remembered (C3). */
  readonly value: bigint | null;
  /** The highest number that `next` handed out; `null` if it never did. */
  readonly issued: bigint | null;
  readonly config: CounterConfig;
  /** Of its last change; 0 if that was before revisions were counted, or there is no value. */
  readonly revision: number;
  /** Log time from which it counts as absent; or `never`. */
  readonly expiresAt: number;
}

/**
 * Never changed once the table has it (but for its place in the heap), only replaced: a snapshot goes
 * on seeing it. Rules make it with {@link unplaced}; the table gives it its places.
 */
export interface CounterRecord extends CounterFacts, Expiring {
  sequence: number;
}

/** The places of a record that is in no table yet. */
export const unplaced = -1;

/** A counter that has a value. */
export interface LiveCounter extends CounterFacts {
  readonly value: bigint;
}

/** What the rules work on: the table, or a draft that may be thrown away. */
export interface CounterStore {
  /** Names that take up a place. */
  readonly size: number;
  /** A counter whose time is up is shown as one that is no more. */
  find(name: CounterName, logTimeMs: number): CounterFacts | undefined;
  /** Puts a new record in the place of what has its name, if anything has. It is the store's now. */
  put(record: CounterRecord): void;
  /** Forgets a name altogether. */
  drop(name: CounterName): void;
}

/** Whether its time is up (T1). */
export function hasEnded(
  { expiresAt }: Pick<CounterFacts, "expiresAt">,
  logTimeMs: number,
): boolean {
  return expiresAt !== never && expiresAt <= logTimeMs;
}

export function isLive(found: CounterFacts | undefined): found is LiveCounter {
  return found !== undefined && found.value !== null;
}
