/** Carries restores out: in one command, and in parts (see `staged-restore.ts`). */
import { answer, type Moment } from "./counter-writing.ts";
import * as limits from "./limits.ts";
import type { RestoreCommit, RestoreOperation, RestorePart, RestoreStep } from "./operations.ts";
import { restoreDamaged, restoreNotReady, restoreNotStaged, tooManyCounters } from "./refusals.ts";
import { decodeRestorePart } from "./restore-codec.ts";
import type { OperationDone, OperationRefused } from "./results.ts";
import type { CounterTable } from "./counter-table.ts";
import type { MachineState } from "./snapshot-format.ts";
import { StagedRestore } from "./staged-restore.ts";
import type { MachineObserver } from "./types.ts";

type Outcome = OperationDone | OperationRefused;

export function performRestore(
  state: MachineState,
  operation: RestoreOperation | RestoreStep,
  at: Moment,
  observer: MachineObserver,
): Outcome {
  switch (operation.type) {
    case "restore":
      return restoreAtOnce(state, operation, at, observer);
    case "restore-begin":
      if (state.stage?.facts.stage === operation.stage) return staged(at); // a repetition
      stage(state, StagedRestore.begun(operation, at, observer)); // S3
      return staged(at);
    case "restore-part":
      return addPart(state, operation, at);
    case "restore-commit":
      return commit(state, operation, at, observer);
  }
}

/** Puts a stage in the place of the one there is, and has the counters tell it what they issue. */
export function stage(state: MachineState, next: StagedRestore | null): void {
  state.stage = next;
  state.counters.successor = next?.table ?? null; // S5
}

/** S3 */
export function dropForgotten(state: MachineState): void {
  if (state.stage === null) return;
  const idleMs = state.logTimeMs - state.stage.facts.touchedAtMs;
  if (idleMs >= limits.stageIdleMaxMs) stage(state, null);
}

function restoreAtOnce(
  state: MachineState,
  { counters }: RestoreOperation,
  at: Moment,
  observer: MachineObserver,
): Outcome {
  const { logTimeMs, countersMax, revision } = at;
  const moment = { logTimeMs, countersMax, revision: revision + 1 };
  const replaced = state.counters.replaced(counters, moment);
  if (replaced === null) return tooManyCounters;
  return swap(state, replaced, at, observer);
}

function addPart(state: MachineState, { stage: id, part, data }: RestorePart, at: Moment): Outcome {
  const { stage: found } = state;
  if (found?.facts.stage !== id) return restoreNotStaged;
  if (part < found.facts.partsDone) return staged(at); // a repetition
  if (part > found.facts.partsDone) return restoreNotStaged;
  if (part >= found.facts.parts || found.facts.bytesDone + data.length > found.facts.bytes) {
    stage(state, null);
    return restoreDamaged;
  }
  found.add(data, decodeRestorePart(data), at.logTimeMs);
  if (found.table.size <= at.countersMax) return staged(at);
  stage(state, null);
  return tooManyCounters;
}

function commit(
  state: MachineState,
  { stage: id }: RestoreCommit,
  at: Moment,
  observer: MachineObserver,
): Outcome {
  const { stage: found } = state;
  if (found?.facts.stage !== id) return restoreNotStaged;
  if (!found.whole) {
    stage(state, null);
    return restoreDamaged; // S2
  }
  if (!found.carry(state.counters)) return restoreNotReady;
  if (found.table.size <= at.countersMax) return swap(state, found.table, at, observer); // S1
  stage(state, null);
  return tooManyCounters;
}

function swap(
  state: MachineState,
  counters: CounterTable,
  at: Moment,
  observer: MachineObserver,
): OperationDone {
  stage(state, null);
  const epoch = at.epoch + 1;
  state.counters = counters;
  state.restoreEpoch = epoch;
  observer.replaced?.();
  const moved = { value: BigInt(epoch), previous: BigInt(at.epoch), created: false };
  return answer(moved, { ...at, epoch });
}

/** Nothing that anybody sees was changed. */
function staged(at: Moment): OperationDone {
  return { ...answer({ value: 0n, previous: 0n, created: false }, at), revision: at.revision };
}
