/**
 * The log in memory: everything from the last compaction on, whether it is on the disk yet or not.
 *
 * `base` is the id of the entry right before the first one that is kept: `0@0` at the beginning,
 * later the entry through which the log was compacted. Its term is needed to answer and to ask
 * "do you have the entry before these?" (§5.3).
 */
import type { Entry, EntryId, LogIndex, Term } from "../types.ts";
import { invariant } from "./invariant.ts";

/** What an entry costs against byte limits beyond its data: index, term, kind, framing. */
export const entryOverheadBytes = 24;

export function entryBytes(entry: Entry): number {
  return entry.data.length + entryOverheadBytes;
}

const nothing: readonly Entry[] = [];

/** What `new RaftLog(base, entries)` needs. */
export interface LogImage {
  readonly is: "log";
  readonly base: EntryId;
  readonly entries: readonly Entry[];
}

export class RaftLog {
  #base: EntryId;
  #entries: Entry[];

  constructor(base: EntryId, entries: readonly Entry[]) {
    this.#base = base;
    this.#entries = [];
    for (const entry of entries) this.append(entry);
  }

  /** The log as data. Entries are never changed by anyone, so only their references are copied. */
  image(): LogImage {
    return { is: "log", base: this.#base, entries: this.#entries.slice() };
  }

  get base(): EntryId {
    return this.#base;
  }

  /** The first index that is kept; `lastIndex + 1` if none is. */
  get firstIndex(): LogIndex {
    return this.#base.index + 1;
  }

  get lastIndex(): LogIndex {
    return this.#base.index + this.#entries.length;
  }

  get lastTerm(): Term {
    const last = this.#entries[this.#entries.length - 1];
    return last === undefined ? this.#base.term : last.term;
  }

  /** The term of the entry at `index`; `null` if it was compacted away or is not there yet. */
  termAt(index: LogIndex): Term | null {
    if (index === this.#base.index) return this.#base.term;
    const entry = this.#entries[index - this.#base.index - 1];
    return entry === undefined ? null : entry.term;
  }

  /** The entry at `index`, which must be kept. */
  entryAt(index: LogIndex): Entry {
    const entry = this.#entries[index - this.#base.index - 1];
    invariant(entry !== undefined, "an entry that is asked for is in the log");
    return entry;
  }

  append(entry: Entry): void {
    invariant(entry.index === this.lastIndex + 1, "the log has no gaps");
    invariant(entry.term >= this.lastTerm, "terms never go down along the log");
    this.#entries.push(entry);
  }

  /** Removes `index` and everything after it. */
  truncateFrom(index: LogIndex): void {
    invariant(index > this.#base.index, "what was compacted is not truncated");
    this.#entries.length = index - this.#base.index - 1;
  }

  /** Consecutive entries from `from` on, within the limits, but at least one if there is one. */
  slice(
    from: LogIndex,
    limits: { readonly through: LogIndex; readonly maxEntries: number; readonly maxBytes: number },
  ): readonly Entry[] {
    const start = from - this.#base.index - 1;
    invariant(start >= 0, "compacted entries cannot be read");
    const most = Math.min(
      this.#entries.length,
      limits.through - this.#base.index,
      start + limits.maxEntries,
    );
    if (most <= start) return nothing;
    let end = start + 1;
    let bytes = entryBytes(this.#entries[start]!);
    for (; end < most; end += 1) {
      bytes += entryBytes(this.#entries[end]!);
      if (bytes > limits.maxBytes) break;
    }
    return this.#entries.slice(start, end);
  }

  /** Forgets everything up to and including `index`, which must be kept or the base. */
  compactThrough(index: LogIndex): void {
    if (index <= this.#base.index) return;
    const last = this.entryAt(index);
    this.#entries = this.#entries.slice(index - this.#base.index);
    this.#base = { index: last.index, term: last.term };
  }

  /** Starts again, empty, behind an installed snapshot. */
  reset(base: EntryId): void {
    this.#base = { index: base.index, term: base.term };
    this.#entries = [];
  }

  /**
   * The largest index that is not above `index` and whose term is not above `term`: the only place
   * up to which two logs that differ at `index` can still agree. Skips whole terms in one step, so
   * that a follower of Figure 7 rejects at most once.
   */
  lastNotAbove(index: LogIndex, term: Term): EntryId {
    for (let at = Math.min(index, this.lastIndex); at > this.#base.index; at -= 1) {
      const entry = this.entryAt(at);
      if (entry.term <= term) return entry;
    }
    return this.#base.index <= index ? this.#base : { index, term: 0 };
  }
}
