/** What the rules of the counters have in common; they are in `counter-rules.ts`. */
import {
  isLive,
  never,
  unplaced,
  type CounterFacts,
  type CounterRecord,
  type CounterStore,
} from "./counter-record.ts";
import { refuse, tooManyCounters, valueOutOfRange } from "./refusals.ts";
import type { OperationDone, OperationRefused } from "./results.ts";
import { plainConfig, type CounterConfig, type CounterName } from "./types.ts";

/** The moment at which an operation is done. */
export interface Moment {
  readonly logTimeMs: number;
  readonly epoch: number;
  /** Of the last change before it. */
  readonly revision: number;
  readonly countersMax: number;
}

/** Why `add` and `next` cannot be done, however much they ask for. */
export function obstacle(
  store: CounterStore,
  found: CounterFacts | undefined,
  type: "add" | "next",
  at: Moment,
): OperationRefused | null {
  if (found === undefined) return store.size >= at.countersMax ? tooManyCounters : null;
  if (type === "add" && found.config.kind === "sequence") {
    return refuse("kind-mismatch", found, at.epoch);
  }
  return null;
}

/** `next` hands out numbers above this one (C2). */
export function baseOf(found: CounterFacts | undefined, previous: bigint): bigint {
  const issued = found?.issued ?? null;
  return issued !== null && issued > previous ? issued : previous;
}

/** What is left of a counter that is no more. */
export function retired(name: CounterName, issued: bigint | null): CounterRecord {
  const nothing = { value: null, config: plainConfig, revision: 0, expiresAt: never };
  return { name, issued, ...nothing, sequence: unplaced, slot: unplaced };
}

interface Write {
  readonly name: CounterName;
  readonly previous: bigint;
  readonly value: bigint;
  readonly config: CounterConfig;
}

export function write(
  store: CounterStore,
  found: CounterFacts | undefined,
  { name, previous, value, config }: Write,
  at: Moment,
  revision: number = at.revision + 1,
): OperationDone {
  const issued = found?.issued ?? null;
  const expiresAt = expiryOf(config, at);
  const sequence = unplaced;
  store.put({ name, value, issued, config, revision, expiresAt, sequence, slot: unplaced });
  return { ...answer({ previous, value, created: !isLive(found) }, at), revision };
}

export function answer(
  { previous, value, created }: Pick<OperationDone, "previous" | "value" | "created">,
  at: Moment,
): OperationDone {
  return {
    status: "ok",
    replayed: false,
    value,
    previous,
    first: value,
    last: value,
    step: 1n,
    created,
    config: null,
    epoch: at.epoch,
    revision: at.revision + 1, // C4
  };
}

/** Every write renews the time that a counter has. */
export function expiryOf({ ttlMs }: CounterConfig, at: Pick<Moment, "logTimeMs">): number {
  return ttlMs === null ? never : at.logTimeMs + ttlMs;
}

export function isWithin(value: bigint, { min, max }: CounterConfig): boolean {
  return (min === null || value >= min) && (max === null || value <= max);
}

export function outOfRange(found: CounterFacts | undefined, at: Moment): OperationRefused {
  return isLive(found) ? refuse("value-out-of-range", found, at.epoch) : valueOutOfRange;
}
