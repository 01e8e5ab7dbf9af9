/** From durable to known: records and pieces change the replica here and nowhere else. */
import { applyRecord } from "../data/applying.ts";
import { mergePiece } from "../data/pieces.ts";
import { headOf } from "../data/replica.ts";
import type { Head, Position, RecordBody, WriterId } from "../types.ts";
import { noteAll, noteRecord } from "./changes.ts";
import { RetainedLog } from "./retained-log.ts";
import { lengthen } from "./snapshot-part.ts";
import type { EventualState, Incoming } from "./state.ts";
import { logOf } from "./state.ts";

export interface EncodedRecord {
  readonly bytes: Uint8Array;
  readonly body: RecordBody;
}

/** Applies the next record of a writer, or nothing if it was known already, and keeps it for peers. */
export function applyChained(s: EventualState, head: Head, { bytes, body }: EncodedRecord): void {
  const { writer, position, hash } = head;
  const before = headOf(s.replica, writer);
  if (position <= before.position) return; // a snapshot overtook it
  for (const { tail } of s.transfersOut.values()) {
    const mostBytes = s.options.limits.pendingMaxBytes;
    lengthen(tail, { writer, position, previous: before.hash, bytes, mostBytes });
  }
  logOf(s, writer).append(bytes, hash); // first: a new log begins where the replica is
  s.retainedBytes += bytes.length;
  const { conflicts } = applyRecord(s.replica, head, body);
  s.recent.add(writer, position, body);
  noteRecord(s, body);
  for (const conflict of conflicts) s.notes.push({ type: "conflict", ...conflict });
  for (const item of body.controls) {
    if (item.kind === "member") s.notes.push({ type: "member", member: item.member });
  }
}

export function applyRecords(
  s: EventualState,
  incoming: Extract<Incoming, { kind: "records" }>,
): void {
  const { writer } = incoming;
  for (const [at, { hash, ...record }] of incoming.records.entries()) {
    applyChained(s, { writer, position: incoming.from + at, hash }, record);
  }
  const staged = s.staged.get(writer);
  if (staged !== undefined && staged.position <= headOf(s.replica, writer).position) {
    s.staged.delete(writer);
  }
}

/** Joins a piece of a snapshot. The last one moves the heads, past records that we never had. */
export function applyPiece(s: EventualState, bytes: Uint8Array): void {
  noteAll(s);
  for (const { writer, position, hash } of mergePiece(s.replica, bytes)) {
    for (const { tail } of s.transfersOut.values()) tail.isBroken = true;
    forget(s, writer);
    s.logs.set(writer, new RetainedLog(writer, position, hash));
    const staged = s.staged.get(writer);
    if (staged !== undefined && staged.position <= position) s.staged.delete(writer);
  }
}

function forget(s: EventualState, writer: WriterId): void {
  s.retainedBytes -= s.logs.get(writer)?.bytes ?? 0;
  s.logs.delete(writer);
}

/** Drops what every peer has, and the oldest of what is more than may be kept. */
export function trimLogs(s: EventualState): void {
  for (const log of s.logs.values()) {
    drop(s, log, ackedByAll(s, log.writer));
  }
  capLogs(s);
}

function drop(s: EventualState, log: RetainedLog, position: Position): void {
  const before = log.bytes;
  log.dropThrough(position);
  s.retainedBytes += log.bytes - before;
}

/** A node without peers keeps a little for the first one that will come: this part of the limit. */
const aloneFraction = 64;

/** The largest log loses its older half, until all together are within their limit. */
export function capLogs(s: EventualState): void {
  const isAlone = s.peers.size === 0;
  const mostBytes = s.options.limits.retainedMaxBytes / (isAlone ? aloneFraction : 1);
  while (s.retainedBytes > mostBytes) {
    let largest: RetainedLog | null = null;
    for (const log of s.logs.values()) if (log.bytes > (largest?.bytes ?? 0)) largest = log;
    if (largest === null) return;
    drop(s, largest, largest.first + ((largest.last - largest.first) >> 1));
  }
}

/** The position of this writer that every other node is known to have. */
function ackedByAll(s: EventualState, writer: WriterId): number {
  if (s.peers.size === 0) return 0;
  let least = headOf(s.replica, writer).position;
  for (const peer of s.peers.values()) {
    if (peer.node !== s.options.node) least = Math.min(least, peer.heads?.get(writer) ?? 0);
  }
  return least;
}
