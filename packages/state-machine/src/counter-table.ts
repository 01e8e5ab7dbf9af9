/**
 * The counters, and the rules that change them.
 *
 * C1  A value never wraps: what would reach ±2^1024 is refused and changes nothing.
 * C2  A number that `next` handed out is never handed out again, neither after a negative add nor
 *     after a restore to an older value. So the highest issued number outlives both, and `next`
 *     begins above it and above the value.
 * C3  A counter that a restore removes keeps its highest issued number. It then takes up a place
 *     like any other counter, or restores could grow the table without limit.
 */
import { isInRange } from "./limits.ts";
import { OrderedTable } from "./ordered-table.ts";
import type { Captured, Placed } from "./ordered-table.ts";
import type { CounterName, CounterValue, OperationResult, RefusalCode } from "./types.ts";

/** Never changed, only replaced: a snapshot being written goes on seeing the old ones. */
export interface CounterRecord extends Placed {
  readonly name: CounterName;
  /** `null`: removed by a restore; only `issued` is remembered (C3). */
  readonly value: bigint | null;
  /** The highest number that `next` handed out; `null` if it never did. */
  readonly issued: bigint | null;
}

/** What a snapshot holds of a counter. */
export type CounterFacts = Omit<CounterRecord, "sequence">;

export class CounterTable {
  /** In the order of creation, which is also the order in a snapshot. */
  #byName = new OrderedTable<CounterRecord>();
  #withValue = 0;

  /** All records, the removed counters included. */
  get size(): number {
    return this.#byName.size;
  }

  /** Counters that have a value. */
  get withValue(): number {
    return this.#withValue;
  }

  value(name: CounterName): bigint {
    return this.#byName.get(name)?.value ?? 0n;
  }

  *values(): Generator<CounterValue, void, undefined> {
    for (const { name, value } of this.#byName.values()) {
      if (value !== null) yield { name, value };
    }
  }

  has(name: CounterName): boolean {
    return this.#byName.get(name) !== undefined;
  }

  /** Takes a counter from a snapshot. The caller has looked that the name is new. */
  load({ name, value, issued }: CounterFacts): void {
    append(this.#byName, { name, value, issued });
    if (value !== null) this.#withValue += 1;
  }

  /** All records in order, as they are now. */
  capture(): Captured<CounterRecord> {
    return this.#byName.capture();
  }

  add(name: CounterName, delta: bigint, countersMax: number): OperationResult {
    const record = this.#byName.get(name);
    if (record === undefined && this.#byName.size >= countersMax) return tooManyCounters;
    const previous = record?.value ?? 0n;
    const value = previous + delta;
    if (!isInRange(value)) return valueOutOfRange; // C1
    this.#put(record, { name, value, issued: record?.issued ?? null });
    return { status: "ok", replayed: false, value, previous, first: value, last: value };
  }

  next(name: CounterName, count: bigint, countersMax: number): OperationResult {
    const record = this.#byName.get(name);
    if (record === undefined && this.#byName.size >= countersMax) return tooManyCounters;
    const previous = record?.value ?? 0n;
    const issued = record?.issued ?? null;
    const base = issued !== null && issued > previous ? issued : previous; // C2
    const last = base + count;
    if (!isInRange(last)) return valueOutOfRange; // C1
    this.#put(record, { name, value: last, issued: last });
    return { status: "ok", replayed: false, value: last, previous, first: base + 1n, last };
  }

  /** Replaces all values; `false`, and nothing is changed, if that makes too many counters. */
  replace(counters: readonly CounterValue[], countersMax: number): boolean {
    const old = this.#byName;
    const byName = new OrderedTable<CounterRecord>();
    for (const { name, value } of counters) {
      append(byName, { name, value, issued: old.get(name)?.issued ?? null });
    }
    for (const { name, issued } of old.values()) {
      if (issued === null || byName.get(name) !== undefined) continue;
      append(byName, { name, value: null, issued });
    }
    if (byName.size > countersMax) return false;
    this.#byName = byName;
    this.#withValue = counters.length;
    return true;
  }

  #put(before: CounterRecord | undefined, after: CounterFacts): void {
    if (before === undefined || before.value === null) this.#withValue += 1;
    if (before === undefined) return append(this.#byName, after);
    const { name, value, issued } = after;
    this.#byName.replace(name, { name, value, issued, sequence: before.sequence });
  }
}

function append(table: OrderedTable<CounterRecord>, { name, value, issued }: CounterFacts): void {
  table.add(name, { name, value, issued, sequence: table.nextSequence });
}

/** One object for each refusal; they are never changed. */
function refusal(code: RefusalCode): OperationResult {
  return { status: "refused", replayed: false, code };
}

export const valueOutOfRange: OperationResult = refusal("value-out-of-range");
export const tooManyCounters: OperationResult = refusal("too-many-counters");
export const tooManyKeys: OperationResult = refusal("too-many-keys");
export const keyReused: OperationResult = refusal("key-reused");
