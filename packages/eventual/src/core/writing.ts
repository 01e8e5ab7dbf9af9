/**
 * Our own records: from operations to a durable record (eventual.md of the docs, "Writing").
 *
 * W1  Operations that arrive while a write is out share the next record.
 * W2  A record is applied, answered and sent only when it is durable.
 * W3  A known key is answered, not counted; a key that may have been forgotten is refused.
 * W4  A `set` is a record of its own, closed when everything before it is applied: its floor then
 *     covers all that this node knows and nothing else.
 */
import { chainHash } from "../data/chain.ts";
import { invariant } from "../data/errors.ts";
import { findKey, keyCount } from "../data/keys.ts";
import { isDelta, isValue } from "../data/limits.ts";
import { encodeRecord, keyTime } from "../data/record-codec.ts";
import { counterCount, counterNames, floorNow, valueOf } from "../data/values.ts";
import type {
  Control,
  CounterName,
  KeyedOperation,
  PlainOperation,
  RecordBody,
  WriterId,
} from "../types.ts";
import type { Operation, RefusalReason } from "./door.ts";
import { applyChained } from "./applying.ts";
import { encodeEntry } from "./journal-entry.ts";
import { vectorKnown } from "./promising.ts";
import type { EventualState, OpenRecord, OwnRecord, Waiting } from "./state.ts";
import { identityOf, openRecord, refuse, stagedHead, startRecord } from "./state.ts";

/** What an operation is reckoned as, besides the characters of its names. */
const operationBytes = 40;

export function submit(s: EventualState, context: number, operation: Operation): void {
  if (s.leaving !== null || s.removed) return refuse(s, context, "leaving");
  if (s.ownBytes >= s.options.limits.pendingMaxBytes) return refuse(s, context, "overloaded");
  switch (operation.type) {
    case "add":
      if (!isDelta(operation.delta)) return refuse(s, context, "value-out-of-range");
      return operation.key === null
        ? addPlain(s, context, operation)
        : addKeyed(s, context, { ...operation, key: operation.key });
    case "set":
      if (!hasRoomFor(s, operation.counter)) return refuse(s, context, "too-many-counters");
      return setAll(s, context, [[operation.counter, operation.value]]);
    case "restore":
      return restore(s, context, operation.counters);
  }
}

interface Addition {
  readonly counter: CounterName;
  readonly delta: bigint;
}

function addPlain(s: EventualState, context: number, { counter, delta }: Addition): void {
  if (!hasRoomFor(s, counter)) return refuse(s, context, "too-many-counters");
  enqueue(s, { contexts: [context], counter, delta, key: null, value: 0n });
}

function addKeyed(s: EventualState, context: number, wanted: Addition & { key: string }): void {
  const { counter, delta, key } = wanted;
  const pending = s.pendingKeys.get(identityOf(counter, key));
  if (pending !== undefined) {
    if (pending.delta !== delta) return refuse(s, context, "key-reused");
    pending.contexts.push(context); // answered with the first of them
    return;
  }
  const issued = keyTime(key);
  const { keyWindowMs } = s.options.timing;
  const at = issued ?? Math.max(s.wallMs, s.promisedBefore);
  const known = findKey(s.replica, { counter, key, at });
  if (known !== null) return replay(s, context, known, delta);
  if (!s.cluster.placed) return refuse(s, context, "starting");
  if (at < s.promisedBefore) return refuse(s, context, "key-expired");
  if (issued !== null && issued > s.wallMs + keyWindowMs)
    return refuse(s, context, "key-in-future");
  const keys = keyCount(s.replica) + s.pendingKeys.size;
  if (keys >= s.options.limits.keysMax) return refuse(s, context, "too-many-keys");
  if (!hasRoomFor(s, counter)) return refuse(s, context, "too-many-counters");
  const until = issued === null ? at + keyWindowMs : issued + 1;
  const waiting: Waiting = {
    contexts: [context],
    counter,
    delta,
    key: { key, at, until },
    value: 0n,
  };
  s.pendingKeys.set(identityOf(counter, key), waiting);
  enqueue(s, waiting);
}

/**
 * A new writer begins with a promise, and perhaps without a place: keys that were accepted before
 * it would come after its promise, in the records that nobody expects them in any more.
 */
export function refuseQueuedKeys(s: EventualState): void {
  const { placed } = s.cluster;
  for (const record of s.queue) {
    refuseWaiting(s, record, ({ key }) => {
      if (key === null || (placed && key.at >= s.promisedBefore)) return null;
      // A key without a time of its own can be tried again: it gets a later one.
      return placed && keyTime(key.key) !== null ? "key-expired" : "starting";
    });
  }
}

/** Takes those out of a record for which there is a reason. */
function refuseWaiting(
  s: EventualState,
  record: OpenRecord,
  reasonOf: (waiting: Waiting) => RefusalReason | null,
): void {
  const staying = record.waiting.filter((waiting) => {
    const reason = reasonOf(waiting);
    if (reason === null) return true;
    for (const context of waiting.contexts) refuse(s, context, reason);
    if (waiting.key !== null) s.pendingKeys.delete(identityOf(waiting.counter, waiting.key.key));
    const bytes = bytesOf(waiting);
    record.bytes -= bytes;
    s.ownBytes -= bytes;
    return false;
  });
  record.waiting.splice(0, record.waiting.length, ...staying);
}

function replay(s: EventualState, context: number, known: KeyedOperation, delta: bigint): void {
  if (known.delta !== delta) return refuse(s, context, "key-reused");
  const { value } = known;
  const writer = s.phase.kind === "writing" ? s.phase.writer : "";
  // Retries may have put it into several records: everything known here has them all.
  s.outcomes.push({ type: "written", context, value, replayed: true, writer, position: 0 });
}

function hasRoomFor(s: EventualState, counter: CounterName): boolean {
  if (s.replica.counters.has(counter)) return true;
  // Those that are queued are not counted yet: a burst may pass the limit by one write's worth.
  return counterCount(s.replica) < s.options.limits.countersMax;
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

/** Every counter to its value here, and all others to 0; in as many records as it takes. */
function restore(
  s: EventualState,
  context: number,
  counters: ReadonlyMap<CounterName, bigint>,
): void {
  const sets = new Map(counters);
  for (const name of counterNames(s.replica)) if (!sets.has(name)) sets.set(name, 0n);
  if (sets.size > s.options.limits.countersMax) return refuse(s, context, "too-many-counters");
  setAll(s, context, [...sets]);
}

function setAll(
  s: EventualState,
  context: number,
  sets: readonly (readonly [CounterName, bigint])[],
): void {
  // A floor of one who has no place yet could cut through keys that others have closed (M3).
  if (!s.cluster.placed) return refuse(s, context, "starting");
  if (sets.length === 0) return void startRecord(s).contexts.push(context);
  if (!sets.every(([, value]) => isValue(value))) return refuse(s, context, "value-out-of-range");
  const writers = s.replica.writers.size + 2;
  const bytesEach = operationBytes * writers;
  const perRecord = Math.max(1, Math.floor(s.options.limits.recordMaxBytes / bytesEach));
  for (let at = 0; at < sets.length; at += perRecord) {
    const record = startRecord(s);
    record.sets.push(...sets.slice(at, at + perRecord));
    record.bytes = record.sets.length * bytesEach;
    s.ownBytes += record.bytes;
    if (at + perRecord >= sets.length) record.contexts.push(context); // told when all is durable
  }
}

/** Closes the first record of the queue; `null` if there is none, or no writer yet. */
export function closeRecord(s: EventualState): OwnRecord | null {
  if (s.phase.kind !== "writing") return null;
  // What a set covers must be what the vector says (W4), and it is not while a snapshot is taken in.
  if (s.staging?.order != null && (s.queue[0]?.sets.length ?? 0) > 0) return null;
  const [open] = s.queue;
  if (open === undefined || isTooEarly(s, open)) return null;
  s.queue.shift();
  const { writer } = s.phase;
  const before = stagedHead(s, writer);
  invariant(
    before.position === (s.replica.writers.get(writer)?.position ?? 0),
    "one own record is written at a time",
  );
  const body = bodyOf(s, writer, open);
  const bytes = encodeRecord(body);
  const head = { writer, position: before.position + 1, hash: chainHash(before.hash, bytes) };
  s.staged.set(writer, head);
  s.facts.push(encodeEntry({ kind: "record", writer, position: head.position, bytes }));
  return { open, head, bytes, body };
}

/**
 * A promise confirms the ends of writers (`data/rounds.ts`) by how far it knows them. More of one
 * that ended may be on its way to the disk, taken before the end was known: that comes first.
 */
function isTooEarly(s: EventualState, open: OpenRecord): boolean {
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
    const { counter, delta } = waiting;
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
  for (const [counter, value] of open.sets) {
    controls.push({ kind: "reset", counter, floor: floorNow(s.replica, counter, null) });
    add(counter, value);
  }
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
  const tell = (context: number, value: bigint, replayed: boolean): void => {
    s.outcomes.push({ type: "written", context, value, replayed, writer, position });
  };
  for (const { contexts, counter, key, value } of open.waiting) {
    if (key !== null) s.pendingKeys.delete(identityOf(counter, key.key));
    for (const [at, context] of contexts.entries()) tell(context, value, at > 0);
  }
  const [set] = open.sets;
  for (const context of open.contexts) tell(context, set === undefined ? 0n : set[1], false);
}
