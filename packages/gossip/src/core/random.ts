/** A 32-bit generator (mulberry32) whose whole state is one number, kept in the core's record. */
export interface RandomState {
  random: number;
}

/** The next whole number from 0 to `bound - 1`; `bound` from 1 to 2^32. */
export function nextRandom(s: RandomState, bound: number): number {
  s.random = (s.random + 0x6d2b79f5) | 0;
  let t = s.random;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) % bound;
}

/** What is drawn from: all of `of`, and of `also`. */
export interface Draw<T> {
  readonly of: readonly T[];
  readonly also?: readonly T[];
  readonly count: number;
  readonly accepts: (item: T) => boolean;
}

/**
 * Up to `count` different items that `accepts` takes, each set of them equally likely.
 *
 * A few blind draws settle it in a large pool; where they do not, every item is looked at, so that
 * a small cluster never misses one that would do.
 */
export function sample<T>(s: RandomState, { of, also = [], count, accepts }: Draw<T>): T[] {
  const chosen: T[] = [];
  const total = of.length + also.length;
  if (total > 4 * count) {
    for (let draws = 0; draws < 4 * count && chosen.length < count; draws += 1) {
      const at = nextRandom(s, total);
      const item = at < of.length ? of[at]! : also[at - of.length]!;
      if (!chosen.includes(item) && accepts(item)) chosen.push(item);
    }
  }
  if (chosen.length >= count) return chosen;
  const rest = [...of, ...also].filter((item) => !chosen.includes(item) && accepts(item));
  while (chosen.length < count && rest.length > 0) {
    const at = nextRandom(s, rest.length);
    chosen.push(rest[at]!);
    rest[at] = rest[rest.length - 1]!;
    rest.pop();
  }
  return chosen;
}
