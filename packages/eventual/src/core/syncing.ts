/**
 * How records travel: pushes of our own, and syncs that repair whatever a push did not bring.
 *
 * Y1  Our own new records are pushed to every peer that is up, one push at a time, each going on
 *     where the peer's acknowledged head ends. Nobody passes a pushed record on.
 * Y2  A sync is push-pull on one connection: "this is what I have" – "this is what you lack, and
 *     what I have" – "this is what you lacked". So it works also where only one side can dial.
 * Y3  What is not kept as records any more travels as a snapshot: `transferring.ts`.
 * Y4  One request of each type is out to a peer; a failed one is followed by a check or a later sync.
 */
import { headOf } from "../data/replica.ts";
import type { Reply } from "../messages.ts";
import type { Head, NodeId, Position, RecordRange, WriterId } from "../types.ts";
import type { Peer } from "./peer-state.ts";
import type { EventualState, Exchange } from "./state.ts";
import { answer, ask, stagedHead } from "./state.ts";
import { takeRange } from "./receiving.ts";
import { isAlias } from "./aliases.ts";
import { headsOf, lastStagedWrite } from "./begin-sync.ts";
import { startTransfer } from "./transferring.ts";

export function ownHead(s: EventualState): Head | null {
  return s.phase.kind === "writing" ? headOf(s.replica, s.phase.writer) : null;
}

/** What is on our disk of these writers. */
export function headsFor(s: EventualState, writers: readonly WriterId[]): Head[] {
  return writers.map((writer) => headOf(s.replica, writer));
}

/** Y1. */
export function pushAll(s: EventualState): void {
  const own = ownHead(s);
  if (own === null) return;
  for (const peer of s.peers.values()) push(s, peer, own);
}

function push(s: EventualState, peer: Peer, own: Head): void {
  if (!peer.up || peer.pushing !== null || peer.heads === null) return;
  if (s.tick < peer.holdTick || peer.node === s.options.node || isAlias(s, peer)) return;
  const acked = peer.heads.get(own.writer) ?? 0;
  if (acked >= own.position) return;
  const range = s.logs.get(own.writer)?.range(acked + 1, limitsOf(s)) ?? null;
  if (range === null) return; // not kept any more: the peer finds out by a sync
  peer.pushedFrom = acked + 1;
  peer.pushing = ask(s, peer.address, { type: "push", ranges: [range] });
}

function limitsOf(s: EventualState): { bytes: number; records: number } {
  const { messageMaxBytes, messageMaxRecords } = s.options.limits;
  return { bytes: messageMaxBytes, records: messageMaxRecords };
}

/**
 * Somebody wants to know what it lacks. It may be about to resume its writer on our word, so we
 * first wait for what is on its way to our disk.
 */
export function onSync(s: EventualState, asked: AskedSync, heads: readonly Head[]): void {
  const write = lastStagedWrite(s);
  if (write === 0) return answerSync(s, asked, heads);
  const about = { type: "delta", node: asked.node, heads } as const;
  s.held.push({ exchange: asked.exchange, about, write });
}

interface AskedSync {
  readonly exchange: number;
  readonly node: NodeId;
}

export function answerSync(
  s: EventualState,
  { exchange, node }: AskedSync,
  theirs: readonly Head[],
): void {
  const known = new Map(theirs.map(({ writer, position }) => [writer, position]));
  // What it has acknowledged since it asked may have been dropped here since.
  for (const peer of s.peers.values()) {
    if (peer.node !== node || peer.heads === null) continue;
    for (const [writer, position] of peer.heads) {
      if (position > (known.get(writer) ?? 0)) known.set(writer, position);
    }
  }
  let budget = limitsOf(s);
  const ranges: RecordRange[] = [];
  let more = false;
  let snapshot = false;
  for (const { writer, position } of headsOf(s)) {
    const has = known.get(writer) ?? 0;
    if (has >= position) continue;
    const log = s.logs.get(writer);
    if (log === undefined || log.hashAt(has) === null) {
      snapshot = true;
      continue;
    }
    if (budget.records <= 0 || (budget.bytes <= 0 && ranges.length > 0)) {
      more = true;
      continue;
    }
    const range = log.range(has + 1, budget);
    if (range === null) continue;
    ranges.push(range);
    budget = spend(budget, range);
    if (range.from + range.records.length - 1 < position) more = true;
  }
  const body: Reply = {
    type: "delta",
    heads: headsOf(s),
    ranges,
    more: more && !snapshot,
    snapshot,
  };
  answer(s, exchange, body);
}

function spend(
  budget: { readonly bytes: number; readonly records: number },
  { records }: RecordRange,
): { bytes: number; records: number } {
  const bytes = records.reduce((sum, record) => sum + record.length, 0);
  return { bytes: budget.bytes - bytes, records: budget.records - records.length };
}

/** R2, where no record travels that would show it: both have the same number of other records. */
function noteForks(s: EventualState, peer: Peer, heads: readonly Head[]): void {
  for (const { writer, position, hash } of heads) {
    const own = headOf(s.replica, writer);
    if (own.position !== position || own.hash === hash) continue;
    s.notes.push({ type: "fork", peer: peer.address, writer });
  }
}

/** The second leg of our sync has come. */
export function onDelta(
  s: EventualState,
  peer: Peer,
  delta: Extract<Reply, { type: "delta" }>,
  exchange: Pick<Exchange, "round" | "welcoming">,
): void {
  learnHeads(peer, delta.heads);
  noteForks(s, peer, delta.heads);
  let records = 0;
  let bytes = 0;
  let isHindered = false;
  for (const range of delta.ranges) {
    const before = stagedHead(s, range.writer).position;
    const problem = takeRange(s, range, peer.node);
    if (problem !== null) {
      if (problem.code === "fork")
        s.notes.push({ type: "fork", peer: peer.address, writer: range.writer });
      else s.notes.push({ type: "refusedTo", peer: peer.address, why: problem });
      isHindered = true;
      continue;
    }
    const taken = stagedHead(s, range.writer).position - before;
    records += taken; // a push may have brought the others already
    const known = Math.max(0, before + 1 - range.from);
    for (const record of range.records.slice(known, known + taken)) bytes += record.length;
  }
  if (records > 0) {
    s.notes.push({ type: "replayed", peer: peer.address, direction: "in", records, bytes });
  }
  if (delta.snapshot) startTransfer(s, peer);
  else if (isHindered)
    peer.settled = true; // the next sync tries again
  else if (delta.more) peer.syncAgain = true;
  else s.synced.push({ ...exchange, peer: peer.address, write: lastStagedWrite(s) });
  fill(s, peer);
}

/** Ends the syncs of which everything is on the disk. */
export function settleSyncs(s: EventualState, write: number): void {
  for (let at = s.synced.length - 1; at >= 0; at -= 1) {
    const sync = s.synced[at]!;
    if (sync.write > write) continue;
    s.synced.splice(at, 1);
    const peer = s.peers.get(sync.peer);
    if (peer === undefined) continue;
    peer.syncedRound = Math.max(peer.syncedRound, sync.round);
    peer.settled = true;
    peer.welcomed = sync.welcoming ?? peer.welcomed;
  }
}

/** Y2, the third leg: everything the peer lacks, of any writer. Goes on with each answer. */
export function fill(s: EventualState, peer: Peer): void {
  if (peer.filling !== null || peer.heads === null || !peer.up || s.tick < peer.holdTick) return;
  const ranges: RecordRange[] = [];
  let budget = limitsOf(s);
  const own = ownHead(s);
  for (const { writer, position } of headsOf(s)) {
    if (writer === own?.writer) continue; // pushed
    const has = peer.heads.get(writer) ?? 0;
    if (has >= position || budget.records <= 0 || budget.bytes <= 0) continue;
    const range = s.logs.get(writer)?.range(has + 1, budget) ?? null;
    if (range === null) continue;
    ranges.push(range);
    budget = spend(budget, range);
  }
  if (ranges.length > 0) peer.filling = ask(s, peer.address, { type: "fill", ranges });
}

/** A push or a fill was answered with what the peer has on its disk. */
export function onAck(
  s: EventualState,
  peer: Peer,
  heads: readonly Head[],
  wasFill: boolean,
): void {
  const before = peer.heads;
  const moved = heads.some(({ writer, position }) => position > (before?.get(writer) ?? 0));
  learnHeads(peer, heads);
  if (wasFill && moved) fill(s, peer); // one that does not move waits for the next sync
  // What it does not take now it will not take at once: else we would push at the speed of the net.
  const own = ownHead(s);
  const isStuck = own !== null && (peer.heads?.get(own.writer) ?? 0) < peer.pushedFrom;
  if (!wasFill && isStuck) peer.holdTick = s.tick + s.options.timing.heartbeatTicks;
}

/** What a process has on its disk never becomes less. */
function learnHeads(peer: Peer, heads: readonly Head[]): void {
  const known = (peer.heads ??= new Map<WriterId, Position>());
  for (const { writer, position } of heads) {
    if (position > (known.get(writer) ?? 0)) known.set(writer, position);
  }
}
