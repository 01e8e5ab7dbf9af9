/**
 * The leader's side of replication (§5.3).
 *
 * L1 Nothing is sent while inputs are taken in; a Ready sends what has gathered, once.
 * L2 Ticks pace retries, replies do not: a probe that is unanswered is repeated by the heartbeat.
 * L3 Late and doubled answers change nothing: an ack only raises, a rejection counts only if it
 *    answers the probe that is out or contradicts what is known.
 * L4 Followers that need the same entries get the same array, so that it is encoded once.
 */
import type { AppendEntriesResponse, InstallSnapshotResponse } from "../messages.ts";
import type { Entry, EntryId, LogIndex, NodeId } from "../types.ts";
import { maybeCommit } from "./commitment.ts";
import { invariant } from "./invariant.ts";
import { beginBeat } from "./lease.ts";
import { entryBytes } from "./log.ts";
import { becomeProbe, becomeReplicate } from "./progress.ts";
import type { Progress } from "./progress.ts";
import { confirmReads } from "./reading.ts";
import { send } from "./sending.ts";
import {
  continueSnapshot,
  refillSnapshotBytes,
  repeatLostChunk,
  serveTransfers,
  startSnapshot,
} from "./snapshotting.ts";
import type { LeaderRole, RaftState } from "./state.ts";

const noEntries: readonly Entry[] = [];
/** Matches every log and verifies nothing: for followers of which nothing is known. */
const beforeTheFirst: EntryId = { index: 0, term: 0 };

/** Entries last cut from the log in this flush (L4). */
interface Slice {
  from: LogIndex;
  entries: readonly Entry[];
  bytes: number;
}

/** Sends every peer what it is due (L1). */
export function flush(s: RaftState, role: LeaderRole): void {
  const slice: Slice = { from: 0, entries: noEntries, bytes: 0 };
  let transfers = 0;
  for (const peer of role.peers) {
    flushPeer(s, role, peer, slice);
    if (peer.state === "snapshot") transfers += 1;
  }
  if (transfers > 0) serveTransfers(s, role);
  s.flushNeeded = false;
}

function flushPeer(s: RaftState, role: LeaderRole, peer: Progress, slice: Slice): void {
  if (peer.state === "snapshot") {
    if (!peer.heartbeatDue) return;
    sendEmpty(s, role, peer, beforeTheFirst);
    repeatLostChunk(s, role, peer);
  } else if (s.log.termAt(peer.nextIndex - 1) === null) {
    startSnapshot(s, peer); // what it needs is compacted
    sendEmpty(s, role, peer, beforeTheFirst);
  } else if (peer.state === "probe") {
    flushProbe(s, role, peer, slice);
  } else {
    while (mayReplicate(s, peer)) sendEntries(s, role, peer, slice);
    if (owesEmpty(s, role, peer)) sendEmptyAtNext(s, role, peer);
  }
}

function flushProbe(s: RaftState, role: LeaderRole, peer: Progress, slice: Slice): void {
  if (!peer.probeSent) {
    const before = peer.nextIndex;
    sendEntries(s, role, peer, slice);
    peer.nextIndex = before; // a probe promises nothing
    peer.window.clear();
    peer.probeSent = true;
  } else if (peer.heartbeatDue || peer.sentRound < role.readRound) {
    sendEmptyAtNext(s, role, peer); // L2: repeats the question, without the load
  }
}

function mayReplicate(s: RaftState, peer: Progress): boolean {
  return peer.nextIndex <= s.log.lastIndex && hasWindow(s, peer);
}

/** One message may always be out, however large. */
function hasWindow(s: RaftState, { window }: Progress): boolean {
  return (
    window.messages < s.options.inflightMaxMessages &&
    (window.messages === 0 || window.bytes < s.options.inflightMaxBytes)
  );
}

function owesEmpty(s: RaftState, role: LeaderRole, peer: Progress): boolean {
  return (
    peer.heartbeatDue ||
    peer.sentRound < role.readRound ||
    peer.sentCommit < Math.min(s.commitIndex, peer.nextIndex - 1)
  );
}

function sendEntries(s: RaftState, role: LeaderRole, peer: Progress, slice: Slice): void {
  if (slice.from !== peer.nextIndex) cut(s, peer.nextIndex, slice);
  const { entries, bytes } = slice;
  const prevIndex = peer.nextIndex - 1;
  sendAppend(s, role, peer, prevIndex, s.log.termAt(prevIndex)!, entries);
  peer.nextIndex += entries.length;
  if (entries.length > 0) peer.window.add(peer.nextIndex - 1, bytes);
}

function cut(s: RaftState, from: LogIndex, slice: Slice): void {
  slice.from = from;
  slice.entries = s.log.slice(from, {
    through: s.log.lastIndex,
    maxEntries: s.options.messageMaxEntries,
    maxBytes: s.options.messageMaxBytes,
  });
  slice.bytes = 0;
  for (const entry of slice.entries) slice.bytes += entryBytes(entry);
}

function sendEmptyAtNext(s: RaftState, role: LeaderRole, peer: Progress): void {
  const index = peer.nextIndex - 1;
  sendEmpty(s, role, peer, { index, term: s.log.termAt(index)! });
}

/** A heartbeat, a question, or news of the commit index. */
function sendEmpty(s: RaftState, role: LeaderRole, peer: Progress, prev: EntryId): void {
  sendAppend(s, role, peer, prev.index, prev.term, noEntries);
}

function sendAppend(
  s: RaftState,
  role: LeaderRole,
  peer: Progress,
  prevIndex: LogIndex,
  prevTerm: number,
  entries: readonly Entry[],
): void {
  send(s, {
    type: "appendEntries",
    from: s.id,
    to: peer.id,
    term: s.term,
    prevIndex,
    prevTerm,
    entries,
    commitIndex: s.commitIndex,
    readRound: role.readRound,
  });
  peer.heartbeatDue = false;
  peer.sentRound = role.readRound;
  const verified = prevIndex + entries.length;
  peer.sentCommit = Math.max(peer.sentCommit, Math.min(s.commitIndex, verified));
}

/** Every peer gets a sign of life with the next flush. */
export function heartbeat(s: RaftState, role: LeaderRole): void {
  beginBeat(s, role);
  for (const peer of role.peers) peer.heartbeatDue = true;
  refillSnapshotBytes(s);
  s.flushNeeded = true;
}

export function onAppendEntriesResponse(
  s: RaftState,
  role: LeaderRole,
  m: AppendEntriesResponse,
): void {
  const peer = role.progress.get(m.from);
  if (peer === undefined) return; // not a member any more
  heardFrom(s, role, peer, m.readRound);
  if (m.rejected) onRejected(s, peer, m);
  else onAccepted(s, role, peer, m.index);
}

export function onInstallSnapshotResponse(
  s: RaftState,
  role: LeaderRole,
  m: InstallSnapshotResponse,
): void {
  const peer = role.progress.get(m.from);
  if (peer === undefined) return;
  heardFrom(s, role, peer, m.readRound);
  if (m.installed) onAccepted(s, role, peer, m.index);
  else continueSnapshot(s, peer, m);
}

/** Any answer shows that the peer is there and, by its round, since when (R2). */
function heardFrom(s: RaftState, role: LeaderRole, peer: Progress, round: number): void {
  peer.recentlyActive = true;
  peer.silentTicks = 0;
  if (round > peer.ackedRound) {
    peer.ackedRound = round;
    confirmReads(s, role);
  }
}

/** The follower's disk holds our log up to `index`. */
function onAccepted(s: RaftState, role: LeaderRole, peer: Progress, index: LogIndex): void {
  invariant(index <= s.log.lastIndex, "a follower cannot match more than the leader's log");
  const wasFull = !hasWindow(s, peer);
  peer.window.freeThrough(index);
  const advanced = index > peer.matchIndex;
  if (advanced) {
    peer.matchIndex = index;
    peer.nextIndex = Math.max(peer.nextIndex, index + 1);
  }
  const installed = peer.snapshot !== null && peer.matchIndex >= peer.snapshot.index;
  const resumes = peer.state === "probe" || installed;
  if (resumes) becomeReplicate(peer);
  if (resumes || wasFull || role.transfer !== null) s.flushNeeded = true;
  if (advanced) maybeCommit(s, role);
}

/** The follower does not have the entry before ours: look further back (§5.3, with hints). */
function onRejected(s: RaftState, peer: Progress, m: AppendEntriesResponse): void {
  if (peer.state === "snapshot" || m.index <= peer.matchIndex) return; // L3
  if (peer.state === "probe" && m.index !== peer.nextIndex - 1) return; // L3
  const agree = s.log.lastNotAbove(m.hintIndex, m.hintTerm);
  const next = Math.min(m.index, agree.index + 1);
  becomeProbe(peer, Math.max(next, peer.matchIndex + 1));
  s.flushNeeded = true;
}

/** What was sent may be lost: stop sending ahead and ask again, at the pace of the heartbeats. */
export function onUnreachable(role: LeaderRole, id: NodeId): void {
  const peer = role.progress.get(id);
  if (peer?.state !== "replicate") return;
  becomeProbe(peer, peer.matchIndex + 1);
  peer.probeSent = true;
}
