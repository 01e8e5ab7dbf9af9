/**
 * What is committed (§5.3, §5.4.2).
 *
 * M1 An entry of the leader's own term is committed once a majority of every active configuration
 *    has it on its disk, the leader's disk counted like any other.
 * M2 Entries of earlier terms are never committed by counting, only along with one of ours
 *    (Figure 8).
 */
import type { LogIndex } from "../types.ts";
import { entryBytes } from "./log.ts";
import type { Progress } from "./progress.ts";
import { majorityIndex } from "./quorum.ts";
import type { LeaderRole, RaftState } from "./state.ts";
import type { NodeId } from "../types.ts";

/** The largest number that a majority (in a joint configuration: of both halves) has reached. */
export function quorumOf(
  s: RaftState,
  role: LeaderRole,
  { own, of }: { readonly own: number; readonly of: (peer: Progress) => number },
): number {
  const { voters, outgoing } = s.configurations.current.configuration;
  const reached = (id: NodeId): number => {
    if (id === s.id) return own;
    const peer = role.progress.get(id);
    return peer === undefined ? 0 : of(peer);
  };
  const incoming = majorityIndex(voters.map(reached));
  return outgoing.length === 0
    ? incoming
    : Math.min(incoming, majorityIndex(outgoing.map(reached)));
}

const matchIndexOf = (peer: Progress): LogIndex => peer.matchIndex;

/** Moves the commit index up, if a majority allows it. */
export function maybeCommit(s: RaftState, role: LeaderRole): void {
  const index = quorumOf(s, role, { own: s.persistedIndex, of: matchIndexOf }); // M1
  if (index <= s.commitIndex || s.log.termAt(index) !== s.term) return; // M2
  for (let at = s.commitIndex + 1; at <= index; at += 1) {
    role.uncommittedBytes -= entryBytes(s.log.entryAt(at));
  }
  s.commitIndex = index;
  s.flushNeeded = true; // the followers want to know
}
