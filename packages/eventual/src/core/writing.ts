/**
 * Our own records: from operations to a durable record (eventual.md of the docs, "Writing").
 *
 * W1  Operations that arrive while a write is out share the next record.
 * W2  A record is applied, answered and sent only when it is durable.
 * W3  A known key is answered, not counted, also when it became known while the operation waited;
 *     a key that may have been forgotten is refused.
 * W4  What is done to counters as a whole has records of its own: `acting.ts`.
 */
import { chainHash } from "../data/chain.ts";
import { invariant } from "../data/errors.ts";
import { findKey } from "../data/keys.ts";
import type { Meaning } from "../data/keys.ts";
import { isDelta, isValue } from "../data/limits.ts";
import { keyTime } from "../data/key-codec.ts";
import { encodeRecord } from "../data/record-codec.ts";
import { valueOf } from "../data/values.ts";
import type {
  Control,
  CounterName,
  KeyedOperation,
  PlainOperation,
  RecordBody,
  WriterId,
} from "../types.ts";
import { acceptKey, hasRoomFor, operationBytes, replay } from "./accepting.ts";
import { forgetAct, performActs, refuseActs, submitAct } from "./acting.ts";
import { applyChained } from "./applying.ts";
import type { Operation, RefusalReason } from "./door.ts";
import { encodeEntry } from "./journal-entry.ts";
import { vectorKnown } from "./promising.ts";
import type {
  AcceptedKey,
  Act,
  EventualState,
  OpenRecord,
  OwnRecord,
  Told,
  Waiting,
} from "./state.ts";
import { identityOf, openRecord, refuse, stagedHead } from "./state.ts";

export function submit(s: EventualState, context: number, operation: Operation): void {
  if (s.leaving !== null || s.removed) return refuse(s, context, "leaving");
  if (s.ownBytes >= s.options.limits.pendingMaxBytes) return refuse(s, context, "overloaded");
  if (operation.type !== "add") return submitAct(s, context, operation);
  const { counter, delta, key } = operation;
  if (!isDelta(delta)) return refuse(s, context, "value-out-of-range");
  if (key === null) {
    if (!hasRoomFor(s, counter)) return refuse(s, context, "too-many-counters");
    return enqueue(s, { contexts: [context], counter, delta, key: null, value: 0n });
  }
  const taken = acceptKey(s, context, { counter, key, meaning: additionOf(delta) });
  if (taken === null) return;
  enqueue(s, { contexts: taken.contexts, counter, delta, key: taken.accepted, value: 0n });
}

function additionOf(delta: bigint): Meaning {
  return { type: "add", delta, asked: 0 };
}

/**
 * A new writer begins with a promise, and perhaps without a place: keys that were accepted before
 * it would come after its promise, in the records that nobody expects them in any more.
 */
export function refuseQueuedKeys(s: EventualState): void {
  const { placed } = s.cluster;
  const reasonOf = (key: AcceptedKey | null): RefusalReason | null => {
    if (key === null || (placed && key.at >= s.promisedBefore)) return null;
    // A key without a time of its own can be tried again: it gets a later one.
    return placed && keyTime(key.key) !== null ? "key-expired" : "starting";
  };
  for (const record of s.queue) {
    refuseWaiting(s, record, ({ key }) => reasonOf(key));
    refuseActs(s, record, ({ what }) => reasonOf(what.key));
  }
}

/** Takes those out of a record for which there is a reason, and those that are answered. */
function refuseWaiting(
  s: EventualState,
  record: OpenRecord,
  reasonOf: (waiting: Waiting) => RefusalReason | "answered" | null,
): void {
  const staying = record.waiting.filter((waiting) => {
    const reason = reasonOf(waiting);
    if (reason === null) return true;
    if (reason !== "answered") for (const context of waiting.contexts) refuse(s, context, reason);
    if (waiting.key !== null) s.pendingKeys.delete(identityOf(waiting.counter, waiting.key.key));
    const bytes = bytesOf(waiting);
    record.bytes -= bytes;
    s.ownBytes -= bytes;
    return false;
  });
  record.waiting.splice(0, record.waiting.length, ...staying);
}

function enqueue(s: EventualState, waiting: Waiting): void {
  const bytes = bytesOf(waiting);
  const record = openRecord(s, bytes);
  record.waiting.push(waiting);
  record.bytes += bytes;
  s.ownBytes += bytes;
}

function bytesOf({ counter, key }: Waiting): number {
  return operationBytes + counter.length + (key?.key.length ?? 0);
}

/** Closes the first record of the queue; `null` if there is none, or no writer yet. */
export function closeRecord(s: EventualState): OwnRecord | null {
  if (s.phase.kind !== "writing") return null;
  const { writer } = s.phase;
  for (;;) {
    const [open] = s.queue;
    if (open === undefined || isTooEarly(s, open)) return null;
    s.queue.shift();
    const before = stagedHead(s, writer);
    invariant(
      before.position === (s.replica.writers.get(writer)?.position ?? 0),
      "one own record is written at a time",
    );
    const body = bodyOf(s, writer, open);
    // Everything in it was refused or answered: nobody waits for a write.
    if (isEmpty(body) && open.contexts.length === 0) continue;
    const bytes = encodeRecord(body);
    const head = { writer, position: before.position + 1, hash: chainHash(before.hash, bytes) };
    s.staged.set(writer, head);
    s.facts.push(encodeEntry({ kind: "record", writer, position: head.position, bytes }));
    return { open, head, bytes, body };
  }
}

function isEmpty({ controls, plain, keyed }: RecordBody): boolean {
  return controls.length + plain.length + keyed.length === 0;
}

/**
 * A promise confirms the ends of writers (`data/rounds.ts`) by how far it knows them. More of one
 * that ended may be on its way to the disk, taken before the end was known: that comes first.
 */
function isTooEarly(s: EventualState, open: OpenRecord): boolean {
  // What a floor covers must be what the vector says, and it is not while a snapshot is taken in.
  if (open.acts.size > 0 && s.staging?.order != null) return true;
  if (!open.controls.some(({ kind }) => kind === "promise")) return false;
  if (s.staging?.order != null) return true;
  return s.incoming.some((item) => {
    if (item.kind !== "records") return true;
    const state = s.replica.writers.get(item.writer);
    const birth = item.records[0]?.body.controls.find((control) => control.kind === "born");
    const owner = state?.owner ?? birth?.node;
    const isRemoved = owner !== undefined && s.replica.members.get(owner)?.status === "removed";
    return isRemoved || state?.sealedAt != null || s.replica.earlySeals.has(item.writer);
  });
}

function bodyOf(s: EventualState, writer: WriterId, open: OpenRecord): RecordBody {
  const running = new Map<CounterName, bigint>();
  const sums = new Map<CounterName, { plus: bigint; minus: bigint }>();
  const keyed: KeyedOperation[] = [];
  const add = (counter: CounterName, delta: bigint): void => {
    let sum = sums.get(counter);
    if (sum === undefined) sums.set(counter, (sum = { plus: 0n, minus: 0n }));
    if (delta < 0n) sum.minus -= delta;
    else sum.plus += delta;
  };
  refuseWaiting(s, open, (waiting) => {
    const { contexts, counter, delta, key } = waiting;
    const known = key === null ? null : findKey(s.replica, { counter, ...key });
    if (known !== null) {
      replay(s, contexts, known, additionOf(delta)); // W3
      return "answered";
    }
    const value = (running.get(counter) ?? valueOf(s.replica, counter)) + delta;
    if (!isValue(value)) return "value-out-of-range";
    waiting.value = value;
    running.set(counter, value);
    return null;
  });
  for (const { counter, delta, key, value } of open.waiting) {
    if (key === null) add(counter, delta);
    else keyed.push({ counter, delta, ...key, value });
  }
  const controls = open.controls.map((item): Control => {
    // What we know is said of now, not of when the promise was queued: `membership.ts`, M3.
    return item.kind === "promise" ? { ...item, known: vectorKnown(s, writer) } : item;
  });
  const performed = performActs(s, open);
  controls.push(...performed.controls);
  keyed.push(...performed.keyed);
  for (const [counter, value] of performed.sums) add(counter, value);
  const plain: PlainOperation[] = [...sums].map(([counter, sum]) => ({ counter, ...sum }));
  // A time at the end of all numbers can only be a mistake of somebody; it must not stop us.
  const hlc = Math.min(Math.max(s.wallMs, s.replica.hlc + 1), Number.MAX_SAFE_INTEGER);
  return { hlc, controls, plain, keyed };
}

/** Our record is on the disk: it counts, and whoever waited is told. */
export function applyOwn(s: EventualState, { open, head, bytes, body }: OwnRecord): void {
  const { writer, position } = head;
  applyChained(s, head, { bytes, body });
  s.ownBytes -= open.bytes;
  const tell = (contexts: readonly number[], told: Told): void => {
    for (const [at, context] of contexts.entries()) {
      const replayed = at > 0;
      s.outcomes.push({
        ...{ type: "written", context, ...told, replayed, writer, position },
      });
    }
  };
  for (const { contexts, counter, key, value, delta } of open.waiting) {
    if (key !== null) s.pendingKeys.delete(identityOf(counter, key.key));
    tell(contexts, { value, previous: value - delta, labels: null });
  }
  for (const act of open.acts.values()) {
    forgetAct(s, act);
    tell(act.contexts, { value: valueAfter(act), previous: act.previous, labels: act.labels });
  }
  for (const context of open.contexts) tell([context], { value: 0n, previous: 0n, labels: null });
}

function valueAfter({ what, previous }: Act): bigint {
  if (what.type === "set") return what.value;
  return what.type === "delete" ? 0n : previous;
}
