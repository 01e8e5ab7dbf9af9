/** Rules of linearizable reads. */
import type { Mutant } from "./mutant.ts";

export const readingMutants: readonly Mutant[] = [
  {
    name: "read-before-own-commit",
    rule: "a leader serves reads only once an entry of its own term is committed (§8; R1)",
    file: "reading.ts",
    find: "  if (!knowsCommitted(s)) return;\n",
    replace: "",
    expects: ["fresh-read", "linearizable"],
  },
  {
    name: "read-confirmed-by-old-acks",
    rule: "a read is confirmed by answers to a round that began after it arrived (§8; R2)",
    file: "replication.ts",
    find: `  if (round > peer.ackedRound) {
    peer.ackedRound = round;
    confirmReads(s, role);
  }`,
    replace: `  peer.ackedRound = Math.max(role.readRound, round);
  confirmReads(s, role);`,
    expects: ["fresh-read", "linearizable"],
  },
  {
    name: "read-without-confirmation",
    rule: "a leader asks a majority before it serves a read (§8; R2)",
    file: "reading.ts",
    find: 'const confirmed = quorumOf(s, role, "ackedRound");',
    replace: "const confirmed = role.readRound;",
    expects: ["fresh-read", "linearizable"],
  },
  {
    name: "read-confirmed-in-another-term",
    rule: "an answer in a newer term confirms no round of the older one it answers (R5)",
    file: "appending.ts",
    find: "readRound: m.term === s.term ? m.readRound : 0, // R5",
    replace: "readRound: m.readRound,",
    expects: ["fresh-read", "linearizable"],
  },
];
