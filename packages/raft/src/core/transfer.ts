/**
 * Handing leadership over (dissertation §3.10).
 *
 * X1 While it hands over, a leader takes no proposals, and it tells the target to campaign once the
 *    target has its whole log.
 * X2 The target campaigns at once, without a pre-vote, and says why: servers that stick to their
 *    leader answer, since it is the leader who wants to be replaced.
 * X3 A transfer that has not succeeded within an election timeout is given up: the leader serves on.
 */
import type { TimeoutNow } from "../messages.ts";
import type { NodeId } from "../types.ts";
import { campaignAtOnce } from "./election.ts";
import type { Progress } from "./progress.ts";
import { send } from "./sending.ts";
import { leaderOf, note } from "./state.ts";
import type { LeaderRole, RaftState } from "./state.ts";

export function startTransfer(s: RaftState, role: LeaderRole, to: NodeId | null): void {
  const target = to === null ? furthestVoter(s, role) : voterNamed(s, role, to);
  if (target === null) {
    return note(s, { type: "transfer", to, why: "there is no such voter to hand over to" });
  }
  role.transfer = { to: target.id, ticksLeft: s.options.electionTimeoutTicks, told: false };
  s.flushNeeded = true;
  note(s, { type: "transfer", to: target.id, why: "begun" });
}

/** Whoever should lead next; `null` if there is no other voter. */
export function furthestVoter(s: RaftState, role: LeaderRole): Progress | null {
  let best: Progress | null = null;
  for (const peer of role.peers) {
    if (voterNamed(s, role, peer.id) === null) continue;
    if (best === null || isBetter(peer, best)) best = peer;
  }
  return best;
}

/** One that was heard of lately before one that was not; then the longer log. */
function isBetter(peer: Progress, other: Progress): boolean {
  if (peer.recentlyActive !== other.recentlyActive) return peer.recentlyActive;
  return peer.matchIndex > other.matchIndex;
}

function voterNamed(s: RaftState, role: LeaderRole, id: NodeId): Progress | null {
  const { voters } = s.configurations.current.configuration;
  return voters.includes(id) ? (role.progress.get(id) ?? null) : null;
}

/** Tells the target, once it has everything (X1). Runs with every flush. */
export function continueTransfer(s: RaftState, role: LeaderRole): void {
  const { transfer } = role;
  if (transfer === null || transfer.told) return;
  if (role.progress.get(transfer.to)?.matchIndex !== s.log.lastIndex) return;
  transfer.told = true;
  role.leaseVoid = true; // V3
  send(s, { type: "timeoutNow", from: s.id, to: transfer.to, term: s.term });
}

/** X3 */
export function tickTransfer(s: RaftState, role: LeaderRole): void {
  const { transfer } = role;
  if (transfer === null) return;
  transfer.ticksLeft -= 1;
  if (transfer.ticksLeft > 0) return;
  role.transfer = null;
  note(s, { type: "transfer", to: transfer.to, why: "given up: it took too long" });
}

/** The leader of our term wants us to take over (X2). */
export function onTimeoutNow(s: RaftState, m: TimeoutNow): void {
  if (leaderOf(s) !== m.from)
    return note(s, { type: "dropped", message: m, why: "not our leader" });
  campaignAtOnce(s);
}
