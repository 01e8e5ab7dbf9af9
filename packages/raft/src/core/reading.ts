/**
 * Linearizable reads without a log entry (§8, dissertation §6.4: ReadIndex).
 *
 * R1 A new leader does not know what is committed until an entry of its own term is: reads wait.
 * R2 A read is answered with the commit index of the moment it arrived, once a majority confirmed,
 *    in a round that began after it arrived, that nobody else leads.
 * R3 One round confirms every read that waits when it begins.
 * R4 A leader that steps down confirms nothing more.
 * R5 Rounds are counted anew in each term. Who is told of an older term answers in its own, and names
 *    no round: whoever led then may lead again, and has another round of that number.
 */
import type { ReadIndexRequest, ReadIndexResponse } from "../messages.ts";
import { quorumOf } from "./commitment.ts";
import type { Refusal } from "./door.ts";
import { holdsLease } from "./lease.ts";
import { send } from "./sending.ts";
import { forwardedReadIds, leaderOf } from "./state.ts";
import type { LeaderRole, RaftState, Role, WaitingRead } from "./state.ts";

/** Our own host wants to read. */
export function onRead(s: RaftState, context: number, leaseNowMs: number | null): void {
  const { role } = s;
  const leaderId = leaderOf(s);
  if (role.kind === "leader" && leaseNowMs !== null && knowsCommitted(s)) {
    if (holdsLease(s, role, leaseNowMs)) {
      return void s.outcomes.push({ type: "readReady", context, index: s.commitIndex });
    }
  }
  if (role.kind === "leader") return addRead(s, role, { context, from: null });
  if (leaderId === null) return refuse(s, context, { reason: "notLeader", leaderId });
  if (s.forwardedReads.size >= s.options.pendingReadsMax) {
    return refuse(s, context, { reason: "overloaded" });
  }
  const id = s.forwardedReadBase + (s.forwardedReadCount % forwardedReadIds);
  s.forwardedReadCount += 1;
  s.forwardedReads.set(id, { context, ticksLeft: s.options.electionTimeoutTicks * 2 });
  send(s, {
    type: "readIndexRequest",
    from: s.id,
    to: leaderId,
    term: s.term,
    context: id,
  });
}

/** A follower wants to read. */
export function onReadIndexRequest(s: RaftState, m: ReadIndexRequest): void {
  if (s.role.kind !== "leader") return answer(s, m.from, m.context, null);
  addRead(s, s.role, { context: m.context, from: m.from });
}

export function onReadIndexResponse(s: RaftState, m: ReadIndexResponse): void {
  const read = s.forwardedReads.get(m.context);
  if (read === undefined) return; // answered twice, or too late
  s.forwardedReads.delete(m.context);
  if (m.index === null) {
    return refuse(s, read.context, { reason: "notLeader", leaderId: null });
  }
  s.outcomes.push({ type: "readReady", context: read.context, index: m.index });
}

function addRead(s: RaftState, role: LeaderRole, read: WaitingRead): void {
  if (role.waitingReads >= s.options.pendingReadsMax) {
    if (read.from === null) refuse(s, read.context, { reason: "overloaded" });
    return; // a follower asks again by itself
  }
  role.waitingReads += 1;
  role.newReads.push(read);
  s.flushNeeded = true;
}

/** Begins a round for the reads that arrived since the last one. Runs before every flush. */
export function beginReadRound(s: RaftState, role: LeaderRole): void {
  if (role.newReads.length === 0) return;
  if (!knowsCommitted(s)) return;
  role.readRound += 1;
  role.confirming.push({ round: role.readRound, index: s.commitIndex, reads: role.newReads });
  role.newReads = [];
  confirmReads(s, role); // alone in the cluster, we are the majority
}

/** R1 */
function knowsCommitted(s: RaftState): boolean {
  return s.log.termAt(s.commitIndex) === s.term;
}

/** An answer has arrived: maybe a round is confirmed by a majority now (R2). */
export function confirmReads(s: RaftState, role: LeaderRole): void {
  if (role.confirming.length === 0) return;
  const confirmed = quorumOf(s, role, "ackedRound");
  while (role.confirming.length > 0 && role.confirming[0]!.round <= confirmed) {
    const { index, reads } = role.confirming.shift()!;
    role.waitingReads -= reads.length;
    for (const { context, from } of reads) {
      if (from !== null) answer(s, from, context, index);
      else s.outcomes.push({ type: "readReady", context, index });
    }
  }
}

/** Called on every change of role: reads that can no longer be confirmed are refused (R4). */
export function leadershipLost(s: RaftState, before: Role, leaderChanged: boolean): void {
  if (before.kind === "leader") {
    const batches = [...before.confirming.map((batch) => batch.reads), before.newReads];
    for (const { context, from } of batches.flat()) {
      if (from !== null) answer(s, from, context, null);
      else refuse(s, context, { reason: "notLeader", leaderId: leaderOf(s) });
    }
  }
  if (leaderChanged) {
    for (const id of [...s.forwardedReads.keys()]) refuseForwarded(s, id);
  }
}

/** A request or its answer was lost. Nothing happened: whoever asked may ask again. */
export function expireForwardedReads(s: RaftState): void {
  for (const [id, read] of s.forwardedReads) {
    read.ticksLeft -= 1;
    if (read.ticksLeft <= 0) refuseForwarded(s, id);
  }
}

function refuseForwarded(s: RaftState, id: number): void {
  const read = s.forwardedReads.get(id);
  if (read === undefined) return;
  s.forwardedReads.delete(id);
  refuse(s, read.context, { reason: "notLeader", leaderId: leaderOf(s) });
}

function refuse(s: RaftState, context: number, refusal: Refusal): void {
  s.outcomes.push({ type: "readRefused", context, refusal });
}

function answer(s: RaftState, to: string, context: number, index: number | null): void {
  const response: ReadIndexResponse = {
    type: "readIndexResponse",
    from: s.id,
    to,
    term: s.term,
    context,
    index,
  };
  send(s, response);
}
