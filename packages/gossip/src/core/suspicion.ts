/**
 * How long a member stays suspected before it is given up (Lifeguard, "LHA-Suspicion"): long while
 * one member alone doubts it, since that one may be the sick one, and the shorter the more others
 * say so independently.
 */
import type { MemberName, Milliseconds } from "../types.ts";
import type { GossipTiming } from "./options.ts";

export interface Suspicion {
  /** Moved on by every time in which this member was not listening. */
  startedAt: Milliseconds;
  readonly minMs: number;
  readonly maxMs: number;
  /** So many confirmations bring it down to the minimum; 0: it starts there. */
  readonly confirmationsWanted: number;
  /** Who doubts the member, the first one included; at most `confirmationsWanted` + 1. */
  readonly doubters: Set<MemberName>;
  /** When it is over, and the member given up. */
  deadline: Milliseconds;
}

/** Shortest time of a suspicion among `members` of them, in milliseconds. */
export function suspicionMinMs(timing: GossipTiming, members: number): number {
  return (
    timing.suspicionMult * Math.max(1, Math.log10(Math.max(1, members))) * timing.probeIntervalMs
  );
}

/** How long a suspicion lasts from its start, with so many confirmations. */
export function suspicionMs(
  suspicion: Pick<Suspicion, "minMs" | "maxMs" | "confirmationsWanted">,
  confirmations: number,
): number {
  const { minMs, maxMs, confirmationsWanted } = suspicion;
  if (confirmationsWanted < 1) return minMs;
  const share = Math.log(confirmations + 1) / Math.log(confirmationsWanted + 1);
  return Math.max(minMs, maxMs - (maxMs - minMs) * share);
}

/**
 * A suspicion that begins now.
 *
 * @param members - how many there are, this one and the suspected one included
 */
export function beginSuspicion(
  timing: GossipTiming,
  {
    from,
    members,
    now,
  }: { readonly from: MemberName; readonly members: number; readonly now: Milliseconds },
): Suspicion {
  const wanted = timing.suspicionMult - 2;
  const minMs = suspicionMinMs(timing, members);
  const shape = {
    minMs,
    maxMs: minMs * timing.suspicionMaxTimeoutMult,
    // With fewer others than that to confirm it, nothing is waited for.
    confirmationsWanted: members - 2 < wanted ? 0 : Math.max(0, wanted),
  };
  const deadline = now + suspicionMs(shape, 0);
  return { ...shape, startedAt: now, doubters: new Set([from]), deadline };
}

/**
 * Somebody says the same. A suspicion that would have been over by then is over now, not before: a
 * deadline that has passed would look as if this member had not listened (P5), which makes every
 * other suspicion longer.
 *
 * @returns whether that was news: somebody else than before, and not more than are wanted
 */
export function confirmSuspicion(
  suspicion: Suspicion,
  { from, now }: { readonly from: MemberName; readonly now: Milliseconds },
): boolean {
  const { doubters, confirmationsWanted } = suspicion;
  if (doubters.size > confirmationsWanted || doubters.has(from)) return false;
  doubters.add(from);
  const shorter = suspicion.startedAt + suspicionMs(suspicion, doubters.size - 1);
  suspicion.deadline = Math.min(suspicion.deadline, Math.max(now, shorter));
  return true;
}
