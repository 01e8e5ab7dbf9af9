/** The rules of `exactlyOnce`, each with a way to remove it. See mutants.ts. */
import type { Mutant } from "./mutant.ts";

const memory = "../exactly-once/memory.ts";
const writer = "../exactly-once/snapshot-writer.ts";

export const onceMutants: readonly Mutant[] = [
  {
    name: "once-keys-not-in-the-snapshot",
    rule: "what is remembered of keys is part of the snapshot (O1)",
    file: writer,
    find: "    keys: memory.keys.items(),",
    replace: "    keys: [],",
    expects: ["key-once", "equal-state", "linearizable"],
    workload: "once",
  },
  {
    name: "once-sessions-not-in-the-snapshot",
    rule: "sessions are part of the snapshot (O4)",
    file: writer,
    find: "    sessions: memory.sessions.items().map((session) => {",
    replace: "    sessions: memory.sessions.items().slice(1).map((session) => {",
    expects: ["key-once", "equal-state", "linearizable"],
    workload: "once",
  },
  {
    name: "once-log-time-not-restored",
    rule: "the time of the log goes on from that of the snapshot (O2)",
    file: "../exactly-once/exactly-once.ts",
    find: "    this.#memory = memory;",
    replace: "    this.#memory = memory;\n    memory.clock.logTimeMs = 0;",
    expects: ["equal-state"],
    workload: "once",
  },
  {
    name: "once-key-not-remembered",
    rule: "a key that is known is answered from memory (O1)",
    file: memory,
    find: "    if (known !== null) return replayOf(known, fingerprint); // O1",
    replace: "    void known;",
    expects: ["key-once", "linearizable"],
    workload: "once",
  },
  {
    name: "once-answer-forgotten-before-the-ack",
    rule: "the answer to a session's command is kept until it is acknowledged (O4)",
    file: memory,
    find: "    session.answers.set(seq, record);\n",
    replace: "",
    expects: ["key-once", "linearizable"],
    workload: "once",
  },
  {
    name: "once-acknowledged-number-applied-again",
    rule: "a number that was acknowledged is never applied again (O4)",
    file: memory,
    find: '    if (seq <= session.ack) return { type: "answer", answer: answerForgotten }; // O4\n',
    replace: "",
    expects: ["key-once", "linearizable"],
    workload: "once",
  },
  {
    name: "once-expired-session-applied",
    rule: "nothing of a session that is gone is applied (O4)",
    file: memory,
    find: "    if (session === null) return sessionExpired; // O4",
    replace: '    if (session === null) return { type: "apply", command, place: null };',
    expects: ["key-once", "linearizable"],
    workload: "once",
  },
  {
    name: "once-time-of-the-local-clock",
    rule: "time is the highest stamp in the log, never a server's own clock (O2)",
    file: memory,
    find: "    clock.logTimeMs = Math.max(clock.logTimeMs, entry.atMs); // O2",
    replace: "    clock.logTimeMs = Math.floor(performance.now());",
    expects: ["equal-state"],
    workload: "once",
  },
];
