/**
 * Reads by lease (dissertation §6.4.1): linearizable without a round of messages, as long as nobody
 * else can have been elected. An option, since it is only as good as the clocks: those of any two
 * servers must run at nearly the same rate.
 *
 * V1 A lease begins when a heartbeat is *sent* that a majority has answered, and lasts `leaseMs` on
 *    the leader's own clock. That is shorter than the time for which who answered sticks to it.
 * V2 Whoever has heard from a leader does not help to elect another one for an election timeout, also
 *    when it has learned of a newer term since, and also when it has started again: what it promised
 *    before that, it does not know.
 * V3 A leader that told another one to campaign has no lease any more: nobody sticks to it then.
 * V4 A lease is judged at the time of the read, so it is over after a pause.
 */
import { quorumOf } from "./commitment.ts";
import type { LeaderRole, RaftState } from "./state.ts";

export function usesLeases(s: RaftState): boolean {
  return s.options.leaseMs > 0;
}

/** With every heartbeat: its answers will renew the lease. */
export function beginBeat(s: RaftState, role: LeaderRole): void {
  if (!usesLeases(s) || s.nowMs === null) return;
  role.readRound += 1;
  role.beats.push({ round: role.readRound, sentMs: s.nowMs }); // V1: before it is sent
  forgetOldBeats(s, role);
}

/** All but the newest that a majority has answered; CheckQuorum ends what nobody answers. */
function forgetOldBeats(s: RaftState, role: LeaderRole): void {
  const answered = quorumOf(s, role, "ackedRound");
  while (role.beats.length > 1 && role.beats[1]!.round <= answered) role.beats.shift();
}

/**
 * Whether nobody else can lead at this moment.
 *
 * @param nowMs - on the clock of the ticks, and not before the read was asked for
 */
export function holdsLease(s: RaftState, role: LeaderRole, nowMs: number): boolean {
  if (!usesLeases(s) || role.leaseVoid || role.transfer !== null) return false; // V3
  forgetOldBeats(s, role);
  const beat = role.beats[0];
  if (beat === undefined || beat.round > quorumOf(s, role, "ackedRound")) return false;
  return nowMs < beat.sentMs + s.options.leaseMs; // V4
}

/** Whether this server has promised somebody a lease that may still run (V2). */
export function isBoundByLease(s: RaftState): boolean {
  return usesLeases(s) && s.leaderContactTicks < s.options.electionTimeoutTicks;
}
