/**
 * Every entry that was ever written anywhere, by id. Two logs that hold the same id must agree on
 * the entry and on the id before it; by induction they agree on everything before it (§5.3).
 *
 * The ledger also knows which disks hold an entry now: that is how the schedule of Figure 8 is seen.
 */
import type { Entry, LogIndex, Term } from "@counter/raft";
import { describeId } from "./describe.ts";
import { check } from "./violation.ts";

export interface EntryRecord {
  readonly entry: Entry;
  readonly previousTerm: Term | null;
  /** One bit a server whose disk holds it. */
  holders: number;
  /** Whether a majority of disks held it at once. */
  wasOnMajority: boolean;
}

export class EntryLedger {
  readonly #byIndex: EntryRecord[][] = [];

  /** Takes note of an entry in a write. `previousTerm` is what the same log holds before it. */
  see(entry: Entry, previousTerm: Term | null): EntryRecord {
    const sameIndex = (this.#byIndex[entry.index] ??= []);
    for (const record of sameIndex) {
      if (record.entry.term !== entry.term) continue;
      check(isSameEntry(record.entry, entry), "log-matching", () => {
        return `two different entries are ${describeId(entry)}`;
      });
      check(
        record.previousTerm === previousTerm ||
          record.previousTerm === null ||
          previousTerm === null,
        "log-matching",
        () => {
          return (
            `${describeId(entry)} follows term ${String(previousTerm)} here` +
            ` and ${String(record.previousTerm)} elsewhere`
          );
        },
      );
      return record;
    }
    const record = { entry, previousTerm, holders: 0, wasOnMajority: false };
    sameIndex.push(record);
    return record;
  }

  find(id: { readonly index: LogIndex; readonly term: Term }): EntryRecord | null {
    for (const record of this.#byIndex[id.index] ?? []) {
      if (record.entry.term === id.term) return record;
    }
    return null;
  }
}

/** Same id, kind and bytes; servers that share memory are compared fast. */
export function isSameEntry(a: Entry, b: Entry): boolean {
  if (a === b) return true;
  return (
    a.index === b.index && a.term === b.term && a.kind === b.kind && isSameBytes(a.data, b.data)
  );
}

export function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
