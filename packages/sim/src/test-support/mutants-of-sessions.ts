/** The rules of sessions of the shipped counters, each with a way to remove it. See mutants.ts. */
import type { Mutant } from "./mutant.ts";

/** `file` is under `packages/state-machine/src`. */
export const sessionMutants: readonly Mutant[] = [
  {
    name: "counter-session-answer-not-kept",
    rule: "what was answered in a session is kept and answered again (N4)",
    file: "in-session.ts",
    find: "    done === null || !isKept(done)\n",
    replace: "    done !== null || !isKept(done!)\n",
    expects: ["key-once", "linearizable"],
  },
  {
    name: "counter-session-refusal-not-kept",
    rule: "a refusal is an answer, so that no late copy is done after all (N6)",
    file: "in-session.ts",
    find: '  if (done.status === "refused") return refusals.isForGood(done);\n  return done.results.some((each) => each.status === "ok" || refusals.isForGood(each));',
    replace:
      '  if (done.status === "refused") return false;\n  return done.results.some((each) => each.status === "ok");',
    expects: ["key-once", "linearizable"],
  },
  {
    name: "counter-session-acknowledged-is-done-again",
    rule: "a number that was acknowledged is never done, however late it comes (N5)",
    file: "in-session.ts",
    find: "  if (step.seq <= ack) {",
    replace: "  if (step.seq < 0) {",
    expects: ["key-once", "linearizable"],
  },
  {
    name: "counter-session-ack-taken-back",
    rule: "an acknowledgement is never taken back, whatever a late copy says (N3, N5)",
    file: "in-session.ts",
    find: "  const ack = Math.max(found.ack, step.ack);",
    replace: "  const ack = step.ack;",
    expects: ["key-once", "linearizable"],
  },
  {
    name: "counter-session-never-ends",
    rule: "a session ends when log time has gone by since its last use (N1)",
    file: "session-table.ts",
    find: "  return expiresAt <= logTimeMs;",
    replace: "  return expiresAt < 0 && logTimeMs < 0;",
    expects: ["key-once", "linearizable"],
  },
  {
    name: "counter-session-end-not-put-off",
    rule: "each use puts the end of a session off (N1)",
    file: "session-table.ts",
    find: "    const expiresAt = logTimeMs + before.idleMs;",
    replace: "    const expiresAt = before.expiresAt + 0 * logTimeMs;",
    expects: ["key-once", "linearizable"],
  },
  {
    name: "counter-session-number-given-again",
    rule: "sessions go on being counted on a server that has only a snapshot (N2)",
    file: "session-records.ts",
    find: "  const sessions = new SessionTable(opened);",
    replace: "  const sessions = new SessionTable(0);",
    expects: ["equal-state", "key-once", "linearizable"],
  },
  {
    name: "counter-session-answers-not-in-the-snapshot",
    rule: "a snapshot carries what is kept for sessions (N3)",
    file: "session-records.ts",
    find: "    answers.push({ seq: ack + ahead, fingerprint, ...heldBy(results, length, refuse) });",
    replace: "    void { seq: ack + ahead, fingerprint, ...heldBy(results, length, refuse) };",
    expects: ["equal-state", "key-once", "linearizable"],
  },
  {
    name: "counter-session-group-not-undone",
    rule: "of a write that is all or nothing a refusal leaves nothing behind (M4)",
    file: "in-session.ts",
    find: '  if (group.status === "refused") return group;\n  draft.commit();',
    replace: '  draft.commit();\n  if (group.status === "refused") return group;',
    expects: ["linearizable"],
  },
];
