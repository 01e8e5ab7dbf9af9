/** Rules of replication, of the window and of what waits for the disk. */
import type { Mutant } from "./mutant.ts";

export const replicationMutants: readonly Mutant[] = [
  {
    name: "late-reject-below-match",
    rule: "a late rejection does not take nextIndex below what is known to match (P4; L3)",
    file: "replication.ts",
    find: `  if (peer.state === "snapshot" || m.index <= peer.matchIndex) return; // L3
  if (peer.state === "probe" && m.index !== peer.nextIndex - 1) return; // L3
  const agree = s.log.lastNotAbove(m.hintIndex, m.hintTerm);
  const next = Math.min(m.index, agree.index + 1);
  becomeProbe(peer, Math.max(next, peer.matchIndex + 1));`,
    replace: `  if (peer.state === "snapshot") return;
  const agree = s.log.lastNotAbove(m.hintIndex, m.hintTerm);
  const next = Math.min(m.index, agree.index + 1);
  becomeProbe(peer, Math.max(next, 1));`,
    expects: ["core-exception", "bounded"],
  },
  {
    name: "match-goes-down",
    rule: "a late ack does not lower matchIndex (P4; L3)",
    file: "replication.ts",
    find: "  const advanced = index > peer.matchIndex;",
    replace: "  const advanced = index !== peer.matchIndex;",
    expects: ["no-regress", "bounded", "liveness", "core-exception"],
  },
  {
    name: "window-without-limit",
    rule: "unanswered messages to a follower are limited (dissertation §10.2.1; P2)",
    file: "replication.ts",
    find: "    window.messages < s.options.inflightMaxMessages &&\n",
    replace: "",
    expects: ["bounded"],
  },
  {
    name: "probe-never-left",
    rule: "an answered probe ends probing: from then on entries are sent ahead (P1, P2)",
    file: "replication.ts",
    find: '  const resumes = peer.state === "probe" || installed;',
    replace: "  const resumes = installed;",
    expects: ["liveness"],
  },
  {
    name: "probe-behind-the-compaction",
    rule: "who needs what is compacted gets the snapshot, not an empty range (§7; P3)",
    file: "replication.ts",
    find: "  } else if (s.log.termAt(peer.nextIndex - 1) === null) {",
    replace: "  } else if (peer.nextIndex > s.log.lastIndex + 1) {",
    expects: ["core-exception", "liveness", "no-regress"],
  },
  {
    name: "oversize-entry-wedges",
    rule: "one message may always be out, however large its entry (P2)",
    file: "replication.ts",
    find: "    (window.messages === 0 || window.bytes < s.options.inflightMaxBytes)",
    replace: "    window.bytes + 100 < s.options.inflightMaxBytes",
    expects: ["liveness"],
  },
  {
    name: "sends-as-it-goes",
    rule: "a probe promises nothing: what it sent is not taken for received (P1)",
    file: "replication.ts",
    find: "    peer.nextIndex = before; // a probe promises nothing",
    replace: "    void before;",
    expects: ["liveness"],
  },
  {
    name: "hands-out-without-limit",
    rule: "a slow state machine does not make the queue in front of it grow",
    file: "raft-core.ts",
    find: "  return s.applying.bytes + next <= s.options.committedMaxBytes;",
    replace: "  return next > 0;",
    expects: ["bounded"],
  },
  {
    name: "not-addressed-to-us",
    rule: "a message for another server is dropped",
    file: "raft-core.ts",
    find: '  if (m.to !== s.id) return note(s, { type: "dropped", message: m, why: "not for this server" });',
    replace: "",
    expects: ["core-exception", "committed-durable", "fresh-read", "election-safety"],
  },
  {
    name: "writes-complete-out-of-order",
    rule: "a write that completes vouches for what it holds, not for what a later one holds (W2)",
    file: "persistence.ts",
    find: "  s.persistedIndex = Math.max(s.persistedIndex, write.lastIndex);",
    replace: "  s.persistedIndex = Math.max(s.persistedIndex, s.unwrittenFrom - 1);",
    expects: ["vouched-durable", "committed-durable"],
  },
  {
    name: "late-message-releases-too-much",
    rule: "a message waits for the write that it depends on, not for an earlier one (D1)",
    file: "sending.ts",
    find: "s.waiting[count]!.after <= write) count += 1;",
    replace: "s.waiting[count]!.after <= write + 1) count += 1;",
    expects: ["vouched-durable"],
  },
  {
    name: "stored-commit-beyond-the-log",
    rule: "the stored commit index is not beyond the log that is stored with it (W3)",
    file: "persistence.ts",
    find: "  const commitIndex = Math.min(s.commitIndex, lastIndex); // W3",
    replace: "  const commitIndex = lastIndex;",
    expects: ["no-regress", "core-exception", "committed-stable", "state-machine-safety"],
  },
];
