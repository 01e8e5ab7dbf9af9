/**
 * Changes of role and term (Figure 4).
 *
 * T1 A term never goes down; a new term begins without a vote.
 * T2 The silence of the leader is counted on through a change of term: a candidate that nobody
 *    votes for must not keep the others from campaigning.
 */
import type { LogIndex, NodeId, Term } from "../types.ts";
import { isVoter } from "./configuration.ts";
import { leadershipLost } from "./reading.ts";
import { invariant } from "./invariant.ts";
import { usesLeases } from "./lease.ts";
import { entryBytes } from "./log.ts";
import { newProgress } from "./progress.ts";
import type { Progress } from "./progress.ts";
import { nextRandom } from "./random.ts";
import { leaderOf, note } from "./state.ts";
import type { LeaderRole, RaftState, Role } from "./state.ts";
import { appendOwn } from "./appending.ts";

const empty = new Uint8Array(0);

export function becomeFollower(
  s: RaftState,
  { term, leaderId, why }: { term: Term; leaderId: NodeId | null; why: string },
): void {
  invariant(term >= s.term, "a term never goes down"); // T1
  if (s.role.kind === "leader") s.electionElapsedTicks = 0; // it has not been silent
  if (term > s.term) {
    s.term = term;
    s.vote = null;
  }
  changeRole(s, { kind: "follower", leaderId }, why);
}

export function becomePreCandidate(s: RaftState): void {
  s.electionElapsedTicks = 0;
  changeRole(s, { kind: "preCandidate", votes: new Map([[s.id, true]]) }, "election timeout");
}

export function becomeCandidate(s: RaftState, why: string): void {
  invariant(s.role.kind !== "leader", "a leader does not campaign");
  s.term += 1;
  s.vote = s.id;
  s.electionElapsedTicks = 0;
  // Our own vote is counted like any other: when the disk has it.
  changeRole(s, { kind: "candidate", votes: new Map() }, why);
}

export function becomeLeader(s: RaftState): void {
  invariant(s.role.kind === "candidate", "only a candidate becomes leader");
  s.electionElapsedTicks = 0;
  s.heartbeatElapsedTicks = 0;
  const role = newLeaderRole(s);
  changeRole(s, role, "a majority voted for us");
  // An entry of its own term lets a leader find out what is committed (§5.4.2, §8).
  appendOwn(s, role, { kind: "noop", data: empty });
}

/** What a leader begins with. */
export function newLeaderRole(s: RaftState): LeaderRole {
  const progress = new Map<NodeId, Progress>();
  for (const { id } of s.configurations.current.configuration.members) {
    if (id !== s.id) progress.set(id, newProgress(id, s.log.lastIndex + 1));
  }
  return {
    kind: "leader",
    transfer: null,
    progress,
    peers: [...progress.values()],
    votes: isVoter(s.configurations.current.configuration, s.id),
    unappliedBytes: bytesAfter(s, Math.max(s.appliedIndex, s.log.base.index)),
    scratch: [],
    readRound: 0,
    newReads: [],
    confirming: [],
    waitingReads: 0,
    beats: [],
    leaseVoid: false,
  };
}

function bytesAfter(s: RaftState, index: LogIndex): number {
  let bytes = 0;
  for (let at = index + 1; at <= s.log.lastIndex; at += 1) bytes += entryBytes(s.log.entryAt(at));
  return bytes;
}

function changeRole(s: RaftState, role: Role, why: string): void {
  const leaderBefore = leaderOf(s);
  const before = s.role;
  s.role = role;
  const leaderId = leaderOf(s);
  leadershipLost(s, before, leaderId !== leaderBefore);
  if (before.kind !== role.kind || leaderId !== leaderBefore) {
    s.randomizedTimeoutTicks = randomTimeout(s);
  }
  if (before.kind !== role.kind) {
    note(s, { type: "role", role: role.kind, term: s.term, why });
  }
  if (leaderId !== leaderBefore) note(s, { type: "leader", leaderId, term: s.term });
  s.flushNeeded = role.kind === "leader";
  s.contactsChanged ||= before.kind === "leader"; // it may have had farewells to say
}

/** Stops leading, and lets the others campaign first: they wait for at most two timeouts. */
export function stepAside(s: RaftState, why: string): void {
  becomeFollower(s, { term: s.term, leaderId: null, why });
  s.electionElapsedTicks = -2 * s.options.electionTimeoutTicks;
}

/**
 * How long a server that has just started waits for a sign of life: a few heartbeats, so that a new
 * cluster is up soon; alone, not at all. In a cluster that has a leader already, stickiness and
 * pre-vote turn it away.
 */
export function firstTimeout(s: RaftState): number {
  const { electionTimeoutTicks, heartbeatTicks } = s.options;
  const { voters, outgoing } = s.configurations.current.configuration;
  if (voters.length === 1 && voters[0] === s.id && outgoing.length === 0) return 1;
  if (usesLeases(s)) return randomTimeout(s); // V2: a promise may have been forgotten
  return heartbeatTicks * 3 + nextRandom(s, electionTimeoutTicks);
}

/** A silence between once and twice the election timeout (§5.2). */
export function randomTimeout(s: RaftState): number {
  const { electionTimeoutTicks } = s.options;
  return electionTimeoutTicks + nextRandom(s, electionTimeoutTicks);
}
