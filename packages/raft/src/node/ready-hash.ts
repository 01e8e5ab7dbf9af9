/**
 * What a core gave, as a number, so that a replay can be checked against its recording.
 *
 * It is taken of every Ready while the node runs, so it is made of a few numbers that tell one
 * decision from another. Recordings outlive the release that made them: what is mixed here stays,
 * and a field that is new is left out, or mixed only where it is used.
 */
import type { Ready, Write } from "../core/door.ts";
import type { Message } from "../messages.ts";

/** @returns an integer from 0 to 2³² - 1 */
export function readyHash(ready: Ready): number {
  const { messages, write, committed, outcomes, restore, snapshotReads, compactThrough } = ready;
  let hash = mix(0x811c9dc5, messages.length);
  for (const message of messages) hash = mixMessage(hash, message);
  if (write !== null) hash = mixWrite(hash, write);
  if (committed.length > 0) hash = mix(mix(hash, committed.length), committed[0]!.index);
  if (outcomes.length > 0) hash = mix(mix(hash, outcomes.length), outcomes[0]!.type.length);
  if (restore !== null) hash = mix(hash, restore.index);
  if (snapshotReads.length > 0) hash = mix(mix(hash, snapshotReads.length), -1);
  if (compactThrough !== null) hash = mix(hash, compactThrough);
  return hash >>> 0;
}

function mix(hash: number, value: number): number {
  const stirred = Math.imul(hash ^ value, 0x01000193);
  return stirred ^ (stirred >>> 15);
}

function mixMessage(hash: number, m: Message): number {
  const mixed = mix(mix(hash, m.type.length), m.term);
  switch (m.type) {
    case "appendEntries":
      return mix(mix(mix(mixed, m.prevIndex), m.entries.length), m.commitIndex);
    case "appendEntriesResponse":
      return mix(mix(mixed, m.index), m.rejected ? m.hintIndex : -1);
    case "requestVote":
      return mix(mixed, m.lastIndex);
    case "requestVoteResponse":
      return mix(mixed, m.granted ? 1 : 0);
    case "installSnapshot":
      return mix(mix(mixed, m.chunk.snapshot.index), m.chunk.offset);
    case "installSnapshotResponse":
      return mix(mix(mixed, m.index), m.nextOffset);
    default:
      return mixed;
  }
}

function mixWrite(hash: number, { id, entries, hardState, chunk }: Write): number {
  let mixed = mix(mix(hash, id), entries.length);
  if (hardState !== null) {
    mixed = mix(mix(mixed, hardState.term), hardState.commitIndex);
    mixed = mix(mixed, hardState.vote === null ? 0 : 1);
  }
  return chunk === null ? mixed : mix(mixed, chunk.offset);
}
