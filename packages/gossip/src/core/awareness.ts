/**
 * Local health (Lifeguard, "LHA-Probe"): how much this member doubts itself. 0 is healthy; the more
 * it doubts itself, the more time it gives to others before it doubts them.
 */

/** The score after `delta`, from 0 to `max` - 1. */
export function adjustedHealth(score: number, delta: number, max: number): number {
  return Math.max(0, Math.min(max - 1, score + delta));
}

/** A time of the healthy member, as long as the score makes it. */
export function scaledByHealth(timeMs: number, score: number): number {
  return timeMs * (score + 1);
}
