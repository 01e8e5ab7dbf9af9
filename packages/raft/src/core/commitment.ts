/**
 * What is committed (§5.3, §5.4.2).
 *
 * M1 An entry of the leader's own term is committed once a majority of every active configuration
 *    has it on its disk, the leader's disk counted like any other.
 * M2 Entries of earlier terms are never committed by counting, only along with one of ours
 *    (Figure 8).
 */
import type { NodeId } from "../types.ts";
import { majorityIndex } from "./quorum.ts";
import type { LeaderRole, RaftState } from "./state.ts";

/** What is counted: how far a peer's log matches, or which read round it has answered. */
export type Counted = "matchIndex" | "ackedRound";

/** The largest number that a majority (in a joint configuration: of both halves) has reached. */
export function quorumOf(s: RaftState, role: LeaderRole, counted: Counted): number {
  const { voters, outgoing } = s.configurations.current.configuration;
  const incoming = majorityOf(s, role, voters, counted);
  if (outgoing.length === 0) return incoming;
  return Math.min(incoming, majorityOf(s, role, outgoing, counted));
}

function majorityOf(
  s: RaftState,
  role: LeaderRole,
  voters: readonly NodeId[],
  counted: Counted,
): number {
  const own = counted === "matchIndex" ? s.persistedIndex : role.readRound;
  const reached = role.scratch;
  reached.length = 0;
  for (const id of voters) {
    reached.push(id === s.id ? own : (role.progress.get(id)?.[counted] ?? 0));
  }
  return majorityIndex(reached);
}

/** Moves the commit index up, if a majority allows it. */
export function maybeCommit(s: RaftState, role: LeaderRole): void {
  const index = quorumOf(s, role, "matchIndex"); // M1
  if (index <= s.commitIndex || s.log.termAt(index) !== s.term) return; // M2
  s.commitIndex = index;
  s.flushNeeded = true; // the followers want to know
}
