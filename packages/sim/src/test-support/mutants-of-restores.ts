/** The rules of restores in parts, each with a way to remove it. See mutants.ts. */
import type { Mutant } from "./mutant.ts";

const workload = "restores";

/** `file` is under `packages/state-machine/src`. */
export const restoreMutants: readonly Mutant[] = [
  {
    name: "counter-restore-seen-before-its-commit",
    rule: "nothing of a restore is seen before its commit (S1)",
    file: "restoring.ts",
    find: "  found.add(data, decodeRestorePart(data), at.logTimeMs);",
    replace:
      "  found.add(data, decodeRestorePart(data), at.logTimeMs);\n  state.counters = found.table;",
    expects: ["linearizable", "equal-state"],
    workload,
  },
  {
    name: "counter-restore-not-compared",
    rule: "a commit finds the parts that were announced (S2)",
    file: "restoring.ts",
    find: "  if (!found.whole) {",
    replace: "  if (!found.whole && found.facts.partsDone < 0) {",
    expects: ["linearizable"],
    workload,
  },
  {
    name: "counter-restore-does-not-drop-another",
    rule: "the beginning of a restore drops the one before (S3)",
    file: "restoring.ts",
    find: "      stage(state, StagedRestore.begun(operation, at, observer)); // S3",
    replace:
      "      if (state.stage === null) stage(state, StagedRestore.begun(operation, at, observer));",
    expects: ["linearizable"],
    workload,
  },
  {
    name: "counter-restore-not-in-the-snapshot",
    rule: "a restore that has begun is part of the snapshot (S4)",
    file: "snapshot-writer.ts",
    find: "    stage: state.stage === null ? null : captureStage(state.stage, state.counters),",
    replace:
      "    stage: state.counters.size < 0 ? captureStage(state.stage!, state.counters) : null,",
    expects: ["linearizable", "equal-state"],
    workload,
  },
  {
    name: "counter-restore-forgets-what-was-issued-before",
    rule: "numbers that were issued before a restore are carried over by its commit (S5, C2)",
    file: "restoring.ts",
    find: "  if (!found.carry(state.counters)) return restoreNotReady;",
    replace: "  void restoreNotReady;",
    expects: ["linearizable"],
    workload,
  },
];
