/**
 * Which member a leader removes by itself. A removal cannot be taken back: the node's place is used
 * up. So everything that is not known speaks for a member, and one witness is never enough.
 *
 * A1 Only a leader that a majority has just confirmed, with a configuration that is committed and
 *    not joint, and no change of its own under way: one removal at a time.
 * A2 Only who gossip holds for failed or left, *and* Raft has not heard for long. Of whom gossip does
 *    not know, nobody is removed; nor the leader itself.
 * A3 Long is `deadAfterMs`; or `replacedAfterMs` for a voter in whose place a newcomer votes already:
 *    one dead for one newcomer (newcomers.ts).
 * A4 There are never fewer than `votersMin` voters because of it.
 * A5 While more than ⌊(v − 1) / 2⌋ of the v voters seem dead, by either witness, nobody is removed:
 *    it is then more likely that this node sees badly.
 * A6 A learner holds no majority up: it has `deadAfterMs`, whoever came meanwhile.
 */
import type { Configuration, NodeId } from "@counter/raft";

import type { Newcomer } from "./newcomers.ts";

/** What gossip holds a node for. */
export type Standing = "alive" | "suspect" | "failed" | "left";

export interface AutopilotView {
  /** This node. */
  readonly self: NodeId;
  /** Whether this node leads, and a majority has confirmed it for this very look. */
  readonly confirmed: boolean;
  readonly configuration: Configuration;
  /** Whether the configuration is decided. */
  readonly committed: boolean;
  /** Whether a change that this node has asked for is not over yet. */
  readonly busy: boolean;
  /** For how long Raft has not heard from a member, in milliseconds; without an entry: not known. */
  readonly silentMs: ReadonlyMap<NodeId, number>;
  /** What gossip says of a member; without an entry: nothing. */
  readonly standing: ReadonlyMap<NodeId, Standing>;
  readonly newcomers: readonly Newcomer[];
}

export interface AutopilotLimits {
  /** How long a member must have been silent to be removed without a replacement. */
  readonly deadAfterMs: number;
  /** How long a voter must have been silent in whose place another one has come. */
  readonly replacedAfterMs: number;
  /** Fewest voters that are left; ≥ 1. */
  readonly votersMin: number;
}

export interface Removal {
  readonly id: NodeId;
  /** For how long Raft has not heard from it, in milliseconds. */
  readonly silentMs: number;
  /** The voter that has come in its place; `null`: it was silent for long enough without one. */
  readonly newcomer: NodeId | null;
}

/** The removal to carry out now; `null`: none. */
export function decide(view: AutopilotView, limits: AutopilotLimits): Removal | null {
  const { configuration, confirmed, committed, busy } = view;
  if (!confirmed || !committed || busy || configuration.outgoing.length > 0) return null; // A1
  return voterToRemove(view, limits) ?? learnerToRemove(view, limits);
}

function voterToRemove(view: AutopilotView, limits: AutopilotLimits): Removal | null {
  const { voters } = view.configuration;
  if (voters.length <= limits.votersMin) return null; // A4
  const dead = voters.filter((id) => seemsDead(view, id, limits));
  if (dead.length > Math.floor((voters.length - 1) / 2)) return null; // A5
  for (const { id: newcomer, inPlaceOf } of view.newcomers) {
    if (!voters.includes(newcomer) || dead.includes(newcomer)) continue;
    const gone = inPlaceOf.filter((id) => voters.includes(id));
    const replaced = longestGone(view, gone, limits.replacedAfterMs);
    if (replaced !== null) return { ...replaced, newcomer };
  }
  return longestGone(view, voters, limits.deadAfterMs);
}

function learnerToRemove(view: AutopilotView, limits: AutopilotLimits): Removal | null {
  return longestGone(view, view.configuration.learners, limits.deadAfterMs); // A6
}

/** A2: by both witnesses. Of several, who has been silent for longest. */
function longestGone(
  view: AutopilotView,
  among: readonly NodeId[],
  silentMinMs: number,
): Removal | null {
  let found: Removal | null = null;
  for (const id of among) {
    const silentMs = view.silentMs.get(id) ?? 0;
    if (id === view.self || !isGone(view, id) || silentMs < silentMinMs) continue;
    if (found === null || silentMs > found.silentMs) found = { id, silentMs, newcomer: null };
  }
  return found;
}

/** A5: by either witness. */
function seemsDead(view: AutopilotView, id: NodeId, { replacedAfterMs }: AutopilotLimits): boolean {
  if (id === view.self) return false;
  return isGone(view, id) || (view.silentMs.get(id) ?? 0) >= replacedAfterMs;
}

function isGone({ standing }: AutopilotView, id: NodeId): boolean {
  const found = standing.get(id);
  return found === "failed" || found === "left";
}
