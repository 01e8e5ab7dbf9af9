/** The rules that a random life goes by, or all of them but one. */
import { closeKeys } from "../data/closing.ts";
import type { Replica } from "../data/replica.ts";
import { valueOf } from "../data/values.ts";

/** The replica, or one with a rule less. */
export interface Variant {
  readonly valueOf: (r: Replica, counter: string) => bigint;
  readonly closeKeys: (r: Replica, keysMax: number) => ReturnType<typeof closeKeys>;
}

export const everyRule: Variant = { valueOf, closeKeys };

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
