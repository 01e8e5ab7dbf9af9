/** Rules of the gossip core, and how to take them away. */
import type { GossipInvariantName } from "../gossip/watching.ts";

export interface GossipMutant {
  /** Kebab-case, for `--only`. */
  readonly name: string;
  /** The rule that is taken away; letters and numbers are those of the chapters. */
  readonly rule: string;
  /** Under `packages/gossip/src/core`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Invariants that may be the first to notice. */
  readonly expects: readonly GossipInvariantName[];
}

export const gossipMutants: readonly GossipMutant[] = [
  {
    name: "gossip-no-refutation",
    rule: "who is doubted and lives objects with a larger incarnation",
    file: "refuting.ts",
    find: "  raiseIncarnation(s, incarnation);\n",
    replace: "",
    expects: ["converge"],
  },
  {
    name: "gossip-refutes-without-raising",
    rule: "an objection is above what was doubted",
    file: "refuting.ts",
    find: "Math.max(self.incarnation, above) + 1)",
    replace: "Math.max(self.incarnation, above))",
    expects: ["converge"],
  },
  {
    name: "gossip-dead-beats-newer-alive",
    rule: "a larger incarnation wins, whatever is said as of a smaller one (B1)",
    file: "claims.ts",
    find: "return a.incarnation - b.incarnation || ranks[a.standing] - ranks[b.standing];",
    replace: "return ranks[a.standing] - ranks[b.standing] || a.incarnation - b.incarnation;",
    expects: ["converge"],
  },
  {
    name: "gossip-no-confirmation-shrink",
    rule: "a suspicion is the shorter the more confirm it (Lifeguard)",
    file: "suspicion.ts",
    find: "  suspicion.deadline = Math.min(suspicion.deadline, Math.max(now, shorter));\n",
    replace: "  void [now, shorter];\n",
    expects: ["detection"],
  },
  {
    name: "gossip-suspicion-over-before-now",
    rule: "a suspicion that others confirm late is over now, not before (P5)",
    file: "suspicion.ts",
    find: "Math.max(now, shorter)",
    replace: "shorter + 0 * now",
    expects: ["listening"],
  },
  {
    name: "gossip-leaver-gives-up",
    rule: "who leaves believes nothing more, and gives nobody up (B5)",
    file: "applying.ts",
    find: '  if (s.leaving !== null) return;\n  const known = memberNamed(s, m.node);\n  if (known === undefined) return;\n  if (jumps(s, known, m.incarnation)) return reject(s, from, "suspect"',
    replace:
      '  const known = memberNamed(s, m.node);\n  if (known === undefined) return;\n  if (jumps(s, known, m.incarnation)) return reject(s, from, "suspect"',
    expects: ["cut-link", "detection", "converge"],
  },
  {
    name: "gossip-dead-twice",
    rule: "who is gone here as well stays gone, whatever a table says of its death (X1)",
    file: "push-pull.ts",
    find: "isGone(s, node) ? hearOfDeath(s, from, row) : hearOfDoubt(s, from, row)",
    replace: "isGone(s, node) && false ? hearOfDeath(s, from, row) : hearOfDoubt(s, from, row)",
    expects: ["needless", "cut-link", "detection"],
  },
  {
    name: "gossip-suspicion-for-ever",
    rule: "who does not object in time is given up",
    file: "applying.ts",
    find: "if (deadline <= s.now) giveUp(s, member);",
    replace: "if (deadline <= s.now) next = s.now + 1000;",
    expects: ["detection", "converge"],
  },
  {
    name: "gossip-no-indirect-probe",
    rule: "others are asked before a member is suspected (P2)",
    file: "probe.ts",
    find: "    count: s.options.timing.indirectChecks,",
    replace: "    count: 0,",
    expects: ["cut-link", "calm-health"],
  },
  {
    name: "gossip-impatient",
    rule: "an answer is waited for longer than the member's answers took so far (P6)",
    file: "round-trips.ts",
    find: "Math.max(probeTimeoutMinMs, patience * Math.max(...known))",
    replace: "Math.max(1, Math.min(probeTimeoutMinMs, ...known))",
    expects: ["needless"],
  },
  {
    name: "gossip-no-nack",
    rule: "a helper that hears nothing says so (P2, P4)",
    file: "probe.ts",
    find: "const nackAt = m.nack ? s.now + timing.nackAfterMs : null;",
    replace: "const nackAt = null;",
    expects: ["calm-health"],
  },
  {
    name: "gossip-late-nack",
    rule: "the nack comes while the one who asked still waits (P2)",
    file: "probe.ts",
    find: "s.now + timing.nackAfterMs : null",
    replace: "s.now + timing.probeTimeoutMs : null",
    expects: ["calm-health"],
  },
  {
    name: "gossip-relay-keeps-answers",
    rule: "a helper passes on what it hears (P2)",
    file: "probe.ts",
    find: `  const ack: Ack = { type: "ack", seqNo: relay.seqNo, payload: noBytes };
  sendPacket(s, { address: relay.to, protocolMax: 0 }, [ack]);
`,
    replace: "",
    expects: ["cut-link", "calm-health"],
  },
  {
    name: "gossip-relays-for-ever",
    rule: "a ping for somebody else is forgotten when nobody waits for it",
    file: "probe.ts",
    find: "if (relay.expiresAt <= s.now) s.relays.delete(seqNo);",
    replace: "if (relay.expiresAt <= s.now) relay.nackAt = null;",
    expects: ["drained", "calm-health", "cut-link"],
  },
  {
    name: "gossip-exchanges-for-ever",
    rule: "an exchange that takes too long is over",
    file: "exchanges.ts",
    find: "if (deadline <= s.now) expired.push(exchange);",
    replace: "if (deadline <= s.now) continue;",
    expects: ["drained", "converge"],
  },
  {
    name: "gossip-unbounded-rumors",
    rule: "rumours are bounded in bytes when they are queued",
    file: "rumors.ts",
    find: "  while (q.bytes + bytes > q.maxBytes) removeRumor(q, mostTold(q));\n",
    replace: "",
    expects: ["bounded"],
  },
  {
    name: "gossip-overfull-packets",
    rule: "a packet is filled up to its limit and not beyond",
    file: "rumors.ts",
    find: "if (rumor.bytes + compoundPartBytes > free) {",
    replace: "if (free <= 0) {",
    expects: ["bounded"],
  },
  {
    name: "gossip-leave-is-failure",
    rule: "who leaves did not fail",
    file: "applying.ts",
    find: 'const standing = m.from === m.node ? "left" : "dead";',
    replace: 'const standing = "dead";',
    expects: ["leave"],
  },
  {
    name: "gossip-goodbye-by-rumor",
    rule: "who leaves says so itself to as many as it may",
    file: "leaving.ts",
    find: "sample(s, told)",
    replace: "sample(s, { ...told, count: 0 })",
    expects: ["leave", "converge", "detection"],
  },
  {
    name: "gossip-believes-any-incarnation",
    rule: "an incarnation that jumps further than any member goes is not believed (B3)",
    file: "applying.ts",
    find: "return incarnation > known.incarnation + incarnationJumpMax;",
    replace: "return false;",
    expects: ["own-incarnation", "converge"],
  },
  {
    name: "gossip-silent-return",
    rule: "each change of standing makes its event (B4)",
    file: "applying.ts",
    find: "  emit(s, eventOf(isNew || !isLive(before), claim.standing), member);\n",
    replace: `  if (claim.standing !== "alive" || isNew) {
    emit(s, eventOf(isNew || !isLive(before), claim.standing), member);
  }
`,
    expects: ["event-order"],
  },
  {
    name: "gossip-no-reconnect",
    rule: "whoever failed is tried again, so that a partition heals (J3)",
    file: "joining.ts",
    find: "if (failed.length === 0 || nextRandom(s, liveCount(s)) >= failed.length) return;",
    replace: "if (failed.length >= 0) return;",
    expects: ["converge"],
  },
  {
    name: "gossip-no-seeds",
    rule: "seeds are looked at for ever (J2)",
    file: "schedule.ts",
    find: "if (s.seeds.length === 0 || s.leaving !== null) s.due.seed = Infinity;",
    replace: "if (s.seeds.length >= 0) s.due.seed = Infinity;",
    expects: ["converge"],
  },
  {
    name: "gossip-tells-nothing-on",
    rule: "what is heard of somebody new is told on",
    file: "applying.ts",
    find: `  changeStanding(s, member, { standing: "alive", incarnation });
  if (isNews) tell(s, member.name, m);
`,
    replace: `  changeStanding(s, member, { standing: "alive", incarnation });
`,
    expects: ["converge", "detection"],
  },
  {
    name: "gossip-no-probe-order",
    rule: "everybody is probed once in a round (P1)",
    file: "members.ts",
    find: "  t.probed += 1;\n  return member;",
    replace: "  return t.live[0]!;",
    expects: ["detection", "converge", "calm-health"],
  },
  {
    name: "gossip-acks-any-ping",
    rule: "the member that answers a probe is the one that was probed, by its number (P2)",
    file: "probe.ts",
    find: "if (probe !== null && probe.seqNo === m.seqNo) {",
    replace: "if (probe !== null && m.seqNo >= 0) {",
    expects: ["detection", "converge", "cut-link"],
  },
  {
    name: "gossip-no-bridge",
    rule: "whoever answered a join is told whom the others brought (X5)",
    file: "bridging.ts",
    find: "return table.named < brought.size;",
    replace: "return table.named < 0 * brought.size;",
    expects: ["bridge"],
  },
  {
    name: "gossip-grows-by-rumor-only",
    rule: "a table that grew much by what was told is exchanged soon (X6)",
    file: "schedule.ts",
    find: "  s.liveAtSync = length;\n  if (s.due",
    replace: "  s.liveAtSync = length;\n  if (length > 0 || s.due",
    expects: ["bridge"],
  },
];
