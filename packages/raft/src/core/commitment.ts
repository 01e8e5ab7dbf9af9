/**
 * What is committed (§5.3, §5.4.2).
 *
 * M1 An entry of the leader's own term is committed once a majority of every active configuration
 *    has it on its disk, the leader's disk counted like any other.
 * M2 Entries of earlier terms are never committed by counting, only along with one of ours
 *    (Figure 8).
 */
import type { LogIndex, NodeId } from "../types.ts";
import { isMember } from "./configuration.ts";
import { configurationIndex } from "./quorum.ts";
import { note, noteConfiguration } from "./state.ts";
import type { LeaderRole, RaftState } from "./state.ts";

/** What is counted: how far a peer's log matches, or which read round it has answered. */
export type Counted = "matchIndex" | "ackedRound";

/** The largest number that a quorum of the configuration in force has reached. */
export function quorumOf(s: RaftState, role: LeaderRole, counted: Counted): number {
  const own = counted === "matchIndex" ? s.persistedIndex : role.readRound;
  const reachedBy = (id: NodeId): number =>
    id === s.id ? own : (role.progress.get(id)?.[counted] ?? 0);
  return configurationIndex(s.configurations.current.configuration, reachedBy, role.scratch);
}

/** Moves the commit index up, if a majority allows it. */
export function maybeCommit(s: RaftState, role: LeaderRole): void {
  const index = quorumOf(s, role, "matchIndex"); // M1
  if (index <= s.commitIndex || s.log.termAt(index) !== s.term) return; // M2
  advanceCommit(s, index);
  s.flushNeeded = true; // the followers want to know
}

/** Everything up to `index` is known to be committed. */
export function advanceCommit(s: RaftState, index: LogIndex): void {
  if (index <= s.commitIndex) return;
  const before = s.commitIndex;
  s.commitIndex = index;
  const { current } = s.configurations;
  if (current.index > before) onConfigurationCommitted(s, before);
}

/** C1: a configuration is in force before it is committed. Several may be at once. */
function onConfigurationCommitted(s: RaftState, before: LogIndex): void {
  const { index, configuration } = s.configurations.at(s.commitIndex);
  if (index <= before) return;
  s.contactsChanged = true;
  noteConfiguration(s, { index, configuration }, true);
  judgeRemoval(s, s.removed || s.configurations.named(s.id, s.commitIndex));
}

/**
 * Whether what is committed removed this server. One that has just joined reads configurations that
 * do not name it, and was in none before: it is not removed.
 */
export function judgeRemoval(s: RaftState, wasMember: boolean): void {
  const { index, configuration } = s.configurations.at(s.commitIndex);
  const removed = wasMember && !isMember(configuration, s.id);
  if (removed && !s.removed) note(s, { type: "removed", index });
  s.removed = removed;
}
