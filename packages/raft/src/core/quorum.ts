/** The arithmetic of majorities: small, pure, tested for every size that occurs. */
import type { Configuration, LogIndex, NodeId } from "../types.ts";

/** Smallest number of voters that any other such number of them overlaps. */
export function majoritySize(voters: number): number {
  return (voters >> 1) + 1;
}

/**
 * The largest index that a majority has reached (§5.3, §5.4.2).
 *
 * @param reached - one index per voter, in any order; sorted in place, since this runs per commit
 * @returns 0 if there are no voters
 */
export function majorityIndex(reached: LogIndex[]): LogIndex {
  // Insertion sort, descending: Array#sort costs a kilobyte and a microsecond a call.
  for (let at = 1; at < reached.length; at += 1) {
    const index = reached[at]!;
    let slot = at;
    for (; slot > 0 && reached[slot - 1]! < index; slot -= 1) reached[slot] = reached[slot - 1]!;
    reached[slot] = index;
  }
  return reached[reached.length >> 1] ?? 0;
}

/**
 * The largest index that a quorum has reached: in a joint configuration, that both halves have (§6).
 *
 * @param reachedBy - how far a voter is; 0 if nothing is known of it
 * @param scratch - room to sort in, so that a commit costs no array
 */
export function configurationIndex(
  { voters, outgoing }: Configuration,
  reachedBy: (id: NodeId) => LogIndex,
  scratch: LogIndex[] = [],
): LogIndex {
  const incoming = majorityOf(voters, reachedBy, scratch);
  if (outgoing.length === 0) return incoming;
  return Math.min(incoming, majorityOf(outgoing, reachedBy, scratch));
}

function majorityOf(
  voters: readonly NodeId[],
  reachedBy: (id: NodeId) => LogIndex,
  scratch: LogIndex[],
): LogIndex {
  scratch.length = 0;
  for (const id of voters) scratch.push(reachedBy(id));
  return majorityIndex(scratch);
}

export type VoteResult = "won" | "lost" | "pending";

/** The result among one set of voters. Ids that are not voters do not count. */
export function voteResult(
  voters: readonly NodeId[],
  votes: ReadonlyMap<NodeId, boolean>,
): VoteResult {
  let granted = 0;
  let refused = 0;
  for (const id of voters) {
    const vote = votes.get(id);
    if (vote === true) granted += 1;
    else if (vote === false) refused += 1;
  }
  if (granted >= majoritySize(voters.length)) return "won";
  return voters.length - refused < majoritySize(voters.length) ? "lost" : "pending";
}

/** The result under a configuration: while it is joint, both halves must agree (§6). */
export function configurationVoteResult(
  c: Configuration,
  votes: ReadonlyMap<NodeId, boolean>,
): VoteResult {
  const incoming = voteResult(c.voters, votes);
  if (c.outgoing.length === 0 || incoming === "lost") return incoming;
  const outgoing = voteResult(c.outgoing, votes);
  if (outgoing === "lost") return "lost";
  return incoming === "won" && outgoing === "won" ? "won" : "pending";
}
