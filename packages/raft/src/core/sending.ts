/**
 * How messages leave, and how the disk holds them back.
 *
 * D1 A message that vouches for our disk (a vote, an ack, a candidacy) leaves only when every write
 *    that it depends on is durable.
 * D2 It is dropped if our term has moved on meanwhile, or if it is a candidacy and we are no longer
 *    a candidate: it would speak for a server that is no more.
 */
import type { Message } from "../messages.ts";
import type { WriteId } from "../types.ts";
import type { RaftState } from "./state.ts";

const nothing: readonly Message[] = [];

/** For what vouches for nothing: requests of a leader, pre-votes. */
export function send(s: RaftState, message: Message): void {
  s.messages.push(message);
}

/** Sends once everything that this server has taken in so far is durable (D1). */
export function sendOncePersisted(s: RaftState, message: Message): void {
  const after = dependsOn(s);
  if (after === null) s.messages.push(message);
  else if (!replacesLast(s, after, message)) s.waiting.push({ after, message });
}

/** The write that makes our present state durable; `null` if it already is. */
function dependsOn(s: RaftState): WriteId | null {
  if (hasUnwritten(s)) return s.nextWriteId;
  return s.inflightWrites[s.inflightWrites.length - 1]?.id ?? null;
}

/** Whether something has to be made durable that no write contains yet. */
export function hasUnwritten(s: RaftState): boolean {
  return (
    s.unwrittenFrom <= s.log.lastIndex ||
    s.chunkToWrite !== null ||
    s.term !== s.writtenHardState.term ||
    s.vote !== s.writtenHardState.vote
  );
}

/**
 * Two answers to one leader behind one write say the same as the later one: so a slow disk does not
 * pile them up, and what came in during an fsync is answered once.
 */
function replacesLast(s: RaftState, after: WriteId, message: Message): boolean {
  const last = s.waiting[s.waiting.length - 1];
  if (last?.after !== after || message.type !== "appendEntriesResponse") return false;
  const earlier = last.message;
  if (earlier.type !== "appendEntriesResponse" || earlier.rejected !== message.rejected)
    return false;
  if (earlier.to !== message.to || earlier.term !== message.term) return false;
  if (message.readRound < earlier.readRound) return false;
  if (!message.rejected && message.index < earlier.index) return false;
  last.message = message;
  return true;
}

/** Takes the messages that waited for this write or an earlier one. */
export function takeReleased(s: RaftState, write: WriteId): readonly Message[] {
  let count = 0;
  while (count < s.waiting.length && s.waiting[count]!.after <= write) count += 1;
  if (count === 0) return nothing;
  const released: Message[] = [];
  for (const { message } of s.waiting.splice(0, count)) {
    if (stillHolds(s, message)) released.push(message);
  }
  return released;
}

/** D2 */
function stillHolds(s: RaftState, { term, type }: Message): boolean {
  return term === s.term && (type !== "requestVote" || s.role.kind === "candidate");
}
