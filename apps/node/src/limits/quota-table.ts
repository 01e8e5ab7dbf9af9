/**
 * Who has used how much of a quota. A bucket each: it holds the whole quota, every request takes from
 * it, and it fills again evenly over the window. Pure: the time is given, and never runs backwards.
 *
 * So nobody gets more than the quota at once, and in the long run as much as the quota each window; in
 * one window at most twice the quota, after a time of rest.
 */

/** How much may be used in which time. */
export interface Quota {
  /** Requests, from 1. */
  readonly units: number;
  /** In milliseconds, from 1000. */
  readonly windowMs: number;
}

/** What is left for one key. */
export interface Balance {
  /** Whole units that can be used now. */
  readonly left: number;
  /** Until a unit is free; 0 if one is now. In milliseconds. */
  readonly waitMs: number;
  /** Until nothing of the quota is used any more, in milliseconds. */
  readonly wholeMs: number;
}

interface Bucket {
  used: number;
  atMs: number;
}

/** Most keys that have a bucket of their own. Those beyond share one. */
export const quotaKeysMax: number = 10_000;
/** How often at most buckets that are full again are looked for, in milliseconds. */
const sweepEveryMs = 1000;
/** Sums of fractions are never exact: a unit that lacks no more than that is there. */
const tolerance = 1e-6;

export class QuotaTable {
  readonly quota: Quota;
  readonly #keysMax: number;
  readonly #buckets = new Map<string, Bucket>();
  /** Of all keys for which there was no room: they cost no memory, and get no quota each. */
  readonly #shared: Bucket = { used: 0, atMs: 0 };
  #sweptMs = -Infinity;

  constructor(quota: Quota, keysMax: number = quotaKeysMax) {
    this.quota = quota;
    this.#keysMax = keysMax;
  }

  /** Keys that have a bucket of their own. */
  get size(): number {
    return this.#buckets.size;
  }

  /** What is left. Nothing is taken, and nothing remembered. */
  look(key: string, nowMs: number): Balance {
    return this.#balance(this.#buckets.get(key) ?? this.#stranger(nowMs), nowMs);
  }

  /**
   * Takes from the quota of a key, also more than is left of it: what is owed is waited for before
   * the next one is let in. Who must not begin with a debt has to {@link look} first.
   *
   * @param cost - units, from 1
   */
  take(key: string, cost: number, nowMs: number): Balance {
    const bucket = this.#buckets.get(key) ?? this.#plant(key, nowMs);
    bucket.used = this.#usedBy(bucket, nowMs) + cost;
    bucket.atMs = nowMs;
    return this.#balance(bucket, nowMs);
  }

  #balance(bucket: Bucket, nowMs: number): Balance {
    const { units, windowMs } = this.quota;
    const used = this.#usedBy(bucket, nowMs);
    const left = Math.max(0, Math.floor(units - used + tolerance));
    const msOf = (amount: number): number => Math.max(0, (amount * windowMs) / units);
    return { left, waitMs: left > 0 ? 0 : msOf(used - units + 1), wholeMs: msOf(used) };
  }

  #usedBy({ used, atMs }: Bucket, nowMs: number): number {
    const { units, windowMs } = this.quota;
    return Math.max(0, used - ((nowMs - atMs) * units) / windowMs);
  }

  /** Where a key without a bucket would stand. */
  #stranger(nowMs: number): Bucket {
    return this.#hasRoom(nowMs) ? { used: 0, atMs: nowMs } : this.#shared;
  }

  #plant(key: string, nowMs: number): Bucket {
    if (!this.#hasRoom(nowMs)) return this.#shared;
    const bucket = { used: 0, atMs: nowMs };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Full buckets say no more than none: they make room. */
  #hasRoom(nowMs: number): boolean {
    if (this.#buckets.size < this.#keysMax) return true;
    if (nowMs - this.#sweptMs < sweepEveryMs) return false;
    this.#sweptMs = nowMs;
    for (const [key, bucket] of this.#buckets) {
      if (this.#usedBy(bucket, nowMs) === 0) this.#buckets.delete(key);
    }
    return this.#buckets.size < this.#keysMax;
  }
}
