/** What callers give is checked before it reaches the core, which takes it for right. */
import { isAddress, isCounterName, isDelta, isKey, isValue } from "../data/limits.ts";
import type { Address, CounterName } from "../types.ts";

/** One increment, or decrement. */
export interface Addition {
  readonly counter: CounterName;
  /** Strictly between −2^63 and 2^63. */
  readonly delta: bigint;
  /**
   * 1–255 visible ASCII characters; a UUIDv7 is best. The same counter and key count once, whichever
   * nodes they are sent to, and however often.
   */
  readonly key?: string;
}

/** @throws {RangeError} */
export function checkAddition({ counter, delta, key }: Addition): void {
  checkCounter(counter);
  check(isDelta(delta), "delta must lie strictly between -2^63 and 2^63");
  check(key === undefined || isKey(key), "a key must be 1 to 255 characters of visible ASCII");
}

/** @throws {RangeError} */
export function checkSets(sets: Iterable<readonly [CounterName, bigint]>): void {
  for (const [counter, value] of sets) {
    checkCounter(counter);
    check(isValue(value), "a value must lie strictly between -2^255 and 2^255");
  }
}

/** @throws {RangeError} */
export function checkCounter(counter: CounterName): void {
  check(isCounterName(counter), "a counter's name must match [A-Za-z0-9][A-Za-z0-9._:-]{0,127}");
}

/** @throws {RangeError} */
export function checkAddresses(addresses: readonly Address[]): void {
  for (const address of addresses) {
    check(isAddress(address), "an address must be 1 to 255 characters of visible ASCII");
  }
}

/** @throws {RangeError} */
export function checkWhole(what: string, value: number, max: number): number {
  const isWhole = Number.isInteger(value) && value >= 1 && value <= max;
  check(isWhole, `${what} must be a whole number from 1 to ${max}, not ${value}`);
  return value;
}

/** @throws {RangeError} */
export function check(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new RangeError(problem);
}
