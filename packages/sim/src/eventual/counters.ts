/** The counters of a run: what is done to each, and so what must be true of it, is in its name. */
import type { CounterName } from "@counter/eventual";

export type CounterUse =
  /** Only added to, by additions without a key. */
  | "plain"
  /** Only added to, with keys that tell their time. */
  | "keyed"
  /** Up and down, with and without keys. */
  | "mixed"
  /** Keys that tell nothing. */
  | "opaque"
  /** Keys that stand for two deltas. */
  | "conflict"
  /** Now and then set to a value. */
  | "set"
  /** Everything that can be done to a counter: set with and without keys, labelled, deleted. */
  | "life";

export function counterName(use: CounterUse, number: number): CounterName {
  return `${use}-${number}`;
}

export function useOf(name: CounterName): string {
  return name.slice(0, name.indexOf("-"));
}

/** Whether its value can only rise at a node. */
export function isGrowOnly(name: CounterName): boolean {
  const use = useOf(name);
  return use === "plain" || use === "keyed";
}

/** Whether its value is the sum of what its clients were told. */
export function isSum(name: CounterName): boolean {
  return isGrowOnly(name) || useOf(name) === "mixed";
}
