/**
 * What a log amounts to, record by record: the hard state, the snapshot in force, the last index.
 * Writing and reading back apply the same records to the same rules, so a log that was written can
 * be read, and a log that breaks a rule is damaged (or was written by a server with a bug).
 *
 * L1 Entries continue the log or replace its tail: no gaps.
 * L2 A committed entry is never replaced.
 * L3 The term never goes down, and a vote is never changed within a term (§5.2).
 * L4 The commit index never points beyond the log and the snapshot.
 * L5 A snapshot never takes the place of a newer one, nor of more committed entries.
 */
import type { EntryId, HardState, LogIndex } from "@counter/raft";

/** The state of a server that never stored anything. */
export const initialHardState: HardState = { term: 0, vote: null, commitIndex: 0 };

export interface LogFacts {
  readonly hardState: HardState;
  readonly snapshot: EntryId | null;
  /** The index of the last entry that was written; may be less than the snapshot's. */
  readonly lastIndex: LogIndex;
}

/** Each method applies one record, or returns the rule that the record breaks as a sentence. */
export class LogState implements LogFacts {
  hardState: HardState;
  snapshot: EntryId | null;
  lastIndex: LogIndex;

  constructor(facts: LogFacts) {
    this.hardState = facts.hardState;
    this.snapshot = facts.snapshot;
    this.lastIndex = facts.lastIndex;
  }

  get snapshotIndex(): LogIndex {
    return this.snapshot?.index ?? 0;
  }

  entries(first: LogIndex, count: number): string | null {
    if (first > this.lastIndex + 1) {
      return `entries from ${first} leave a gap behind ${this.lastIndex}`;
    }
    if (first <= this.hardState.commitIndex) {
      return `entries from ${first} replace committed ones (up to ${this.hardState.commitIndex})`;
    }
    this.lastIndex = first + count - 1;
    return null;
  }

  vote(next: HardState): string | null {
    const now = this.hardState;
    if (next.term < now.term) return `the term goes down from ${now.term} to ${next.term}`;
    if (next.term === now.term && now.vote !== null && next.vote !== now.vote) {
      return `the vote of term ${now.term} is changed`;
    }
    if (next.commitIndex > Math.max(this.lastIndex, this.snapshotIndex)) {
      return `the commit index ${next.commitIndex} is beyond the last entry ${this.lastIndex}`;
    }
    this.hardState = next;
    return null;
  }

  /** The log restarts, empty, behind this snapshot. */
  install(snapshot: EntryId): string | null {
    if (snapshot.index < Math.max(this.snapshotIndex, this.hardState.commitIndex)) {
      return `a snapshot at ${snapshot.index} is installed over a newer state`;
    }
    this.snapshot = snapshot;
    this.lastIndex = snapshot.index;
    return null;
  }

  /**
   * The log stays as it is. It may end before the snapshot: a majority of other disks can commit,
   * and our state machine apply, what our own disk does not have yet.
   */
  save(snapshot: EntryId): string | null {
    if (snapshot.index <= this.snapshotIndex) {
      return `a snapshot at ${snapshot.index} replaces a newer one`;
    }
    this.snapshot = snapshot;
    return null;
  }
}
