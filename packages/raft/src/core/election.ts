/**
 * Elections (§5.2, §5.4.1), with pre-vote and leader stickiness (dissertation §4.2.3, §9.6).
 *
 * E1 One vote a term, durable before it leaves.
 * E2 A vote only for a log that is at least as up to date as ours: last term first, then length.
 * E3 A server that has heard from a leader within an election timeout does not help to replace it,
 *    and does not even take over the term of who asks.
 * E4 Nobody raises its term before a majority said that it would vote: a server that was cut off
 *    comes back without disturbing the others.
 * E5 A pre-vote is an opinion: it changes nothing at the server that gives it.
 * E6 A server whose disk does not answer neither campaigns nor leads.
 * E7 Who votes in the configuration in force, or in one that it may fall back to, may campaign: a
 *    server that alone holds the entry that removes it has the longest log, votes for nobody else
 *    and must bring that entry to the others (dissertation §4.2.2). It does not count itself.
 */
import type { RequestVote, RequestVoteResponse } from "../messages.ts";
import { configurationVoteResult } from "./quorum.ts";
import { isVoter } from "./configuration.ts";
import { isBoundByLease } from "./lease.ts";
import { send, sendOncePersisted } from "./sending.ts";
import { leaderOf, note } from "./state.ts";
import type { RaftState } from "./state.ts";
import {
  becomeCandidate,
  becomeFollower,
  becomeLeader,
  becomePreCandidate,
} from "./transitions.ts";

/** Asks for pre-votes, if this server may lead at all. */
export function campaign(s: RaftState): void {
  if (s.role.kind === "leader" || !mayCampaign(s) || isBoundToOther(s)) return;
  becomePreCandidate(s);
  requestVotes(s, { preVote: true, transfer: false });
  decide(s); // alone in the cluster, we have won already
}

/** V2, for our own candidacy: alone, there is nobody to have promised anything to. */
function isBoundToOther(s: RaftState): boolean {
  const { voters, outgoing } = s.configurations.current.configuration;
  return isBoundByLease(s) && voters.length + outgoing.length > 1;
}

/** Campaigns without asking first: the leader wants it so (X2). */
export function campaignAtOnce(s: RaftState): void {
  if (s.role.kind === "leader" || !mayCampaign(s)) return;
  becomeCandidate(s, "the leader hands over");
  requestVotes(s, { preVote: false, transfer: true });
}

function mayCampaign(s: RaftState): boolean {
  const installing = s.receiving?.complete === true;
  if (diskStalled(s) || installing) return false;
  return s.configurations.since(s.commitIndex).some((c) => isVoter(c, s.id)); // E7
}

export function diskStalled(s: RaftState): boolean {
  return s.diskWaitTicks >= s.options.diskStallTicks; // E6
}

function requestVotes(
  s: RaftState,
  { preVote, transfer }: Pick<RequestVote, "preVote" | "transfer">,
): void {
  const request = {
    type: "requestVote",
    from: s.id,
    term: preVote ? s.term + 1 : s.term,
    preVote,
    transfer,
    lastIndex: s.log.lastIndex,
    lastTerm: s.log.lastTerm,
  } as const;
  const { configuration } = s.configurations.current;
  for (const { id } of configuration.members) {
    if (!isVoter(configuration, id)) continue;
    if (id !== s.id) {
      if (preVote) send(s, { ...request, to: id });
      else sendOncePersisted(s, { ...request, to: id });
    } else if (!preVote) {
      sendOncePersisted(s, ownVote(s));
    }
  }
}

function ownVote(s: RaftState): RequestVoteResponse {
  return {
    type: "requestVoteResponse",
    from: s.id,
    to: s.id,
    term: s.term,
    preVote: false,
    granted: true,
  };
}

/** Whether a request for our vote must be ignored, because our leader is alive (E3). */
export function sticksToLeader(s: RaftState): boolean {
  if (isBoundByLease(s)) return true; // V2
  return leaderOf(s) !== null && s.electionElapsedTicks < s.options.electionTimeoutTicks;
}

/** The terms were compared already: `m.term` is not below ours, and above it only in a pre-vote. */
export function onRequestVote(s: RaftState, m: RequestVote): void {
  const refusal = whyRefused(s, m);
  const response: RequestVoteResponse = {
    type: "requestVoteResponse",
    from: s.id,
    to: m.from,
    // A granted pre-vote speaks of the term that was asked for, which is not ours yet.
    term: m.preVote && refusal === null ? m.term : s.term,
    preVote: m.preVote,
    granted: refusal === null,
  };
  if (refusal !== null) note(s, { type: "voteRefused", to: m.from, term: m.term, why: refusal });
  if (m.preVote && refusal === null) return send(s, response); // E5
  if (refusal === null) {
    // Whoever votes for another does not go on collecting pre-votes against it.
    if (s.role.kind === "preCandidate") {
      becomeFollower(s, { term: s.term, leaderId: null, why: "voted for another" });
    }
    s.vote = m.from;
    s.electionElapsedTicks = 0;
  }
  sendOncePersisted(s, response); // E1
}

function whyRefused(s: RaftState, m: RequestVote): string | null {
  if (isBoundByLease(s) && !m.transfer) return "its leader may hold a lease"; // V2
  const free = s.vote === null && leaderOf(s) === null;
  if (m.term === s.term && s.vote !== m.from && !free) return "voted or follows in this term"; // E1
  if (!upToDate(s, m)) return "its log is older than ours";
  return null;
}

/** E2 */
function upToDate(s: RaftState, m: RequestVote): boolean {
  const { lastTerm, lastIndex } = s.log;
  return m.lastTerm > lastTerm || (m.lastTerm === lastTerm && m.lastIndex >= lastIndex);
}

export function onRequestVoteResponse(s: RaftState, m: RequestVoteResponse): void {
  const { role } = s;
  const awaited = m.preVote ? "preCandidate" : "candidate";
  if (role.kind !== "preCandidate" && role.kind !== "candidate") return;
  if (role.kind !== awaited) return;
  if (m.granted && m.term !== (m.preVote ? s.term + 1 : s.term)) return;
  role.votes.set(m.from, m.granted);
  decide(s);
}

function decide(s: RaftState): void {
  const { role } = s;
  if (role.kind !== "preCandidate" && role.kind !== "candidate") return;
  const result = configurationVoteResult(s.configurations.current.configuration, role.votes);
  if (result === "lost") {
    becomeFollower(s, { term: s.term, leaderId: null, why: "a majority refused" });
  } else if (result === "won" && role.kind === "candidate") {
    becomeLeader(s);
  } else if (result === "won") {
    becomeCandidate(s, "a majority would vote for us"); // E4
    requestVotes(s, { preVote: false, transfer: false });
  }
}
