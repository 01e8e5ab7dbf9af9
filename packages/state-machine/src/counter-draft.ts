import type { CounterFacts, CounterRecord, CounterStore } from "./counter-record.ts";
import type { CounterTable } from "./counter-table.ts";
import type { CounterName } from "./types.ts";

/**
 * Changes that are thrown away unless they are committed: records are replaced and never changed, so
 * nothing is left of a draft that was not.
 */
export class CounterDraft implements CounterStore {
  readonly #table: CounterTable;
  readonly #changed = new Map<CounterName, CounterRecord | null>();
  readonly #dropped = new Set<CounterName>();
  #size: number;

  constructor(table: CounterTable) {
    this.#table = table;
    this.#size = table.size;
  }

  get size(): number {
    return this.#size;
  }

  find(name: CounterName, logTimeMs: number): CounterFacts | undefined {
    const changed = this.#changed.get(name);
    if (changed === undefined) return this.#table.find(name, logTimeMs);
    return changed ?? undefined;
  }

  put(record: CounterRecord): void {
    if (!this.#has(record.name)) {
      this.#size += 1;
      this.#changed.delete(record.name); // created again, it comes after what was created meanwhile
    }
    this.#changed.set(record.name, record);
  }

  drop(name: CounterName): void {
    if (this.#has(name)) this.#size -= 1;
    this.#dropped.add(name);
    this.#changed.set(name, null);
  }

  /** New counters take their places in the order in which they were created. */
  commit(): void {
    for (const name of this.#dropped) this.#table.drop(name);
    for (const record of this.#changed.values()) {
      if (record !== null) this.#table.put(record);
    }
  }

  #has(name: CounterName): boolean {
    const changed = this.#changed.get(name);
    return changed === undefined ? this.#table.has(name) : changed !== null;
  }
}
