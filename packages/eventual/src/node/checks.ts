/** What callers give is checked before it reaches the core, which takes it for right. */
import {
  isAddress,
  isCounterName,
  isDelta,
  isKey,
  isLabelName,
  isValue,
  labelsMax,
  labelTextMaxLength,
} from "../data/limits.ts";
import type { Address, CounterName, LabelsPatch } from "../types.ts";

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

/** A counter is given a value. */
export interface Setting {
  readonly counter: CounterName;
  /** Strictly between −2^255 and 2^255; with a key, −2^63 and 2^63. */
  readonly value: bigint;
  /** As of an {@link Addition}. */
  readonly key?: string;
}

/** A counter is given labels. */
export interface Configuring {
  readonly counter: CounterName;
  /** Names match `[A-Za-z0-9._/-]{1,63}`, texts have at most 255 characters. */
  readonly labels: LabelsPatch;
  /** As of an {@link Addition}: of all with one key the first holds, and the others never were. */
  readonly key?: string;
}

/** A counter is deleted. */
export interface Deletion {
  readonly counter: CounterName;
  /** As of {@link Configuring}. */
  readonly key?: string;
}

/** @throws {RangeError} */
export function checkAddition({ counter, delta, key }: Addition): void {
  checkCounter(counter);
  check(isDelta(delta), "delta must lie strictly between -2^63 and 2^63");
  checkKey(key);
}

/** @throws {RangeError} */
export function checkSets(sets: Iterable<readonly [CounterName, bigint]>): void {
  for (const [counter, value] of sets) {
    checkCounter(counter);
    check(isValue(value), "a value must lie strictly between -2^255 and 2^255");
  }
}

/** @throws {RangeError} */
export function checkSet({ counter, value, key }: Setting): void {
  checkSets([[counter, value]]);
  checkKey(key);
  check(key === undefined || isDelta(value), "with a key a value must be below 2^63");
}

/** @throws {RangeError} */
export function checkedDeletion({ counter, key }: Deletion): {
  readonly counter: CounterName;
  readonly key: string | null;
} {
  checkCounter(counter);
  checkKey(key);
  return { counter, key: key ?? null };
}

/** @throws {RangeError} */
export function checkedConfiguring({
  labels,
  ...rest
}: Configuring): ReturnType<typeof checkedDeletion> & Pick<Configuring, "labels"> {
  checkLabels(labels);
  return { ...checkedDeletion(rest), labels };
}

function checkLabels(labels: LabelsPatch): void {
  const entries = [...(labels ?? [])];
  const few = labelsMax * 2;
  check(entries.length <= few, `at most ${few} labels may be changed at once`);
  for (const [name, text] of entries) {
    check(isLabelName(name), "a label's name must match [A-Za-z0-9._/-]{1,63}");
    const isShort = text === null || text.length <= labelTextMaxLength;
    check(isShort, `a label's text has at most ${labelTextMaxLength} characters`);
  }
}

function checkKey(key: string | undefined): void {
  check(key === undefined || isKey(key), "a key must be 1 to 255 characters of visible ASCII");
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
