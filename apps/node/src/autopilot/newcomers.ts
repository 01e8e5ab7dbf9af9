/**
 * Who came in whose place: a voter that was promoted while another one was gone stands for that one,
 * and for one only. Every node keeps this account, so that a new leader knows it as well; whoever has
 * not seen a promotion knows of no newcomer, and the dead one waits for its full time.
 *
 * N1 The voters that are there at the first look are nobody's replacement.
 * N2 A newcomer stands for the voters that are gone at the first look after its promotion, as long as
 *    they stay gone: whoever comes back keeps its place.
 * N3 It is used up when one of them has been removed, by whomever.
 * N4 A voter that was removed while it was gone, before anybody had come for it, is owed one: the
 *    next newcomer is the one for that, and stands for nobody else.
 */
import type { NodeId } from "@counter/raft";

/** A voter that came while others were gone. */
export interface Newcomer {
  readonly id: NodeId;
  /** Never empty. */
  readonly inPlaceOf: readonly NodeId[];
}

/** What is remembered between two looks; there are never more newcomers than voters. */
export interface Account {
  /** The last look. */
  readonly seen: Sight;
  /** The oldest first. */
  readonly newcomers: readonly Newcomer[];
  /** Removed dead voters for whom nobody has come yet. */
  readonly owed: number;
}

export interface Sight {
  /** Of a committed configuration that is not joint. */
  readonly voters: readonly NodeId[];
  /** Members that are out of reach for this node, or that gossip holds for gone. */
  readonly gone: ReadonlySet<NodeId>;
}

/** @param before - the account so far; `null` at the first look */
export function account(before: Account | null, seen: Sight): Account {
  if (before === null) return { seen, newcomers: [], owed: 0 }; // N1
  const { voters, gone } = seen;
  let { owed } = before;
  const used = new Set<NodeId>();
  for (const id of before.seen.voters) {
    // As it was then: everybody who has been removed is gone soon, also who was well.
    if (voters.includes(id) || !before.seen.gone.has(id)) continue;
    const newcomer = before.newcomers.find(
      (one) => !used.has(one.id) && one.inPlaceOf.includes(id),
    );
    if (newcomer === undefined)
      owed += 1; // N4
    else used.add(newcomer.id); // N3
  }
  const isStillGone = (id: NodeId): boolean => gone.has(id) && voters.includes(id);
  const newcomers = before.newcomers
    .filter(({ id }) => voters.includes(id) && !used.has(id))
    .map(({ id, inPlaceOf }) => ({ id, inPlaceOf: inPlaceOf.filter(isStillGone) })); // N2
  for (const id of voters) {
    if (before.seen.voters.includes(id)) continue;
    if (owed > 0)
      owed -= 1; // N4
    else
      newcomers.push({ id, inPlaceOf: voters.filter((other) => other !== id && gone.has(other)) });
  }
  return { seen, newcomers: newcomers.filter(({ inPlaceOf }) => inPlaceOf.length > 0), owed };
}
