/**
 * The counters: found by name, in the order of their creation for snapshots, in the order of their
 * names for lists, and by the end of their time.
 *
 * T1  A counter counts as absent from the moment when log time reaches the end of its time, whether
 *     it was swept or not.
 * T2  A command sweeps a bounded number of them, first the one whose time was up first.
 */
import {
  hasEnded,
  never,
  unplaced,
  type CounterFacts,
  type CounterRecord,
  type CounterStore,
} from "./counter-record.ts";
import { expiryOf, retired } from "./counter-writing.ts";
import { ExpiryHeap } from "./expiry-heap.ts";
import { NameIndex } from "./name-index.ts";
import { OrderedTable } from "./ordered-table.ts";
import type { Captured } from "./ordered-table.ts";
import type { CounterBackup, CounterName, MachineObserver } from "./types.ts";

export class CounterTable implements CounterStore {
  /** In the order of creation, which is also the order in a snapshot. */
  readonly #byName = new OrderedTable<CounterRecord>();
  readonly #names = new NameIndex();
  readonly #byExpiry = new ExpiryHeap<CounterRecord>();
  readonly #observer: MachineObserver;
  /** While a restore is staged, the counters after it: they learn what is issued (S5). */
  successor: CounterTable | null = null;

  constructor(observer: MachineObserver = {}) {
    this.#observer = observer;
  }

  get size(): number {
    return this.#byName.size;
  }

  /** Counters that have a value; those whose time is up and that were not swept yet included. */
  get withValue(): number {
    return this.#names.size;
  }

  has(name: CounterName): boolean {
    return this.#byName.get(name) !== undefined;
  }

  find(name: CounterName, logTimeMs: number): CounterFacts | undefined {
    const record = this.#byName.get(name);
    if (record === undefined || !hasEnded(record, logTimeMs)) return record;
    return retired(name, record.issued); // T1
  }

  /** All in the order of creation. To be read before anything is changed. */
  *records(logTimeMs: number): Generator<CounterFacts, void, undefined> {
    for (const record of this.#byName.values()) {
      yield hasEnded(record, logTimeMs) ? retired(record.name, record.issued) : record; // T1
    }
  }

  /** The names of all that have a value, from this one on, ascending. */
  namesFrom(name: string): Generator<string, void, undefined> {
    return this.#names.from(name);
  }

  put(record: CounterRecord): void {
    this.load(record);
    if (this.successor !== null && record.issued !== null) {
      this.successor.carry(record.name, record.issued); // S5
    }
    this.#observer.changed?.({ name: record.name, deleted: record.value === null });
  }

  drop(name: CounterName): void {
    const record = this.#byName.get(name);
    if (record === undefined) return;
    this.#byName.remove(name, record);
    if (record.value === null) return;
    this.#names.remove(name);
    if (record.expiresAt !== never) this.#byExpiry.remove(record);
    this.#observer.changed?.({ name, deleted: true });
  }

  /** Like {@link put}, without telling anybody: the counters of a snapshot or of a restore. */
  load(record: CounterRecord): void {
    const { name, value, expiresAt } = record;
    const before = this.#byName.get(name);
    record.sequence = before === undefined ? this.#byName.nextSequence : before.sequence;
    if (before === undefined) {
      this.#byName.add(name, record);
      if (value !== null) this.#names.add(name);
    } else {
      this.#byName.replace(name, record);
      if ((before.value === null) !== (value === null)) this.#renamed(name, value !== null);
      if (before.expiresAt !== never) this.#byExpiry.remove(before);
    }
    if (expiresAt !== never) this.#byExpiry.add(record);
  }

  /**
   * Removes up to `max` counters whose time is up (T2).
   *
   * @returns whether there were any
   */
  sweep(logTimeMs: number, max: number): boolean {
    let swept = 0;
    for (; swept < max; swept += 1) {
      const first = this.#byExpiry.first();
      if (first === null || first.expiresAt > logTimeMs) break;
      if (first.issued === null) this.drop(first.name);
      else this.put(retired(first.name, first.issued)); // C3
    }
    return swept > 0;
  }

  /** All records in order, as they are now. */
  capture(): Captured<CounterRecord> {
    return this.#byName.capture();
  }

  /**
   * The table after a restore: these counters, and the issued numbers of all others (C2, C3).
   *
   * @returns `null` if that makes too many
   */
  replaced(
    counters: readonly CounterBackup[],
    at: { readonly logTimeMs: number; readonly revision: number; readonly countersMax: number },
  ): CounterTable | null {
    const table = new CounterTable(this.#observer);
    for (const counter of counters) {
      table.loadBackup(counter, { ...at, issued: this.issued(counter.name) });
    }
    for (const { name, issued } of this.#byName.values()) {
      if (issued !== null && !table.has(name)) table.load(retired(name, issued));
    }
    return table.size > at.countersMax ? null : table;
  }

  /** Like {@link load}, of a counter of a backup; `issued` is what was issued here (C2). */
  loadBackup(
    { name, value, issued: given, config }: CounterBackup,
    at: {
      readonly logTimeMs: number;
      readonly revision: number;
      readonly issued: bigint | null;
    },
  ): void {
    const issued = highest(given, at.issued);
    if (value === null) {
      this.load(retired(name, issued));
      return;
    }
    const { revision } = at;
    const expiresAt = expiryOf(config, at);
    const places = { sequence: unplaced, slot: unplaced };
    this.load({ name, value, issued, config, revision, expiresAt, ...places });
  }

  /** The highest number that was issued under this name. */
  issued(name: CounterName): bigint | null {
    return this.#byName.get(name)?.issued ?? null;
  }

  /** Has nothing up to `issued` issued again under this name. */
  carry(name: CounterName, issued: bigint): void {
    const found = this.#byName.get(name);
    if (found === undefined) this.load(retired(name, issued));
    else if (found.issued === null || found.issued < issued) this.load({ ...found, issued });
  }

  /** The records from this place on, in order. To be read before anything is changed. */
  recordsFrom(sequence: number): Generator<CounterRecord, void, undefined> {
    return this.#byName.from(sequence);
  }

  /** How many records there are before this place. */
  countBefore(sequence: number): number {
    return this.#byName.countBefore(sequence);
  }

  #renamed(name: CounterName, added: boolean): void {
    if (added) this.#names.add(name);
    else this.#names.remove(name);
  }
}

/** What a backup says of these, at this log time. */
export function* backupsOf(
  records: Iterable<CounterRecord>,
  logTimeMs: number,
): Generator<CounterBackup, void, undefined> {
  for (const record of records) {
    const { name, value, issued, config } = hasEnded(record, logTimeMs)
      ? retired(record.name, record.issued) // T1
      : record;
    if (value !== null || issued !== null) yield { name, value, issued, config };
  }
}

function highest(a: bigint | null, b: bigint | null): bigint | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}
