/** A 32-bit generator (mulberry32) whose whole state is one number, kept in the core's record. */
export interface RandomState {
  random: number;
}

/** The next integer from 0 to `bound - 1`. */
export function nextRandom(s: RandomState, bound: number): number {
  s.random = (s.random + 0x6d2b79f5) | 0;
  let t = s.random;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) % bound;
}
