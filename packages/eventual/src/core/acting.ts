/**
 * What is done to a counter as a whole: setting it, its settings, its deletion.
 *
 * A1  Acts have records of their own, closed when everything before is applied: so a floor covers
 *     all that this node knows and nothing else (W4), and whether a counter is there is decided by
 *     the same knowledge. One record has one act for a counter.
 * A2  A `set` with a key is a reset and a keyed addition. At two nodes it adds once, and what either
 *     knew counts no longer. If the key became known while it waited, it is answered and not done:
 *     its floor would cover the addition that the others made of it, and nothing would be left.
 *     A creation, settings or a deletion with a key are done at the same node once in the same way;
 *     of several nodes' the first holds (`data/deeds.ts`).
 * A3  Settings are changed on top of those that are known when the record is closed.
 * A4  A node without a place writes no floor: it could cut through keys that others have closed (M3).
 */
import { configOf, existsIn, patched } from "../data/existence.ts";
import { findKey } from "../data/keys.ts";
import { isDelta, isValue } from "../data/limits.ts";
import { floorNow, valueOf } from "../data/values.ts";
import type { Meaning } from "../data/keys.ts";
import type { Control, CounterName, Deed, KeyedOperation } from "../types.ts";
import { acceptKey, hasRoomFor, meaningOfLabels, operationBytes, replay } from "./accepting.ts";
import type { Operation, RefusalReason } from "./door.ts";
import type { AcceptedKey, Act, EventualState, OpenRecord } from "./state.ts";
import { identityOf, refuse, startRecord } from "./state.ts";

type ActOperation = Exclude<Operation, { readonly type: "add" }>;

export function submitAct(s: EventualState, context: number, operation: ActOperation): void {
  if (operation.type === "restore") return restore(s, context, operation);
  const { counter, key } = operation;
  if (operation.type !== "configure" && !s.cluster.placed) return refuse(s, context, "starting");
  if (operation.type === "set") return submitSet(s, context, operation);
  if (key === null) {
    if (!hasRoomFor(s, counter)) return refuse(s, context, "too-many-counters");
    return void enqueueAct(s, { contexts: [context], counter, what: { ...operation, key } });
  }
  const meaning = meaningOf(operation);
  const taken = acceptKey(s, context, { counter, key, meaning });
  if (taken === null) return;
  const { accepted, contexts } = taken;
  enqueueAct(s, { contexts, counter, what: { ...operation, key: accepted } });
}

/** What there is to know of an act besides its key. */
type Wanted =
  | { readonly type: "set"; readonly value: bigint }
  | Pick<Extract<Act["what"], { type: "configure" }>, "type" | "isNew" | "labels">
  | { readonly type: "delete" };

function meaningOf(what: Wanted): Meaning {
  switch (what.type) {
    case "set":
      return { type: "set", delta: what.value, asked: 0 };
    case "configure":
      return meaningOfLabels(what.isNew, what.labels);
    case "delete":
      return { type: "delete", delta: 0n, asked: 0 };
  }
}

function submitSet(
  s: EventualState,
  context: number,
  { counter, value, key }: Extract<Operation, { type: "set" }>,
): void {
  if (!isValue(value)) return refuse(s, context, "value-out-of-range");
  if (key === null) {
    if (!hasRoomFor(s, counter)) return refuse(s, context, "too-many-counters");
    const what = { type: "set", value, key: null } as const;
    enqueueAct(s, { contexts: [context], counter, what });
    return;
  }
  if (!isDelta(value)) return refuse(s, context, "value-out-of-range");
  const meaning = meaningOf({ type: "set", value });
  const taken = acceptKey(s, context, { counter, key, meaning });
  if (taken === null) return;
  const { accepted, contexts } = taken;
  enqueueAct(s, { contexts, counter, what: { type: "set", value, key: accepted } });
}

/** Every counter to its value here, and all others to 0 or not; in as many records as it takes. */
function restore(
  s: EventualState,
  context: number,
  { counters, others }: Extract<Operation, { type: "restore" }>,
): void {
  if (!s.cluster.placed) return refuse(s, context, "starting");
  const sets = new Map(counters);
  for (const name of others === "zeroed" ? s.replica.counters.keys() : []) {
    if (!sets.has(name) && existsIn(s.replica, name)) sets.set(name, 0n);
  }
  const fresh = [...sets.keys()].filter((name) => !s.replica.counters.has(name)).length;
  if (fresh > 0 && s.replica.counters.size + fresh > s.options.limits.countersMax) {
    return refuse(s, context, "too-many-counters");
  }
  if (![...sets.values()].every(isValue)) return refuse(s, context, "value-out-of-range");
  let record: OpenRecord | null = null;
  for (const [counter, value] of sets) {
    const what = { type: "set", value, key: null } as const;
    record = enqueueAct(s, { contexts: [], counter, what }, record);
  }
  (record ?? startRecord(s)).contexts.push(context); // told when all is durable
}

/** @param record - the one to continue, if there is room */
function enqueueAct(
  s: EventualState,
  act: Omit<Act, "previous" | "labels" | "bytes">,
  record: OpenRecord | null = s.queue.at(-1) ?? null,
): OpenRecord {
  const writers = act.what.type === "configure" ? 2 : s.replica.writers.size + 2;
  const keyBytes = act.what.key?.key.length ?? 0;
  const bytes = operationBytes * writers + labelBytes(act) + act.counter.length + keyBytes;
  const isFull = record === null || record.bytes + bytes > s.options.limits.recordMaxBytes;
  const isOther = record === null || record.acts.size === 0 || record.acts.has(act.counter);
  const open = isFull || isOther || record.contexts.length > 0 ? startRecord(s) : record;
  open.acts.set(act.counter, { ...act, bytes, previous: 0n, labels: null });
  open.bytes += bytes;
  s.ownBytes += bytes;
  return open;
}

function labelBytes({ what }: Pick<Act, "what">): number {
  let bytes = 0;
  if (what.type !== "configure") return bytes;
  for (const [name, text] of what.labels ?? []) bytes += name.length + 3 * (text?.length ?? 0);
  return bytes;
}

/** What the acts of a record put into it. */
export interface Performed {
  readonly controls: Control[];
  readonly keyed: KeyedOperation[];
  readonly sums: (readonly [CounterName, bigint])[];
}

/** Decides what each act comes to, now; those that come to nothing are answered and taken out. */
export function performActs(s: EventualState, open: OpenRecord): Performed {
  const performed: Performed = { controls: [], keyed: [], sums: [] };
  refuseActs(s, open, (act) => {
    const { counter, what } = act;
    act.previous = valueOf(s.replica, counter);
    if (what.key !== null) {
      const known = findKey(s.replica, { counter, ...what.key });
      if (known !== null) {
        replay(s, act.contexts, known, meaningOf(what)); // A2
        return "answered";
      }
      if (!isValue(act.previous)) return "value-out-of-range"; // sets that met may come to more
    }
    switch (what.type) {
      case "set":
        return performSet(s, act, { ...what, performed });
      case "configure":
        return performConfigure(s, act, { ...what, performed });
      case "delete":
        return performDelete(s, act, { ...what, performed });
    }
  });
  return performed;
}

function floorOf(
  s: EventualState,
  counter: CounterName,
): Pick<Control & { kind: "reset" }, "counter" | "floor"> {
  return { counter, floor: floorNow(s.replica, counter, null) };
}

/** An act of this type, and where it goes. */
type Performing<Type extends Act["what"]["type"]> = Extract<Act["what"], { type: Type }> & {
  readonly performed: Performed;
};

function performSet(
  s: EventualState,
  { counter, previous }: Act,
  { value, key, performed }: Performing<"set">,
): null {
  performed.controls.push({ kind: "reset", ...floorOf(s, counter) });
  if (key === null) performed.sums.push([counter, value]);
  else performed.keyed.push({ counter, delta: value, ...key, value: previous });
  return null;
}

function performConfigure(
  s: EventualState,
  act: Act,
  { isNew, labels, key, performed }: Performing<"configure">,
): RefusalReason | "answered" | null {
  const { counter } = act;
  const exists = existsIn(s.replica, counter);
  if (isNew === exists) return isNew ? "counter-exists" : "counter-not-found";
  // Who names nothing says nothing, that would be later than what others say.
  if (!isNew && key === null && labels?.size === 0) return answerUnchanged(s, act);
  const config = patched(configOf(s.replica, counter), labels);
  if (config === null) return "too-many-labels";
  act.labels = config.labels;
  const { asked } = meaningOfLabels(isNew, labels);
  performed.controls.push(
    key === null
      ? { kind: "configure", counter, config }
      : deedOf(act, key, { type: "configure", isNew, config, asked }),
  );
  return null;
}

function answerUnchanged(
  s: EventualState,
  { contexts, counter, previous: value }: Act,
): "answered" {
  const { labels } = configOf(s.replica, counter);
  const told = { value, previous: value, labels, replayed: false, writer: "", position: 0 };
  for (const context of contexts) s.outcomes.push({ type: "written", context, ...told });
  return "answered";
}

function performDelete(
  s: EventualState,
  act: Act,
  { key, performed }: Performing<"delete">,
): RefusalReason | null {
  const { counter } = act;
  if (!existsIn(s.replica, counter)) return "counter-not-found";
  const covered = floorOf(s, counter);
  performed.controls.push(
    key === null
      ? { kind: "delete", ...covered }
      : deedOf(act, key, { type: "delete", floor: covered.floor }),
  );
  return null;
}

function deedOf({ counter, previous: value }: Act, key: AcceptedKey, deed: Deed): Control {
  return { kind: "deed", counter, ...key, value, deed };
}

/** Takes those out of a record for which there is a reason: refused, unless they were answered. */
export function refuseActs(
  s: EventualState,
  record: OpenRecord,
  reasonOf: (act: Act) => RefusalReason | "answered" | null,
): void {
  for (const act of record.acts.values()) {
    const reason = reasonOf(act);
    if (reason === null) continue;
    if (reason !== "answered") for (const context of act.contexts) refuse(s, context, reason);
    forgetAct(s, act);
    record.acts.delete(act.counter);
    record.bytes -= act.bytes;
    s.ownBytes -= act.bytes;
  }
}

/** The key of an act is free, or known. */
export function forgetAct(s: EventualState, { counter, what }: Act): void {
  if (what.key !== null) s.pendingKeys.delete(identityOf(counter, what.key.key));
}
