/**
 * Entries arriving in a log: a leader's own, and a leader's at a follower (§5.3).
 *
 * A1 A follower takes entries only where the entry before them is the leader's (log matching).
 * A2 Only entries that contradict the leader are truncated: a late message must not cut off what
 *    a newer one brought.
 * A3 A committed entry is never replaced.
 * A4 What this message has verified, and nothing beyond it, may be known as committed.
 */
import type { AppendEntries, AppendEntriesResponse } from "../messages.ts";
import type { Entry, EntryKind, LogIndex } from "../types.ts";
import { advanceCommit } from "./commitment.ts";
import { invariant } from "./invariant.ts";
import { entryBytes } from "./log.ts";
import { sendOncePersisted } from "./sending.ts";
import { note, onConfigurationMoved } from "./state.ts";
import type { LeaderRole, RaftState } from "./state.ts";

/** A leader appends to its own log; replication follows with the next Ready. */
export function appendOwn(
  s: RaftState,
  role: LeaderRole,
  { kind, data }: { readonly kind: EntryKind; readonly data: Uint8Array },
): Entry {
  const entry: Entry = { index: s.log.lastIndex + 1, term: s.term, kind, data };
  append(s, entry);
  role.unappliedBytes += entryBytes(entry);
  s.flushNeeded = true;
  return entry;
}

/** From the leader of our term. */
export function onAppendEntries(s: RaftState, m: AppendEntries): void {
  if (s.receiving?.complete === true) {
    return note(s, { type: "dropped", message: m, why: "a snapshot is being installed" });
  }
  const verified = m.prevIndex + m.entries.length;
  if (verified <= s.commitIndex) {
    // All of it is committed here already; say how far we are, that helps the leader on.
    return acknowledge(s, m, s.commitIndex);
  }
  // The start of the entries may be committed, or even compacted: that part matches (A3).
  const from = Math.max(m.prevIndex, s.commitIndex);
  if (from === m.prevIndex && s.log.termAt(m.prevIndex) !== m.prevTerm) return reject(s, m); // A1
  takeEntries(s, m, from - m.prevIndex);
  advanceCommit(s, Math.min(m.commitIndex, verified)); // A4
  acknowledge(s, m, verified);
}

function takeEntries(s: RaftState, m: AppendEntries, skip: number): void {
  for (let at = skip; at < m.entries.length; at += 1) {
    const entry = m.entries[at]!;
    if (entry.index <= s.log.lastIndex) {
      if (s.log.termAt(entry.index) === entry.term) continue; // A2
      truncateFrom(s, entry.index);
    }
    append(s, entry);
  }
}

function append(s: RaftState, entry: Entry): void {
  s.log.append(entry);
  if (entry.kind !== "configuration") return;
  s.configurations.append(entry);
  onConfigurationMoved(s);
}

function truncateFrom(s: RaftState, index: LogIndex): void {
  invariant(index > s.commitIndex, "a committed entry is never replaced"); // A3
  note(s, { type: "truncated", from: index, through: s.log.lastIndex });
  s.log.truncateFrom(index);
  if (s.configurations.truncateFrom(index)) onConfigurationMoved(s);
  // What is gone is not durable, whatever writes still report.
  s.persistedIndex = Math.min(s.persistedIndex, index - 1);
  s.unwrittenFrom = Math.min(s.unwrittenFrom, index);
  for (const write of s.inflightWrites) write.lastIndex = Math.min(write.lastIndex, index - 1);
}

function acknowledge(s: RaftState, m: AppendEntries, index: LogIndex): void {
  sendOncePersisted(s, {
    type: "appendEntriesResponse",
    from: s.id,
    to: m.from,
    term: s.term,
    rejected: false,
    index,
    hintIndex: 0,
    hintTerm: 0,
    readRound: m.readRound,
  });
}

function reject(s: RaftState, m: AppendEntries): void {
  const hint = s.log.lastNotAbove(m.prevIndex, m.prevTerm);
  sendOncePersisted(s, rejection(s, m, hint));
}

/** "Not after that entry", or, with a hint of 0@0, just "not in my term". */
export function rejection(
  s: RaftState,
  m: AppendEntries,
  hint: { readonly index: LogIndex; readonly term: number },
): AppendEntriesResponse {
  return {
    type: "appendEntriesResponse",
    from: s.id,
    to: m.from,
    term: s.term,
    rejected: true,
    index: m.prevIndex,
    hintIndex: hint.index,
    hintTerm: hint.term,
    readRound: m.term === s.term ? m.readRound : 0, // R5
  };
}
