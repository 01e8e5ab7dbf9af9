/**
 * Which configuration may follow which (§6, dissertation §4.1). Any two that may decide at the same
 * time must have a majority in common, and these steps are what makes sure of it.
 */
import { encodeConfiguration } from "@counter/raft";
import type { Configuration, NodeId } from "@counter/raft";
import { isSameBytes } from "./entry-ledger.ts";

/** What is wrong with this step, as words; `null` if nothing is. */
export function stepProblem(from: Configuration, to: Configuration): string | null {
  if (isSameBytes(encodeConfiguration(from), encodeConfiguration(to))) return "it comes twice";
  if (from.outgoing.length > 0) {
    if (to.outgoing.length > 0) return "a joint configuration follows a joint one";
    return isSameSet(from.voters, to.voters) ? null : "it does not leave the joint one";
  }
  if (to.outgoing.length > 0) {
    return isSameSet(from.voters, to.outgoing) ? null : "it does not begin with the voters before";
  }
  const changed = missing(from.voters, to.voters) + missing(to.voters, from.voters);
  return changed <= 1 ? null : `${changed} voters changed in one step`;
}

function isSameSet(a: readonly NodeId[], b: readonly NodeId[]): boolean {
  return missing(a, b) === 0 && missing(b, a) === 0;
}

/** How many of these are not among those. */
function missing(these: readonly NodeId[], those: readonly NodeId[]): number {
  return these.filter((id) => !those.includes(id)).length;
}
