/**
 * Doing an operation once under its key, and a group as a whole.
 *
 * M2  A key that is known is answered from the table and never applied (`replayed`), also after
 *     a restore, a snapshot or a change of leader.
 * M3  Stored under a key is what would be the answer for ever after: results, and refusals because
 *     of how the counter was. The other refusals speak of the moment: nothing was applied, and the
 *     same request may well succeed later. Whoever was told "refused" can rely on it: no late
 *     repetition of the request is done after all.
 * M4  A group is done as a whole or not at all, and its keys are known all together or not at all.
 */
import { latin1 } from "./bytes.ts";
import { CounterDraft } from "./counter-draft.ts";
import { perform } from "./counter-rules.ts";
import type { Moment } from "./counter-writing.ts";
import { keyReused, tooManyKeys, isForGood } from "./refusals.ts";
import type { KeyRecord, KeyTable } from "./key-table.ts";
import type { CounterOperation, GroupOperation, OperationKey } from "./operations.ts";
import type { GroupDone, OperationDone, OperationRefused, SingleResult } from "./results.ts";
import type { MachineState } from "./snapshot-format.ts";

/** When an operation is done, and what its command says of keys. */
export interface KeyedMoment extends Moment {
  readonly keysMax: number;
  readonly keyWindowMs: number;
}

/** What stands under the key of this request already: its answer, or that it is another one's. */
export function knownAnswer(
  keys: KeyTable,
  { scope, key }: { readonly scope: string; readonly key: OperationKey },
  at: Pick<KeyedMoment, "logTimeMs">,
): SingleResult | null {
  const known = keys.find(`${scope} ${key.key}`, at.logTimeMs);
  if (known === null) return null;
  if (known.fingerprint !== latin1(key.fingerprint)) return keyReused;
  return { ...known.answer, replayed: true };
}

/** @param scope - the name of the counter; nothing for a restore */
export function once(
  keys: KeyTable,
  { scope, key }: { readonly scope: string; readonly key: OperationKey },
  at: KeyedMoment,
  apply: () => SingleResult,
): SingleResult {
  const known = knownAnswer(keys, { scope, key }, at);
  if (known !== null) return known;
  if (keys.size >= at.keysMax) return tooManyKeys;
  const answer = apply();
  if (answer.status === "ok" || isForGood(answer)) {
    const fingerprint = latin1(key.fingerprint);
    const expiresAt = at.logTimeMs + at.keyWindowMs;
    keys.add({ id: `${scope} ${key.key}`, fingerprint, expiresAt, answer });
  }
  return answer;
}

/** Does a group, or replays it; a refusal says because of which operation (M4). */
export function performGroup(
  { counters, keys }: MachineState,
  { operations }: GroupOperation,
  at: KeyedMoment,
): GroupDone | OperationRefused {
  const known = operations.map(({ counter, key }) => {
    return key === null ? null : keys.find(`${counter} ${key.key}`, at.logTimeMs);
  });
  if (known.some((record) => record !== null)) return replay(operations, known);
  const keyed = operations[0]?.key === null ? 0 : operations.length;
  if (keyed > 0 && keys.size + keyed > at.keysMax) return { ...tooManyKeys, index: 0 };
  const draft = new CounterDraft(counters);
  const answer = performAll(draft, operations, at);
  if (answer.status === "group") draft.commit();
  else if (!isForGood(answer)) return answer;
  if (keyed > 0) remember(keys, operations, answer, at);
  return answer;
}

/** Each on what those before it left. */
export function performAll(
  draft: CounterDraft,
  operations: readonly CounterOperation[],
  at: Moment,
): GroupDone | OperationRefused {
  const results: OperationDone[] = [];
  let { revision } = at;
  for (const [index, operation] of operations.entries()) {
    const result = perform(draft, operation, { ...at, revision });
    if (result.status === "refused") return { ...result, index };
    revision = Math.max(revision, result.revision);
    results.push(result);
  }
  return { status: "group", replayed: false, results };
}

function replay(
  operations: readonly CounterOperation[],
  known: readonly (KeyRecord | null)[],
): GroupDone | OperationRefused {
  const results: OperationDone[] = [];
  let refusal: OperationRefused | null = null;
  for (const [index, { key }] of operations.entries()) {
    const record = known[index] ?? null;
    if (record === null || key === null || record.fingerprint !== latin1(key.fingerprint)) {
      return { ...keyReused, index };
    }
    const { answer } = record;
    if (answer.status === "ok") results.push({ ...answer, replayed: true });
    else refusal ??= { ...answer, index: answer.index ?? index, replayed: true };
  }
  return refusal ?? { status: "group", replayed: true, results };
}

function remember(
  keys: KeyTable,
  operations: readonly CounterOperation[],
  answer: GroupDone | OperationRefused,
  at: KeyedMoment,
): void {
  const expiresAt = at.logTimeMs + at.keyWindowMs;
  for (const [index, { counter, key }] of operations.entries()) {
    if (key === null) continue;
    const own = answer.status === "group" ? answer.results[index]! : answer;
    const fingerprint = latin1(key.fingerprint);
    keys.add({ id: `${counter} ${key.key}`, fingerprint, expiresAt, answer: own });
  }
}
