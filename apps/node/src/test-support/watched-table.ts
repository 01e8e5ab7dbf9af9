/** A source of watchers in memory: counters with revisions, as Raft mode has them. */
import type { Look, Place, WatchSource } from "../watch-hub/source.ts";

/** Tokens are `<epoch>.<revision>`. */
export class WatchedTable implements WatchSource {
  revision = 0;
  epoch = 0;
  readonly #counters = new Map<string, { value: bigint; revision: number }>();

  set(name: string, value: bigint): void {
    this.revision += 1;
    this.#counters.set(name, { value, revision: this.revision });
  }

  delete(name: string): void {
    this.revision += 1;
    this.#counters.delete(name);
  }

  settle(): void {
    // What is set is announced by the test.
  }

  /** As a restore: nothing is what it was. */
  replace(counters: Readonly<Record<string, bigint>>): void {
    this.epoch += 1;
    this.#counters.clear();
    for (const [name, value] of Object.entries(counters)) this.set(name, value);
  }

  look(name: string): Look | null {
    const found = this.#counters.get(name);
    if (found === undefined) return null;
    return { value: found.value.toString(), version: `s${this.epoch}-${found.revision}` };
  }

  namesAfter(from: { prefix: string; after: string | null; limit: number }): readonly string[] {
    const { prefix, after, limit } = from;
    const names = [...this.#counters.keys()].filter((name) => name.startsWith(prefix)).sort();
    return names.filter((name) => after === null || name > after).slice(0, limit);
  }

  token(): string {
    return `${this.epoch}.${this.revision}`;
  }

  placeOf(token: string): Place {
    const [epoch = 0, revision = 0] = token.split(".").map(Number);
    return {
      reached: () => this.epoch > epoch || (this.epoch === epoch && this.revision >= revision),
      gone: () => this.epoch > epoch,
      current: () => this.epoch === epoch && this.revision === revision,
      changed: (name) => (this.#counters.get(name)?.revision ?? Infinity) > revision,
    };
  }
}
