/** A rule of the core, and how to take it away. */
import type { InvariantName } from "../violation.ts";

export interface Mutant {
  /** Kebab-case, for `--only`. */
  readonly name: string;
  /** The rule that is taken away, and where it comes from. */
  readonly rule: string;
  /** Under `packages/raft/src/core`, or beside it. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Invariants that may be the first to notice. */
  readonly expects: readonly InvariantName[];
  /**
   * `once`: what finds it must use exactlyOnce; `restores`: restores of the shipped counters. Else
   * the tiny keyed counter, or all operations of the shipped ones.
   */
  readonly workload?: "once" | "restores";
}
