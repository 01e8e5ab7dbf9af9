/**
 * The rules of the shipped counters, each with a way to remove it. See mutants.ts. That a block of a
 * capture is copied before it changes (O2) is none of them: here a snapshot is read as soon as
 * it is taken. Tests of the state machine guard it.
 */
import type { Mutant } from "./mutant.ts";
import { restoreMutants } from "./mutants-of-restores.ts";
import { sessionMutants } from "./mutants-of-sessions.ts";

/** `file` is under `packages/state-machine/src`. */
export const counterMutants: readonly Mutant[] = [
  {
    name: "counter-number-issued-again",
    rule: "a counter that is no more keeps its highest issued number (C2, C3)",
    file: "counter-rules.ts",
    find: "  if (issued === null) store.drop(name);\n  else store.put(retired(name, issued)); // C3",
    replace: "  void issued;\n  store.drop(name);\n  void retired;",
    expects: ["linearizable"],
  },
  {
    name: "counter-number-issued-again-after-its-end",
    rule: "a counter whose time is up keeps its highest issued number (C2, C3)",
    file: "counter-table.ts",
    find: "      else this.put(retired(first.name, first.issued)); // C3",
    replace: "      else this.drop(first.name);",
    expects: ["linearizable"],
  },
  {
    name: "counter-number-issued-again-after-a-reset",
    rule: "next begins above all that was issued, not only above the value (C2)",
    file: "counter-writing.ts",
    find: "return issued !== null && issued > previous ? issued : previous;",
    replace: "return issued !== null && issued > previous && false ? issued : previous;",
    expects: ["linearizable"],
  },
  {
    name: "counter-condition-ignored",
    rule: "a condition is looked at when the operation is applied (C6)",
    file: "counter-rules.ts",
    find: "          return epoch === at.epoch && revision === found.revision;",
    replace: "          return epoch === at.epoch && revision > -1 && found.revision > -1;",
    expects: ["linearizable"],
  },
  {
    name: "counter-bound-not-checked",
    rule: "next does not leave the bounds (C5)",
    file: "counter-rules.ts",
    find: '  if (config.max !== null && last > config.max) return refuse("bound-exceeded", found, at.epoch);\n',
    replace: "",
    expects: ["linearizable", "equal-state"],
  },
  {
    name: "counter-saturation-passes-the-bound",
    rule: "what saturates stops at the bound (C5)",
    file: "counter-rules.ts",
    find: "    value = bound; // C5",
    replace: "    void bound;",
    expects: ["linearizable", "equal-state"],
  },
  {
    name: "counter-group-not-undone",
    rule: "a group of which one operation is refused changes nothing (M4)",
    file: "answering.ts",
    find: '  if (answer.status === "group") draft.commit();\n  else if (!isForGood(answer)) return answer;',
    replace:
      '  draft.commit();\n  if (answer.status === "refused" && !isForGood(answer)) return answer;',
    expects: ["linearizable"],
  },
  {
    name: "counter-refusal-not-remembered",
    rule: "a refusal is remembered under its key, so that no late repetition is done (M3)",
    file: "answering.ts",
    find: '  if (answer.status === "ok" || isForGood(answer)) {',
    replace: '  if (answer.status === "ok") {',
    expects: ["key-once", "linearizable"],
  },
  {
    name: "counter-group-refusal-not-remembered",
    rule: "the refusal of a group is remembered under its keys (M3, M4)",
    file: "answering.ts",
    find: "  if (keyed > 0) remember(keys, operations, answer, at);",
    replace:
      '  if (keyed > 0 && answer.status === "group") remember(keys, operations, answer, at);',
    expects: ["key-once", "linearizable"],
  },
  {
    name: "counter-repetition-shares-a-revision",
    rule: "every change has a revision of its own, also those done together (C4)",
    file: "repetition.ts",
    find: "    revision: at.revision + done,",
    replace: "    revision: at.revision + 1,",
    expects: ["linearizable"],
  },
  {
    name: "counter-repetition-passes-the-bound",
    rule: "of what is repeated only as much is done as there is room for (C5)",
    file: "repetition.ts",
    find: "    room: (end - previous) / delta,",
    replace: "    room: (end - previous) / delta + 1n,",
    expects: ["linearizable", "equal-state"],
  },
  {
    name: "counter-end-not-renewed",
    rule: "every write renews the time that a counter has",
    file: "counter-writing.ts",
    find: "  const expiresAt = expiryOf(config, at);",
    replace:
      "  const ends = found?.expiresAt ?? never;\n  const expiresAt = ends > 0 ? ends : expiryOf(config, at);",
    expects: ["linearizable"],
  },
  {
    name: "counter-revision-not-in-the-snapshot",
    rule: "the revision is part of the snapshot",
    file: "snapshot-reader.ts",
    find: "    this.#reader.end();\n    return this.#state;",
    replace: "    this.#reader.end();\n    return { ...this.#state, revision: 0 };",
    expects: ["equal-state", "linearizable"],
  },
  ...restoreMutants,
  ...sessionMutants,
];
