/** The rules that a random life goes by, or all of them but one. */
import { closeKeys } from "../data/closing.ts";
import { viewOf } from "../data/looking.ts";
import type { Replica } from "../data/replica.ts";
import { valueOf } from "../data/values.ts";

/** The replica, or one with a rule less. */
export interface Variant {
  readonly valueOf: (r: Replica, counter: string) => bigint;
  /** `null`: it does not exist. */
  readonly labelsOf: (r: Replica, counter: string) => ReadonlyMap<string, string> | null;
  readonly closeKeys: (r: Replica, keysMax: number) => ReturnType<typeof closeKeys>;
}

export const everyRule: Variant = { valueOf, labelsOf, closeKeys };

function labelsOf(r: Replica, counter: string): ReadonlyMap<string, string> | null {
  const { exists, labels } = viewOf(r, counter);
  return exists ? labels : null;
}

/** What went otherwise than it should. */
export class Divergence extends Error {
  override readonly name = "Divergence";
}

export interface LifeOptions {
  readonly seed: number;
  readonly steps: number;
  /** Clocks are wrong by up to so much. */
  readonly skewMs: number;
  readonly variant: Variant;
}
