/** What the clients saw: the only thing that counts in the end. */
import type { Operation } from "./machine.ts";

/**
 * - `answered`: acknowledged with `answer`
 * - `refused`: every attempt was refused for certain; it must never take effect
 * - `unknown`: given up while an attempt was open; it may take effect at any time, or never
 */
export type OperationOutcome = "answered" | "refused" | "unknown" | "open";

export interface OperationRecord {
  /** Its position in the history. */
  readonly id: number;
  readonly client: number;
  readonly number: number;
  readonly operation: Operation;
  /** Virtual time, in units, when the first attempt began. */
  readonly invokedAt: number;
  /** When the outcome was known; `Infinity` while it is not. */
  returnedAt: number;
  outcome: OperationOutcome;
  answer: Uint8Array | null;
  attempts: number;
  /** What was committed anywhere when it began: a read must not be older. */
  readonly committedAtStart: number;
}
