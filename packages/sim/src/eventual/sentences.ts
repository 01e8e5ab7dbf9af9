/** What must never happen in a run of eventual mode, by name; E-numbers as in the documentation. */
import { NamedViolation } from "../violation.ts";

export const eventualSentences = {
  "one-content": "a record has one content in the whole cluster (E5)",
  "durable-first": "what a peer or a client saw is on the disk of whoever wrote it (E4)",
  "claims-survive":
    "what a node said it has, and what it knew, it still has after a crash (E4, E6)",
  "vector-grows": "the version vector of a process never falls (E6)",
  "full-history":
    "every value is what the whole history of what the node knows comes to (E1-E3, E14)",
  existence: "a counter is there, and has its labels, as the whole history says",
  "equal-knowledge": "nodes with equal vectors agree on members, addresses and digest (E1)",
  "grows-only": "a counter that is only added to never falls at one node (E7)",
  "token-covered": "who knows all that another node knew shows at least its value (E8)",
  "key-known": "a key that a node knows is answered as before, or refused (E10)",
  "key-forgotten": "a key that was forgotten is refused and never counts again (E11)",
  "reset-covers": "a reset, or deletion, covers what its node knows, and nothing else (E14)",
  "answer-fits": "an answer names the record that holds the operation, with its effect",
  bounded: "queues, messages, logs and tables stay within their limits (E15)",
  "no-echo": "a push holds own records only, and goes to nobody who sent it (E16)",
  "sent-sparingly": "nodes that have nothing to do ask each other little (E16)",
  "no-false-alarm": "a node stops itself only if it was removed or has a twin",
  converges: "connected nodes get to equal vectors within a bounded time (E18)",
  "acknowledged-present": "every acknowledged operation is in every node's history in the end (E2)",
  "client-sum": "values are the sums of what clients were told (E2)",
  "removed-stops": "a node that was removed learns it and stops",
  "core-exception": "the core never throws",
} as const;

export type EventualInvariant = keyof typeof eventualSentences;

/** A run of eventual mode broke an invariant. */
export class EventualViolation extends NamedViolation<EventualInvariant> {}

/** Fails the run unless `condition` holds; `detail` is only built when it does not. */
export function must(
  condition: boolean,
  invariant: EventualInvariant,
  detail: () => string,
): asserts condition {
  if (!condition) throw new EventualViolation(invariant, detail());
}
