/**
 * The rules of the core, each with a way to remove it. A mutant is the core without that rule; the
 * simulator must find out. A survivor is a check that is missing, or a rule that is not needed.
 *
 * `find` must occur exactly once in `file`: when the core's text changes, the run fails loudly
 * instead of testing nothing.
 */
import type { Mutant } from "./mutant.ts";
import { leaseMutants } from "./mutants-of-leases.ts";
import { membershipMutants } from "./mutants-of-membership.ts";
import { readingMutants } from "./mutants-of-reading.ts";
import { replicationMutants } from "./mutants-of-replication.ts";
import { snapshotMutants } from "./mutants-of-snapshots.ts";
import { onceMutants } from "./mutants-of-exactly-once.ts";

export const mutants: readonly Mutant[] = [
  ...readingMutants,
  ...replicationMutants,
  ...snapshotMutants,
  ...leaseMutants,
  ...membershipMutants,
  ...onceMutants,
  {
    name: "commit-of-an-earlier-term",
    rule: "an entry of an earlier term is never committed by counting (§5.4.2, Figure 8)",
    file: "commitment.ts",
    find: "if (index <= s.commitIndex || s.log.termAt(index) !== s.term) return; // M2",
    replace: "if (index <= s.commitIndex) return;",
    expects: ["leader-completeness", "committed-stable", "state-machine-safety", "core-exception"],
  },
  {
    name: "vote-before-durable",
    rule: "a vote is on the disk before it leaves (Figure 2; E1)",
    file: "election.ts",
    find: "  sendOncePersisted(s, response); // E1",
    replace: "  send(s, response);",
    expects: ["vouched-durable", "vote-once"],
  },
  {
    name: "candidacy-before-durable",
    rule: "a candidate's term and own vote are on the disk before it asks for others (Figure 2)",
    file: "election.ts",
    find: "else sendOncePersisted(s, { ...request, to: id });",
    replace: "else send(s, { ...request, to: id });",
    expects: ["vouched-durable", "vote-once"],
  },
  {
    name: "ack-before-durable",
    rule: "an entry is on the disk before it is acknowledged (§5.3; D1)",
    file: "appending.ts",
    find: `function acknowledge(s: RaftState, m: AppendEntries, index: LogIndex): void {
  sendOncePersisted(s, {`,
    replace: `function acknowledge(s: RaftState, m: AppendEntries, index: LogIndex): void {
  s.messages.push({`,
    expects: ["vouched-durable"],
  },
  {
    name: "term-before-durable",
    rule: "a new term is on the disk before anybody learns it from an answer (Figure 2; D1)",
    file: "appending.ts",
    find: "  sendOncePersisted(s, rejection(s, m, hint));",
    replace: "  s.messages.push(rejection(s, m, hint));",
    expects: ["vouched-durable"],
  },
  {
    name: "own-match-before-durable",
    rule: "the leader counts its own disk like any other (§5.3, dissertation §10.2.1; M1)",
    file: "commitment.ts",
    find: 'counted === "matchIndex" ? s.persistedIndex :',
    replace: 'counted === "matchIndex" ? s.log.lastIndex :',
    expects: ["committed-durable"],
  },
  {
    name: "unconditional-truncation",
    rule: "a follower cuts off only what contradicts the leader (§5.3; A2)",
    file: "appending.ts",
    find: "      if (s.log.termAt(entry.index) === entry.term) continue; // A2\n",
    replace: "",
    expects: ["ack-stable", "committed-stable", "committed-durable", "core-exception"],
  },
  {
    name: "commit-beyond-the-verified",
    rule: "a follower commits no further than this message has verified (Figure 2, step 5; A4)",
    file: "appending.ts",
    find: "advanceCommit(s, Math.min(m.commitIndex, verified)); // A4",
    replace: "advanceCommit(s, Math.min(m.commitIndex, s.log.lastIndex));",
    expects: ["state-machine-safety", "core-exception", "committed-stable"],
  },
  {
    name: "votes-counted-per-message",
    rule: "one vote a voter, however many messages it sends (§5.2)",
    file: "election.ts",
    find: "  role.votes.set(m.from, m.granted);",
    replace: `  const { voters } = s.configurations.current.configuration;
  const free = m.granted ? voters.find((id) => !role.votes.has(id)) : undefined;
  role.votes.set(free ?? m.from, m.granted);`,
    expects: ["election-safety", "leader-completeness", "core-exception", "state-machine-safety"],
  },
  {
    name: "length-only-up-to-date",
    rule: "the last term decides before the length (§5.4.1; E2)",
    file: "election.ts",
    find: "return m.lastTerm > lastTerm || (m.lastTerm === lastTerm && m.lastIndex >= lastIndex);",
    replace: "return m.lastIndex >= lastIndex;",
    expects: ["leader-completeness", "core-exception", "state-machine-safety"],
  },
  {
    name: "no-up-to-date-rule",
    rule: "only a log that is at least as up to date as the voter's may win (§5.4.1; E2)",
    file: "election.ts",
    find: 'if (!upToDate(s, m)) return "its log is older than ours";',
    replace: "upToDate(s, m);",
    expects: ["leader-completeness", "core-exception", "state-machine-safety"],
  },
  {
    name: "stale-completion-vouches",
    rule: "a late write completion vouches for nothing that replaced its entries (W2)",
    file: "appending.ts",
    find: "  for (const write of s.inflightWrites) write.lastIndex = Math.min(write.lastIndex, index - 1);\n",
    replace: "",
    expects: ["vouched-durable", "committed-durable"],
  },
  {
    name: "truncated-stays-durable",
    rule: "what was truncated is not durable any more (W2)",
    file: "appending.ts",
    find: "  s.persistedIndex = Math.min(s.persistedIndex, index - 1);\n",
    replace: "",
    expects: ["vouched-durable", "committed-durable"],
  },
  {
    name: "pre-votes-counted-as-votes",
    rule: "an opinion is not a vote (dissertation §9.6; E5)",
    file: "election.ts",
    find: `  if (role.kind !== awaited) return;
  if (m.granted && m.term !== (m.preVote ? s.term + 1 : s.term)) return;
`,
    replace: "  if (awaited === role.kind && !m.granted && m.term !== s.term) return;\n",
    expects: ["election-safety", "core-exception", "leader-completeness"],
  },
  {
    name: "two-votes-in-a-term",
    rule: "one vote a term (§5.2; E1)",
    file: "election.ts",
    find: 'if (m.term === s.term && s.vote !== m.from && !free) return "voted or follows in this term"; // E1',
    replace: "if (free && m.term < s.term) return null;",
    expects: ["vote-once", "election-safety", "no-regress"],
  },
  {
    name: "vote-not-stored",
    rule: "a vote is part of what a server must not forget (Figure 2)",
    file: "sending.ts",
    find: `    s.term !== s.writtenHardState.term ||
    s.vote !== s.writtenHardState.vote
`,
    replace: "    s.term !== s.writtenHardState.term\n",
    expects: ["vouched-durable", "vote-once"],
  },
  {
    name: "no-log-matching-check",
    rule: "entries are taken only where the one before them matches (§5.3; A1)",
    file: "appending.ts",
    find: "if (from === m.prevIndex && s.log.termAt(m.prevIndex) !== m.prevTerm) return reject(s, m); // A1",
    replace: "if (s.log.termAt(from) === null) return reject(s, m);",
    expects: ["log-matching", "vouched-durable", "state-machine-safety", "core-exception"],
  },
  {
    name: "hung-disk-leads-on",
    rule: "a server whose disk does not answer does not lead (E6)",
    file: "ticking.ts",
    find: 'if (diskStalled(s)) return giveUp(s, "our disk does not answer");',
    replace: "diskStalled(s);",
    expects: ["disk-stall"],
  },
  {
    name: "no-check-quorum",
    rule: "a leader that hears from no majority steps down (dissertation §6.2; K1)",
    file: "ticking.ts",
    find: 'if (!heardFromQuorum(s, role)) return giveUp(s, "no contact with a majority"); // K1',
    replace: "heardFromQuorum(s, role);",
    expects: ["check-quorum"],
  },
  {
    name: "transfer-never-given-up",
    rule: "a transfer that nobody takes is given up (dissertation §3.10; X3)",
    file: "transfer.ts",
    find: "if (transfer.ticksLeft > 0) return;",
    replace: "if (transfer.ticksLeft > -Infinity) return;",
    expects: ["liveness"],
  },
  {
    name: "commit-by-any-one",
    rule: "a majority decides (§5.3)",
    file: "quorum.ts",
    find: "return reached[reached.length >> 1] ?? 0;",
    replace: "return reached[0] ?? 0;",
    expects: ["committed-durable", "fresh-read"],
  },
];
