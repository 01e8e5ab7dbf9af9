/** Whether an operation may join a record: its key, and room for its counter. */
import { textHash } from "../data/chain.ts";
import { findKey, isSameMeaning, keyWeight } from "../data/keys.ts";
import type { KnownOperation, Meaning } from "../data/keys.ts";
import { keyTime } from "../data/key-codec.ts";
import { counterCount } from "../data/values.ts";
import type { CounterName, LabelsPatch } from "../types.ts";
import type { AcceptedKey, EventualState, Told } from "./state.ts";
import { identityOf, refuse } from "./state.ts";

/** What an operation is reckoned as, besides the characters of its names. */
export const operationBytes = 40;

/** Something with a key that somebody wants. */
export interface WantedOperation {
  readonly counter: CounterName;
  readonly key: string;
  readonly meaning: Meaning;
}

/** Equal changes of labels mean the same, in whatever order they are named. */
export function meaningOfLabels(isNew: boolean, labels: LabelsPatch): Meaning {
  const changes = labels === null ? null : [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
  const asked = textHash(0, JSON.stringify(changes));
  return { type: isNew ? "create" : "configure", delta: 0n, asked };
}

/**
 * Takes a key on: the operation has to join a record now, with these contexts, and to be taken out
 * of `pendingKeys` when it is done.
 *
 * @returns null: it is answered, or joined one with the same key that is on its way (W3)
 */
export function acceptKey(
  s: EventualState,
  context: number,
  wanted: WantedOperation,
): { readonly accepted: AcceptedKey; readonly contexts: number[] } | null {
  const { counter, key, meaning } = wanted;
  const pending = s.pendingKeys.get(identityOf(counter, key));
  if (pending !== undefined) {
    if (isSameMeaning(pending.meaning, meaning))
      pending.contexts.push(context); // answered with the first of them
    else refuse(s, context, "key-reused");
    return null;
  }
  const refused = (reason: Parameters<typeof refuse>[2]): null => {
    refuse(s, context, reason);
    return null;
  };
  const issued = keyTime(key);
  const { keyWindowMs } = s.options.timing;
  const at = issued ?? Math.max(s.wallMs, s.promisedBefore);
  const known = findKey(s.replica, { counter, key, at });
  if (known !== null) {
    replay(s, [context], known, meaning);
    return null;
  }
  if (!s.cluster.placed) return refused("starting");
  if (at < s.promisedBefore) return refused("key-expired");
  if (issued !== null && issued > s.wallMs + keyWindowMs) return refused("key-in-future");
  const keys = keyWeight(s.replica) + s.pendingKeys.size;
  if (keys >= s.options.limits.keysMax) return refused("too-many-keys");
  if (!hasRoomFor(s, counter)) return refused("too-many-counters");
  const contexts = [context];
  s.pendingKeys.set(identityOf(counter, key), { contexts, meaning });
  const until = issued === null ? at + keyWindowMs : issued + 1;
  return { accepted: { key, at, until }, contexts };
}

/** Answers as the first attempt was answered. */
export function replay(
  s: EventualState,
  contexts: readonly number[],
  known: KnownOperation,
  meaning: Meaning,
): void {
  const isSame = isSameMeaning(known.meaning, meaning);
  const writer = s.phase.kind === "writing" ? s.phase.writer : "";
  for (const context of contexts) {
    if (!isSame) refuse(s, context, "key-reused");
    // Retries may have put it into several records: everything known here has them all.
    else
      s.outcomes.push({
        ...{ type: "written", context, ...toldOf(known), replayed: true, writer, position: 0 },
      });
  }
}

/** What the first attempt was told. */
function toldOf({ meaning, value, deed }: KnownOperation): Told {
  const labels = deed?.type === "configure" ? deed.config.labels : null;
  switch (meaning.type) {
    case "add":
      return { value, previous: value - meaning.delta, labels };
    case "set":
      return { value: meaning.delta, previous: value, labels };
    case "create":
    case "configure":
      return { value, previous: value, labels };
    case "delete":
      return { value: 0n, previous: value, labels };
  }
}

export function hasRoomFor(s: EventualState, counter: CounterName): boolean {
  if (s.replica.counters.has(counter)) return true;
  // Those that are queued are not counted yet: a burst may pass the limit by one write's worth.
  return counterCount(s.replica) < s.options.limits.countersMax;
}
