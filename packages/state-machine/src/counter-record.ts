/** A counter as the machine keeps it, and where the rules read and write it. */
import type { Expiring } from "./expiry-heap.ts";
import type { CounterConfig, CounterName } from "./types.ts";

/** Log time of what never ends. */
export const never: number = Infinity;

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
  /** Log time from which it counts as absent. */
  readonly expiresAt: number;
}

/** Never changed (but for its place in the heap), only replaced: a snapshot goes on seeing it. */
export interface CounterRecord extends CounterFacts, Expiring {}

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
  /** Puts it in the place of what has its name, if anything has. */
  put(facts: CounterFacts): void;
  /** Forgets a name altogether. */
  drop(name: CounterName): void;
}

export function isLive(found: CounterFacts | undefined): found is LiveCounter {
  return found !== undefined && found.value !== null;
}
