/** Whether an operation may join a record: its key, and room for its counter. */
import { findKey, keyCount } from "../data/keys.ts";
import type { KnownOperation } from "../data/keys.ts";
import { keyTime } from "../data/record-codec.ts";
import { counterCount } from "../data/values.ts";
import type { CounterName } from "../types.ts";
import type { AcceptedKey, EventualState } from "./state.ts";
import { identityOf, refuse } from "./state.ts";

/** What an operation is reckoned as, besides the characters of its names. */
export const operationBytes = 40;

/** A keyed addition, or `set`, that somebody wants. */
export interface WantedOperation {
  readonly counter: CounterName;
  readonly delta: bigint;
  readonly key: string;
  readonly isSet: boolean;
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
  const { counter, delta, key, isSet } = wanted;
  const pending = s.pendingKeys.get(identityOf(counter, key));
  if (pending !== undefined) {
    const isSame = pending.delta === delta && pending.isSet === isSet;
    if (isSame)
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
    replay(s, [context], known, wanted);
    return null;
  }
  if (!s.cluster.placed) return refused("starting");
  if (at < s.promisedBefore) return refused("key-expired");
  if (issued !== null && issued > s.wallMs + keyWindowMs) return refused("key-in-future");
  const keys = keyCount(s.replica) + s.pendingKeys.size;
  if (keys >= s.options.limits.keysMax) return refused("too-many-keys");
  if (!hasRoomFor(s, counter)) return refused("too-many-counters");
  const contexts = [context];
  s.pendingKeys.set(identityOf(counter, key), { contexts, delta, isSet });
  const until = issued === null ? at + keyWindowMs : issued + 1;
  return { accepted: { key, at, until }, contexts };
}

/** Answers as the first attempt was answered. */
export function replay(
  s: EventualState,
  contexts: readonly number[],
  known: KnownOperation,
  { delta, isSet }: Pick<WantedOperation, "delta" | "isSet">,
): void {
  const isSame = known.delta === delta && known.isSet === isSet;
  const value = isSet ? delta : known.value;
  const previous = isSet ? known.value : known.value - delta;
  const writer = s.phase.kind === "writing" ? s.phase.writer : "";
  for (const context of contexts) {
    if (!isSame) refuse(s, context, "key-reused");
    // Retries may have put it into several records: everything known here has them all.
    else
      s.outcomes.push({
        ...{ type: "written", context, value, previous, replayed: true, writer, position: 0 },
      });
  }
}

export function hasRoomFor(s: EventualState, counter: CounterName): boolean {
  if (s.replica.counters.has(counter)) return true;
  // Those that are queued are not counted yet: a burst may pass the limit by one write's worth.
  return counterCount(s.replica) < s.options.limits.countersMax;
}
