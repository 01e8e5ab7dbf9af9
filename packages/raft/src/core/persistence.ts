/**
 * What goes to the disk, and what may happen once it is there.
 *
 * W1 A write holds everything that is new since the last one; what arrives while it is out joins
 *    the next: that is all our batching.
 * W2 Writes complete in the order they were given. A late completion vouches for nothing newer:
 *    entries that were truncated meanwhile do not count.
 * W3 The commit index rides along when something is written anyway; it is a hint, not a promise.
 */
import type { Entry, HardState, LogIndex, WriteId } from "../types.ts";
import { maybeCommit } from "./commitment.ts";
import type { Write } from "./door.ts";
import { onRequestVoteResponse } from "./election.ts";
import { invariant } from "./invariant.ts";
import { hasUnwritten, takeReleased } from "./sending.ts";
import { onChunkPersisted } from "./snapshotting.ts";
import type { RaftState } from "./state.ts";

const noEntries: readonly Entry[] = [];

export function canWrite(s: RaftState): boolean {
  return s.inflightWrites.length < s.options.inflightMaxWrites && hasUnwritten(s);
}

/** Everything that waits for the disk, as one write (W1). */
export function takeWrite(s: RaftState): Write | null {
  if (!canWrite(s)) return null;
  const chunk = s.chunkToWrite;
  const { lastIndex } = s.log;
  const entries =
    s.unwrittenFrom <= lastIndex
      ? s.log.slice(s.unwrittenFrom, {
          through: lastIndex,
          maxEntries: Infinity,
          maxBytes: Infinity,
        })
      : noEntries;
  const hardState = changedHardState(s, lastIndex);
  const id = s.nextWriteId;
  s.nextWriteId += 1;
  s.chunkToWrite = null;
  s.unwrittenFrom = lastIndex + 1;
  if (s.inflightWrites.length === 0) s.diskWaitTicks = 0;
  s.inflightWrites.push({ id, lastIndex, chunk });
  return { id, hardState, entries, chunk };
}

function changedHardState(s: RaftState, lastIndex: LogIndex): HardState | null {
  const { term, vote } = s;
  const commitIndex = Math.min(s.commitIndex, lastIndex); // W3
  const before = s.writtenHardState;
  if (term === before.term && vote === before.vote && commitIndex === before.commitIndex) {
    return null;
  }
  s.writtenHardState = { term, vote, commitIndex };
  return s.writtenHardState;
}

/** The host reports a write as durable. */
export function onPersisted(s: RaftState, id: WriteId): void {
  const write = s.inflightWrites.shift();
  invariant(write?.id === id, "writes are reported durable in the order they were given"); // W2
  s.diskWaitTicks = 0;
  s.persistedIndex = Math.max(s.persistedIndex, write.lastIndex);
  if (write.chunk !== null) onChunkPersisted(s, write.chunk);
  for (const message of takeReleased(s, id)) {
    if (message.to !== s.id) s.messages.push(message);
    else if (message.type === "requestVoteResponse") onRequestVoteResponse(s, message);
  }
  if (s.role.kind === "leader") maybeCommit(s, s.role);
}
