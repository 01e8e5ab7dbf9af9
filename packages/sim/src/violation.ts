/** What must never happen in a run, by name. The sentence says what is true of the protocol. */
export const invariantSentences = {
  "election-safety": "at most one leader in a term (§5.2)",
  "vote-once": "one vote a term, over restarts too (§5.2)",
  "log-matching": "entries with the same id are the same and so is everything before (§5.3)",
  "leader-append-only": "a leader never replaces an entry of its own log (§5.3)",
  "leader-completeness": "a leader holds every entry committed in an earlier term (§5.4)",
  "state-machine-safety": "every server applies the same entry at the same index (§5.4.3)",
  "equal-state":
    "servers that applied the same entries have the same bytes and gave the same answers",
  "committed-durable": "what is committed is durable on a quorum of every active configuration",
  "committed-stable": "a committed entry is never replaced (§5.4.3)",
  "ack-stable": "what a server acked to a leader is not truncated while that leader's term lasts",
  "no-regress": "term, vote, commit and applied never go back",
  "vouched-durable": "a grant, a candidacy or an ack that left is true of the sender's disk",
  "log-without-gaps": "a stored log has no gaps and no snapshot loses what it stands for",
  "configuration-in-force":
    "the newest configuration in a log is in force there, committed or not (§6)",
  "configuration-steps":
    "configurations in a row differ by one voter, or one is joint; none comes twice (§6)",
  "one-change-at-a-time":
    "a configuration is appended when the one before and an own entry are committed (§6)",
  "elected-by-quorum":
    "a leader has the votes of every half, and votes before or after a change (§6)",
  "snapshot-configuration": "a snapshot names the configuration in force where it ends (§7)",
  "removed-for-certain": "who calls itself removed was a member, and is not by what is committed",
  contacts: "a request goes only to whom the host was told about, an answer to who came first",
  "disk-stall": "a server whose disk does not answer does not lead",
  "check-quorum": "a leader that hears from no majority steps down (dissertation §6.2)",
  bounded: "queues, messages and writes stay within their limits",
  "fresh-read": "a read sees everything that was committed before it began (§8)",
  "key-once": "the same key is applied once and always gets the same answer (§8)",
  linearizable: "the history of the clients is linearizable",
  "acknowledged-present": "every acknowledged operation is in the log, once, with that answer",
  undisturbed: "a cluster that is well keeps its leader, whoever was removed (diss. §4.2.3)",
  liveness: "after healing there is a leader, all clients are answered and all servers are equal",
  "core-exception": "the core never throws",
} as const;

export type InvariantName = keyof typeof invariantSentences;

/** A run broke something that has a name. The simulation stops at the first one. */
export class NamedViolation<Name extends string> extends Error {
  override readonly name = "Violation";
  readonly invariant: Name;
  /** What was seen, with the values. */
  readonly detail: string;
  constructor(invariant: Name, detail: string, options?: ErrorOptions) {
    super(`${invariant}: ${detail}`, options);
    this.invariant = invariant;
    this.detail = detail;
  }
}

/** A run of Raft broke an invariant. */
export class Violation extends NamedViolation<InvariantName> {}

/** Fails the run unless `condition` holds; `detail` is only built when it does not. */
export function check(
  condition: boolean,
  invariant: InvariantName,
  detail: () => string,
): asserts condition {
  if (!condition) throw new Violation(invariant, detail());
}
