/** What the writer and the reader of snapshots must agree on; see `docs/state-machine.md`. */
import type { CounterTable } from "./counter-table.ts";
import type { KeyTable } from "./key-table.ts";

/** "CNTR": a snapshot begins with it, so that another file is not taken for one. */
export const magic: number = 0x434e_5452;
export const version: number = 1;

/** A counter: it has a value; it issued numbers. At least one of them. */
export const flagValue: number = 1;
export const flagIssued: number = 2;

/** An answer: one number (value, previous); a range (previous, first, last); out of range. */
export const answerValue: number = 1;
export const answerRange: number = 2;
export const answerOutOfRange: number = 3;

/** Largest restore epoch; one more restore would leave the safe integers. */
export const restoreEpochMax: number = 2 ** 52;

/**
 * No record is longer: the longest, a key with a range as its answer, has at most
 * 1 + 128 + 1 + 255 + 16 + 8 + 1 + 3 × 130 bytes.
 */
export const recordMaxBytes: number = 1024;

/** The replicated state. */
export interface MachineState {
  readonly counters: CounterTable;
  readonly keys: KeyTable;
  logTimeMs: number;
  restoreEpoch: number;
}
