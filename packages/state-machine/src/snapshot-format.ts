/** What the writer and the reader of snapshots must agree on; see `docs/state-machine.md`. */
import type { CounterTable } from "./counter-table.ts";
import type { KeyTable } from "./key-table.ts";
import type { RefusalCode } from "./results.ts";
import type { SessionTable } from "./session-table.ts";
import type { StagedRestore } from "./staged-restore.ts";

/** "CNTR": a snapshot begins with it, so that another file is not taken for one. */
export const magic: number = 0x434e_5452;
export const version: number = 3;
/** Without sessions: what there is to say before the first one, as the release before says it. */
export const versionWithoutSessions: number = 2;
/** With a restore in parts that is under way. */
export const versionWithStage: number = 4;

/** A counter: it has a value; it issued numbers. At least one of them. */
export const flagValue: number = 1;
export const flagIssued: number = 2;

/** An answer: the operation was done; it was refused. In version 1: three kinds of their own. */
export const answerDone: number = 1;
export const answerRefused: number = 2;

/** What an answer says besides value, previous, epoch and revision. */
export const doneFirst: number = 1;
export const doneStep: number = 2;
export const doneCreated: number = 4;
export const doneConfig: number = 8;
export const doneAll: number = 15;

/** What a refusal says besides its code. */
export const refusedCurrent: number = 1;
export const refusedIndex: number = 2;
export const refusedAll: number = 3;

/** The refusals that are remembered. Their place in this list is their code: add at the end only. */
export const refusalCodes: readonly RefusalCode[] = [
  "value-out-of-range",
  "bound-exceeded",
  "version-mismatch",
  "counter-not-found",
  "counter-exists",
  "kind-mismatch",
  "too-many-labels",
  "too-many-counters",
];

/**
 * No record is longer. Most of the longest, the key of a `create`, are the labels: 16 times 1 + 63
 * bytes of key, and 2 + 3 × 255 of value; then eight numbers of at most 130 bytes, the name and the
 * key.
 */
export const recordMaxBytes: number = 16_384;

/** The replicated state. */
export interface MachineState {
  counters: CounterTable;
  readonly keys: KeyTable;
  readonly sessions: SessionTable;
  logTimeMs: number;
  restoreEpoch: number;
  /** Counts the changes, from the first command of version 2 on. */
  revision: number;
  /** A restore that was begun and not committed yet. */
  stage: StagedRestore | null;
}
