/**
 * Snapshots (§7): our own, and sending one to a follower whose entries are compacted away.
 *
 * S1 The log is compacted only behind a snapshot that is durable.
 * S2 A snapshot travels in chunks, one at a time; each is answered when it is on the receiver's
 *    disk, with the offset to go on from. So a transfer can be resumed, and nobody is flooded.
 * S3 A snapshot takes force as a whole, when its last chunk is durable. It brings its
 *    configuration along.
 * S4 A snapshot never takes a server back: one that is not ahead of its commit index, or that ends
 *    with an entry of its log, is answered as installed, and the log stays.
 * S5 A leader sends to `snapshotTransfersMax` followers at a time. The others wait in the order in
 *    which they came, and cost a heartbeat each.
 * S6 All transfers together get `snapshotBytesPerTick`, paid out with the heartbeats: no chunk is
 *    begun while nothing is left, and what the last ones took too much is paid back. Who has waited
 *    longest goes first.
 * S7 A transfer that has not moved for three election timeouts makes room for who waits. It goes on
 *    where it was when its turn comes again.
 */
import type { InstallSnapshot, InstallSnapshotResponse } from "../messages.ts";
import type { LogIndex, NodeId, SnapshotChunk, SnapshotMeta } from "../types.ts";
import { advanceCommit, judgeRemoval } from "./commitment.ts";
import { invariant } from "./invariant.ts";
import { entryBytes } from "./log.ts";
import { becomeSnapshot } from "./progress.ts";
import type { Progress, SnapshotProgress } from "./progress.ts";
import { send, sendOncePersisted } from "./sending.ts";
import { note, onConfigurationMoved } from "./state.ts";
import type { LeaderRole, RaftState } from "./state.ts";

/** Most bytes of entries that are kept behind a snapshot, however few entries that is. */
const retainedMaxBytes = 64 * 1024 * 1024;

/** Our own state machine was stored up to `snapshot.index`: the log before it can go (S1). */
export function onSnapshotSaved(s: RaftState, snapshot: SnapshotMeta, retain: number): void {
  invariant(snapshot.index <= s.appliedIndex, "a snapshot holds only what was applied");
  invariant(snapshot.index <= s.persistedIndex, "a snapshot is not ahead of the log on the disk");
  if (snapshot.index <= (s.snapshot?.index ?? 0)) return; // a newer one was installed meanwhile
  s.snapshot = snapshot;
  const through = compactionIndex(s, snapshot.index, retain);
  if (through === s.log.base.index) return;
  s.log.compactThrough(through);
  s.configurations.compactThrough(through);
  s.compactThrough = through;
}

/** Entries are kept behind a snapshot for followers that are a little behind, but not at any size. */
function compactionIndex(s: RaftState, snapshotIndex: LogIndex, retain: number): LogIndex {
  const least = Math.max(snapshotIndex - retain, s.log.base.index);
  let bytes = 0;
  let through = snapshotIndex;
  for (; through > least; through -= 1) {
    bytes += entryBytes(s.log.entryAt(through));
    if (bytes > retainedMaxBytes) break;
  }
  return through;
}

/** What a snapshot of the state machine stands for right now. */
export function snapshotMeta(s: RaftState): SnapshotMeta | null {
  const index = s.appliedIndex;
  if (index === 0 || index < (s.snapshot?.index ?? 0)) return null;
  const term = s.log.termAt(index);
  invariant(term !== null, "what was applied last is in the log");
  const placed = s.configurations.at(index);
  return { index, term, configuration: placed.configuration, configurationIndex: placed.index };
}

// ── The leader's side ──

/** A chunk that is not answered is sent again after one, two, four … sixteen election timeouts. */
const repeatsMax = 4;
/** Election timeouts without progress after which a transfer makes room for another one (S7). */
const stallTimeouts = 3;

/** Begins with the first chunk of the newest snapshot, at once or when it is this peer's turn. */
export function startSnapshot(s: RaftState, peer: Progress): void {
  invariant(s.snapshot !== null, "what is compacted is in a snapshot");
  const before = peer.snapshot;
  const snapshot = becomeSnapshot(peer, s.snapshot.index);
  note(s, { type: "snapshotNeeded", peer: peer.id, index: s.snapshot.index });
  queueUp(s, snapshot);
  if (before === null) return;
  snapshot.sending = before.sending;
  snapshot.heartbeatsStalled = before.heartbeatsStalled; // a newer snapshot is no progress (S7),
  snapshot.furthest = before.furthest; // nor is to come as far in it as in the one before
}

/** The next chunk is due; it is read when it is this peer's turn (S5, S6). */
function queueUp(s: RaftState, snapshot: SnapshotProgress): void {
  snapshot.chunk = "due";
  snapshot.turn = s.snapshotTurns;
  s.snapshotTurns += 1;
  s.flushNeeded = true;
}

/** Asks the host for the chunks that are due, as far as places and bytes allow (S5, S6). */
export function serveTransfers(s: RaftState, role: LeaderRole): void {
  fillPlaces(s, role);
  while (s.snapshotBytesLeft > 0) {
    const peer = longestWaiting(role, (snapshot) => snapshot.sending && snapshot.chunk === "due");
    if (peer === null) return;
    readNextChunk(s, peer);
  }
}

function fillPlaces(s: RaftState, role: LeaderRole): void {
  let free = s.options.snapshotTransfersMax;
  for (const { snapshot } of role.peers) if (snapshot?.sending === true) free -= 1;
  for (; free > 0; free -= 1) {
    const peer = longestWaiting(role, (snapshot) => !snapshot.sending);
    if (peer === null) return;
    const { offset, index } = peer.snapshot!;
    if (offset === 0 && index < s.snapshot!.index) startSnapshot(s, peer); // nothing is lost
    peer.snapshot!.sending = true;
  }
}

function longestWaiting(
  role: LeaderRole,
  isWanted: (snapshot: SnapshotProgress) => boolean,
): Progress | null {
  let first: Progress | null = null;
  for (const peer of role.peers) {
    if (peer.snapshot === null || !isWanted(peer.snapshot)) continue;
    if (first === null || peer.snapshot.turn < first.snapshot!.turn) first = peer;
  }
  return first;
}

function readNextChunk(s: RaftState, peer: Progress): void {
  const { index, offset } = peer.snapshot!;
  peer.snapshot!.heartbeatsWaited = 0;
  peer.snapshot!.chunk = "reading";
  const maxBytes = s.options.snapshotChunkMaxBytes;
  s.snapshotReads.push({ to: peer.id, index, offset, maxBytes });
}

/** With every heartbeat the transfers may go on for what the ticks since the last one allow (S6). */
export function refillSnapshotBytes(s: RaftState): void {
  const { snapshotBytesPerTick, heartbeatTicks } = s.options;
  const most = snapshotBytesPerTick * heartbeatTicks;
  s.snapshotBytesLeft = Math.min(most, s.snapshotBytesLeft + most);
}

/** The host has read a chunk, or found the snapshot gone. */
export function onSnapshotRead(
  s: RaftState,
  role: LeaderRole,
  read: {
    readonly to: NodeId;
    readonly index: LogIndex;
    readonly offset: number;
    readonly chunk: SnapshotChunk | null;
  },
): void {
  const peer = role.progress.get(read.to);
  const snapshot = peer?.snapshot;
  if (peer === undefined || snapshot === undefined || snapshot === null) return;
  if (snapshot.index !== read.index || snapshot.offset !== read.offset) return;
  if (snapshot.chunk !== "reading") return; // it lost its place meanwhile (S7)
  snapshot.chunk = "sent";
  if (read.chunk === null) return restartIfNewer(s, peer);
  s.snapshotBytesLeft -= read.chunk.data.length;
  send(s, {
    type: "installSnapshot",
    from: s.id,
    to: peer.id,
    term: s.term,
    chunk: read.chunk,
    readRound: role.readRound,
  });
  peer.sentRound = role.readRound;
}

/** The snapshot was replaced by a newer one; if there is none yet, the heartbeats ask again. */
function restartIfNewer(s: RaftState, peer: Progress): void {
  if (s.snapshot !== null && s.snapshot.index > peer.snapshot!.index) startSnapshot(s, peer);
}

/**
 * With every heartbeat to a peer that is being sent a snapshot: asks again for a lost chunk, or
 * gives its place to who waits.
 */
export function repeatLostChunk(s: RaftState, role: LeaderRole, peer: Progress): void {
  const { snapshot } = peer;
  invariant(snapshot !== null, "a peer in snapshot state has a snapshot");
  if (snapshot.chunk === "due") return;
  snapshot.heartbeatsWaited += 1;
  snapshot.heartbeatsStalled += 1;
  const timeout = Math.ceil(s.options.electionTimeoutTicks / s.options.heartbeatTicks);
  if (snapshot.heartbeatsStalled > timeout * stallTimeouts && isRoomWanted(s, role)) {
    snapshot.sending = false;
    snapshot.heartbeatsStalled = 0;
    snapshot.furthest = snapshot.offset;
    return queueUp(s, snapshot); // S7
  }
  const patience = timeout * 2 ** Math.min(snapshot.repeats, repeatsMax);
  if (snapshot.heartbeatsWaited <= patience || snapshot.chunk === "reading") return;
  snapshot.repeats += 1; // a slow link must not be filled with copies of one chunk
  if (s.snapshot !== null && s.snapshot.index > snapshot.index) startSnapshot(s, peer);
  else queueUp(s, snapshot);
}

/** Not more room than others wait for: who has made some with this heartbeat waits itself now. */
function isRoomWanted(s: RaftState, role: LeaderRole): boolean {
  const transfers = role.peers.filter(({ snapshot }) => snapshot !== null);
  const waiting = transfers.filter(({ snapshot }) => snapshot?.sending === false).length;
  const made = s.options.snapshotTransfersMax - (transfers.length - waiting);
  return waiting > 2 * made;
}

/** A chunk is durable at the follower, or was not the one it wants: go on where it says. */
export function continueSnapshot(s: RaftState, peer: Progress, m: InstallSnapshotResponse): void {
  const { snapshot } = peer;
  if (snapshot?.index !== m.index || m.nextOffset === snapshot.offset) return;
  snapshot.offset = m.nextOffset;
  if (snapshot.offset > snapshot.furthest) {
    snapshot.furthest = snapshot.offset;
    snapshot.heartbeatsStalled = 0;
  }
  snapshot.repeats = 0;
  if (snapshot.sending) queueUp(s, snapshot); // who waits for a place keeps its turn
}

// ── The follower's side ──

/** From the leader of our term. */
export function onInstallSnapshot(s: RaftState, m: InstallSnapshot): void {
  const { snapshot, offset, data, done } = m.chunk;
  if (s.receiving?.complete === true) {
    return note(s, { type: "dropped", message: m, why: "a snapshot is being installed" });
  }
  if (s.log.termAt(snapshot.index) === snapshot.term) {
    advanceCommit(s, snapshot.index); // a snapshot holds what is committed
  }
  if (snapshot.index <= s.commitIndex) {
    return respond(s, m, { nextOffset: 0, installed: true }); // S4
  }
  if (s.chunkToWrite !== null || (done && s.unwrittenFrom <= s.log.lastIndex)) {
    return note(s, { type: "dropped", message: m, why: "the disk is behind" }); // asked again
  }
  const expected = continues(s, m) ? s.receiving!.nextOffset : 0;
  if (offset !== expected) return respond(s, m, { nextOffset: expected, installed: false });
  s.chunkToWrite = m.chunk;
  const nextOffset = offset + data.length;
  s.receiving = { from: m.from, term: m.term, snapshot, nextOffset, complete: done };
  respond(s, m, { nextOffset, installed: done }); // S2: leaves when the chunk is durable
}

/** Whether this chunk belongs to the transfer that is going on. */
function continues(s: RaftState, { from, term, chunk }: InstallSnapshot): boolean {
  const { receiving } = s;
  return (
    receiving !== null &&
    receiving.from === from &&
    receiving.term === term &&
    receiving.snapshot.index === chunk.snapshot.index &&
    receiving.snapshot.term === chunk.snapshot.term
  );
}

function respond(
  s: RaftState,
  m: InstallSnapshot,
  answer: { readonly nextOffset: number; readonly installed: boolean },
): void {
  sendOncePersisted(s, {
    type: "installSnapshotResponse",
    from: s.id,
    to: m.from,
    term: s.term,
    index: m.chunk.snapshot.index,
    ...answer,
    readRound: m.readRound,
  });
}

/** A chunk is on the disk; with the last one the snapshot takes force (S3). */
export function onChunkPersisted(s: RaftState, { snapshot, done }: SnapshotChunk): void {
  if (!done) return;
  invariant(snapshot.index > s.commitIndex, "a snapshot never takes a server back"); // S4
  s.receiving = null;
  const wasMember = s.removed || s.configurations.named(s.id, s.commitIndex);
  s.log.reset(snapshot);
  s.configurations.reset({
    index: snapshot.configurationIndex,
    configuration: snapshot.configuration,
  });
  s.snapshot = snapshot;
  s.commitIndex = snapshot.index;
  onConfigurationMoved(s);
  judgeRemoval(s, wasMember); // it may be all that a removed server ever hears of it
  s.handedIndex = snapshot.index;
  s.applying.clear();
  s.persistedIndex = snapshot.index;
  s.unwrittenFrom = snapshot.index + 1;
  for (const write of s.inflightWrites) write.lastIndex = Math.min(write.lastIndex, snapshot.index);
  s.restore = snapshot;
  note(s, { type: "snapshotInstalled", snapshot: { index: snapshot.index, term: snapshot.term } });
}
