/**
 * How long the direct answers of a member take, and so how long the next one is waited for (P6):
 * a neighbour that has not answered in a tenth of a second will hardly do so in half of one, and the
 * time that is left of the interval is better spent on asking others.
 */
import type { Milliseconds } from "../types.ts";
import type { GossipTiming } from "./options.ts";

/** So many of a member's latest answers are remembered. */
export const roundTripsMax = 8;
/** With fewer than these nothing is concluded. */
const roundTripsMin = 4;
/** So many times the slowest of them is waited for. */
const patience = 3;

/** What is remembered of a member; the latest is the last. `null`: nothing yet. */
export type RoundTrips = readonly Milliseconds[] | null;

/** With one more answer. One that came late, or through others, counts as long as it took. */
export function withRoundTrip(known: RoundTrips, tookMs: Milliseconds): RoundTrips {
  if (known === null) return [tookMs];
  return [...known.slice(1 - roundTripsMax), tookMs];
}

/** The middle of what is remembered; `null`: not known. */
export function usualRoundTripMs(known: RoundTrips): Milliseconds | null {
  if (known === null) return null;
  const sorted = [...known].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? null;
}

/** How long a healthy member waits for a direct answer: never longer than for a stranger. */
export function answerTimeoutMs(timing: GossipTiming, known: RoundTrips): Milliseconds {
  const { probeTimeoutMs, probeTimeoutMinMs } = timing;
  if (known === null || known.length < roundTripsMin) return probeTimeoutMs;
  return Math.min(probeTimeoutMs, Math.max(probeTimeoutMinMs, patience * Math.max(...known)));
}
