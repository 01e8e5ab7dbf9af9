/**
 * The passing of time. Ticks pace everything that is repeated: elections, heartbeats, retries.
 *
 * K1 (CheckQuorum) A leader that has not heard from a majority for an election timeout steps down,
 *    so that its clients look elsewhere and a one-way cut does not keep a dead leader alive.
 */
import type { NodeId } from "../types.ts";
import { isVoter } from "./configuration.ts";
import { campaign, diskStalled } from "./election.ts";
import { judgeLearners, tickFarewells } from "./membership.ts";
import { configurationVoteResult } from "./quorum.ts";
import { expireForwardedReads } from "./reading.ts";
import { heartbeat } from "./replication.ts";
import { leaderOf } from "./state.ts";
import type { LeaderRole, RaftState } from "./state.ts";
import { tickTransfer } from "./transfer.ts";
import { becomeFollower, firstTimeout, randomTimeout } from "./transitions.ts";

export function tick(s: RaftState, nowMs: number | null): void {
  s.nowMs = nowMs;
  s.leaderContactTicks += 1;
  if (s.inflightWrites.length > 0) s.diskWaitTicks += 1;
  s.electionElapsedTicks += 1;
  expireForwardedReads(s);
  if (s.role.kind === "leader") return tickLeader(s, s.role);
  if (s.randomizedTimeoutTicks === 0) s.randomizedTimeoutTicks = firstTimeout(s);
  if (s.electionElapsedTicks >= s.randomizedTimeoutTicks) onSilence(s);
}

/** The leader is silent: do not stick to it any longer, and campaign if we may. */
function onSilence(s: RaftState): void {
  if (leaderOf(s) !== null) giveUp(s, "the leader is silent");
  s.electionElapsedTicks = 0;
  s.randomizedTimeoutTicks = randomTimeout(s);
  campaign(s);
}

function tickLeader(s: RaftState, role: LeaderRole): void {
  if (diskStalled(s)) return giveUp(s, "our disk does not answer");
  for (const peer of role.peers) peer.silentTicks += 1;
  if (s.electionElapsedTicks >= s.options.electionTimeoutTicks) {
    s.electionElapsedTicks = 0;
    judgeLearners(s, role);
    if (!heardFromQuorum(s, role)) return giveUp(s, "no contact with a majority"); // K1
  }
  tickTransfer(s, role);
  tickFarewells(s, role);
  s.heartbeatElapsedTicks += 1;
  if (s.heartbeatElapsedTicks >= s.options.heartbeatTicks) {
    s.heartbeatElapsedTicks = 0;
    heartbeat(s, role);
  }
}

function heardFromQuorum(s: RaftState, role: LeaderRole): boolean {
  const { configuration } = s.configurations.current;
  const heard = new Map<NodeId, boolean>();
  if (isVoter(configuration, s.id)) heard.set(s.id, true);
  for (const peer of role.peers) {
    if (peer.recentlyActive) heard.set(peer.id, true);
    peer.recentlyActive = false;
  }
  return configurationVoteResult(configuration, heard) === "won";
}

function giveUp(s: RaftState, why: string): void {
  becomeFollower(s, { term: s.term, leaderId: null, why });
}
