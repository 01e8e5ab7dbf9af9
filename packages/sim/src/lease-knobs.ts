/** Leases of a run, drawn from the seed apart from everything else. */
import { unitsPerTick } from "./event-heap.ts";
import { Random } from "./random.ts";

/** What the length of a lease has to do with. */
export interface LeaseTerms {
  readonly electionTimeoutTicks: number;
  /** By how much a clock may run faster or slower than true time, at most. */
  readonly clockDrift: number;
  readonly tickJitterUnits: number;
}

/**
 * The longest lease that is safe, in units of the leader's clock; 0 in most runs: no leases.
 *
 * Whoever answered sticks to its leader for an election timeout of its own ticks, of which the first
 * may have been nearly over. Its clock may be the fastest there is, and each tick early; the leader's
 * clock may be the slowest.
 */
export function drawLease(seed: number, terms: LeaseTerms): number {
  if (!new Random(seed, "leases").chance(0.3)) return 0;
  const { electionTimeoutTicks, clockDrift, tickJitterUnits } = terms;
  const shortestTick = unitsPerTick * (1 - clockDrift) - tickJitterUnits;
  return Math.floor(((electionTimeoutTicks - 1) * shortestTick) / (1 + clockDrift));
}
