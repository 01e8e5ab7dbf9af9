/** Which of several survivors to go on from. The rule is that of elections (§5.4.1). */
import { configurationVoteResult, type EntryId } from "@counter/raft";

import type { SoundDataDir } from "./inspection.ts";

/** Below zero if `a` is more up to date: the later last term, then the longer log. */
export function byUpToDate(a: SoundDataDir, b: SoundDataDir): number {
  return lastFirst(a.log.last, b.log.last);
}

function lastFirst(a: EntryId, b: EntryId): number {
  return b.term - a.term || b.index - a.index;
}

/**
 * Whether these servers are a majority of the configuration that the most up-to-date one of them
 * has: then they elect a leader as they are, and nothing has to be given up.
 *
 * @param found - servers of one cluster, at least one
 */
export function areMajority(found: readonly SoundDataDir[]): boolean {
  const [best] = found.toSorted(byUpToDate);
  if (best === undefined) return false;
  const votes = new Map(found.map(({ identity }) => [identity.nodeId, true] as const));
  return configurationVoteResult(best.log.configuration, votes) === "won";
}
