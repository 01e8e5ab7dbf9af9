/** A log as a disk holds it: consecutive entries that may begin anywhere, because of compaction. */
import type { Entry, LogIndex, Term } from "@counter/raft";

export class LogImage {
  #firstIndex: LogIndex;
  /** The term right before the first entry: log matching looks one entry back. */
  #baseTerm: Term;
  #entries: Entry[];

  constructor(entries: readonly Entry[] = [], firstIndex: LogIndex = 1, baseTerm: Term = 0) {
    this.#firstIndex = entries[0]?.index ?? firstIndex;
    this.#baseTerm = baseTerm;
    this.#entries = [...entries];
  }

  /** The first index held; one beyond `lastIndex` while the log is empty. */
  get firstIndex(): LogIndex {
    return this.#firstIndex;
  }

  get lastIndex(): LogIndex {
    return this.#firstIndex + this.#entries.length - 1;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  at(index: LogIndex): Entry | null {
    return this.#entries[index - this.#firstIndex] ?? null;
  }

  /** The term at `index`, also right before the first entry; `null` where nothing is known. */
  termAt(index: LogIndex): Term | null {
    if (index === this.#firstIndex - 1) return this.#baseTerm;
    return this.at(index)?.term ?? null;
  }

  /** Replaces everything from `entries[0].index` on. Returns what was there before. */
  replaceTail(entries: readonly Entry[]): readonly Entry[] {
    const from = entries[0]!.index - this.#firstIndex;
    if (from > this.#entries.length || from < 0) {
      throw new RangeError(`a gap at ${entries[0]!.index}: the log ends at ${this.lastIndex}`);
    }
    const replaced = from === this.#entries.length ? none : this.#entries.splice(from);
    for (const entry of entries) this.#entries.push(entry);
    return replaced;
  }

  /** Forgets `index` and everything after it. */
  cutFrom(index: LogIndex): void {
    this.#entries.length = Math.max(0, Math.min(this.#entries.length, index - this.#firstIndex));
  }

  /** Forgets everything up to and including `through`. */
  compactThrough(through: LogIndex): void {
    if (through < this.#firstIndex || this.#entries.length === 0) return;
    const count = Math.min(through - this.#firstIndex + 1, this.#entries.length);
    this.#baseTerm = this.#entries[count - 1]!.term;
    this.#entries = this.#entries.slice(count);
    this.#firstIndex += count;
  }

  /** Forgets everything and starts again behind a snapshot. Returns what was there. */
  restartBehind(at: { readonly index: LogIndex; readonly term: Term }): readonly Entry[] {
    const forgotten = this.#entries;
    this.#entries = [];
    this.#firstIndex = at.index + 1;
    this.#baseTerm = at.term;
    return forgotten;
  }

  clone(): LogImage {
    return new LogImage(this.#entries, this.#firstIndex, this.#baseTerm);
  }
}

const none: readonly Entry[] = [];
