/**
 * Rules of changing the membership. Those that only cost comfort are no mutants: that who is removed
 * is told so (G8), that a learner is promoted only when it keeps up (G6), and that a server is in
 * touch with members of a configuration that may come back; `membership.test.ts` and
 * `membership-roles.test.ts` of the core guard them.
 */
import type { Mutant } from "./mutant.ts";

export const membershipMutants: readonly Mutant[] = [
  {
    name: "change-before-own-commit",
    rule: "no change before an entry of the leader's own term is committed (dissertation §4.1; G2)",
    file: "membership.ts",
    find: '  if (s.log.termAt(s.commitIndex) !== s.term) return "changeTooEarly"; // G2\n',
    replace: "",
    expects: ["one-change-at-a-time"],
  },
  {
    name: "two-changes-at-once",
    rule: "one change at a time: none while a configuration is not committed (§6; G1)",
    file: "membership.ts",
    find: 'return s.configurations.current.index > s.commitIndex ? "changeInProgress" : null; // G1',
    replace: "return null;",
    expects: ["one-change-at-a-time"],
  },
  {
    name: "change-of-another-configuration",
    rule: "a change that names a configuration is made to no other one (G3)",
    file: "membership.ts",
    find: "if (expectedIndex !== null && expectedIndex !== index) {",
    replace: "if (expectedIndex !== null && expectedIndex > s.log.lastIndex) {",
    expects: ["one-change-at-a-time"],
  },
  {
    name: "learner-counted-for-commit",
    rule: "a learner's disk does not count (dissertation §4.2.1; M1)",
    file: "commitment.ts",
    find: "return configurationIndex(s.configurations.current.configuration, reachedBy, role.scratch);",
    replace: `const c = s.configurations.current.configuration;
  const counting = { ...c, voters: [...c.voters, ...c.learners] };
  return configurationIndex(counting, reachedBy, role.scratch);`,
    expects: ["committed-durable", "fresh-read", "liveness"],
  },
  {
    name: "learner-campaigns",
    rule: "who does not vote does not campaign (dissertation §4.2.1; E7)",
    file: "election.ts",
    find: "some((c) => isVoter(c, s.id)); // E7",
    replace: "some((c) => c.members.some(({ id }) => id === s.id));",
    expects: ["elected-by-quorum"],
  },
  {
    name: "who-is-leaving-does-not-campaign",
    rule: "a server that alone holds the entry that removes it campaigns (dissertation §4.2.2; E7)",
    file: "election.ts",
    find: "s.configurations.since(s.commitIndex).some((c) => isVoter(c, s.id)); // E7",
    replace: "isVoter(s.configurations.current.configuration, s.id);",
    expects: ["liveness"],
  },
  {
    name: "removed-leader-counts-itself",
    rule: "a leader that is no voter does not count itself (dissertation §4.2.2; G5)",
    file: "commitment.ts",
    find: "return configurationIndex(s.configurations.current.configuration, reachedBy, role.scratch);",
    replace: `const c = s.configurations.current.configuration;
  const counting = { ...c, voters: role.votes ? c.voters : [...c.voters, s.id] };
  return configurationIndex(counting, reachedBy, role.scratch);`,
    expects: ["committed-durable", "fresh-read"],
  },
  {
    name: "removed-leader-leads-on",
    rule: "a leader that removed itself gives leadership up (dissertation §4.2.2; G5)",
    file: "raft-core.ts",
    find: 'if (s.role.kind === "leader") resignWhenRemoved(s, s.role);',
    replace: 'if (s.role.kind === "leader" && s.term < 0) resignWhenRemoved(s, s.role);',
    expects: ["liveness"],
  },
  {
    name: "joint-commit-by-incoming-only",
    rule: "a joint configuration commits by both majorities (§6; M1)",
    file: "quorum.ts",
    find: "  if (outgoing.length === 0) return incoming;\n",
    replace: "  if (outgoing.length >= 0) return incoming;\n",
    expects: ["committed-durable", "fresh-read"],
  },
  {
    name: "joint-votes-of-incoming-only",
    rule: "a joint configuration elects by both majorities (§6)",
    file: "quorum.ts",
    find: 'if (c.outgoing.length === 0 || incoming === "lost") return incoming;',
    replace: "if (c.outgoing.length >= 0) return incoming;",
    expects: ["elected-by-quorum", "election-safety", "check-quorum"],
  },
  {
    name: "joint-never-left",
    rule: "a joint configuration that asks for it is left by itself (§6; G4)",
    file: "membership.ts",
    find: "if (!configuration.autoLeave || whyNotNow(s) !== null) return;",
    replace: "if (configuration.voters.length > 0) return;",
    expects: ["liveness"],
  },
  {
    name: "joint-left-twice",
    rule: "a joint configuration is left exactly once (G4)",
    file: "membership.ts",
    find: "  appendConfiguration(s, role, next); // from now on it is not joint\n",
    replace: "  appendConfiguration(s, role, next);\n  appendConfiguration(s, role, next);\n",
    expects: ["configuration-steps", "one-change-at-a-time"],
  },
  {
    name: "joint-left-before-committed",
    rule: "a joint configuration is left once it is committed, not before (§6; G4)",
    file: "membership.ts",
    find: "if (!configuration.autoLeave || whyNotNow(s) !== null) return;",
    replace: "if (!configuration.autoLeave || s.log.termAt(s.commitIndex) !== s.term) return;",
    expects: ["one-change-at-a-time"],
  },
  {
    name: "truncated-configuration-stays",
    rule: "when a configuration is truncated, the one before is in force again (§6; C1)",
    file: "appending.ts",
    find: "  if (s.configurations.truncateFrom(index)) onConfigurationMoved(s);\n",
    replace: "",
    expects: ["configuration-in-force", "core-exception"],
  },
  {
    name: "configuration-in-force-when-committed",
    rule: "the newest configuration in the log is in force, committed or not (§6; C1)",
    file: "configuration.ts",
    find: "    return this.#placed[this.#placed.length - 1]!;\n",
    replace: "    return this.#placed[Math.max(0, this.#placed.length - 2)]!;\n",
    expects: ["configuration-in-force", "liveness", "core-exception"],
  },
  {
    name: "snapshot-keeps-the-old-configuration",
    rule: "an installed snapshot brings its configuration (§7; S3)",
    file: "snapshotting.ts",
    find: `    configuration: snapshot.configuration,
  });
  s.snapshot = snapshot;`,
    replace: `    configuration: s.configurations.current.configuration,
  });
  s.snapshot = snapshot;`,
    expects: ["configuration-in-force", "liveness"],
  },
  {
    name: "snapshot-of-a-later-configuration",
    rule: "a snapshot names the configuration in force where it ends, not a later one (§7)",
    file: "snapshotting.ts",
    find: "  const placed = s.configurations.at(index);",
    replace: "  const placed = s.configurations.current;",
    expects: ["snapshot-configuration"],
  },
  {
    name: "two-voters-in-one-step",
    rule: "a simple change adds or removes at most one voter (dissertation §4.1; F1)",
    file: "configuration-changes.ts",
    find: "votersChanged(c, result.configuration) <= 1) return result;",
    replace: "votersChanged(c, result.configuration) <= 2) return result;",
    expects: ["configuration-steps"],
  },
  {
    name: "contacts-forget-the-new",
    rule: "a server is in touch with members of a configuration that is not committed",
    file: "membership.ts",
    find: "of s.configurations.since(s.commitIndex)) {",
    replace: "of [s.configurations.at(s.commitIndex).configuration]) {",
    expects: ["contacts"],
  },
  {
    name: "joiner-takes-itself-for-removed",
    rule: "who reads old configurations on its way in is not removed by them",
    file: "commitment.ts",
    find: "  judgeRemoval(s, s.removed || s.configurations.named(s.id, s.commitIndex));",
    replace: "  judgeRemoval(s, true);",
    expects: ["removed-for-certain"],
  },
];
