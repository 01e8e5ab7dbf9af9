/** What comes in from peers: requests and the replies to ours. */
import { vectorHash } from "../data/replica.ts";
import type { Message, RefusedWhy, Reply, Request } from "../messages.ts";
import type { RecordRange, WriterId } from "../types.ts";
import { noteAlias } from "./aliases.ts";
import { advanceBoot, onHeadsOfPeer } from "./boot.ts";
import { onRemoved } from "./ending.ts";
import { admit, onDuplicate } from "./membership.ts";
import { heard, missed } from "./peers.ts";
import { takeRange } from "./receiving.ts";
import type { Peer } from "./peer-state.ts";
import type { EventualState, Exchange } from "./state.ts";
import { answer } from "./state.ts";
import { lastStagedWrite, startSync } from "./begin-sync.ts";
import { answerSync, headsFor, onAck, onDelta, onSync } from "./syncing.ts";
import { giveUpTransfer, onFetch, onPiece } from "./transferring.ts";

export function receive(s: EventualState, m: Message): void {
  if (m.kind === "reply") return onReply(s, m);
  const problem = s.removed ? null : admit(s, m.sender);
  if (problem !== null) {
    s.notes.push({ type: "refusedTo", peer: m.sender.address, why: problem });
    return answer(s, m.exchange, { type: "refused", why: problem });
  }
  if (m.sender.node !== s.options.node) heard(s, m.sender);
  onRequest(s, m.exchange, m.sender.node, m.body);
}

/** Replies of each possible member that may wait for the disk; what is beyond is refused. */
export const heldPerMember: number = 4;

function onRequest(s: EventualState, exchange: number, node: string, body: Request): void {
  const waits = body.type === "sync" || body.type === "push" || body.type === "fill";
  if (waits && s.held.length >= heldPerMember * s.options.limits.membersMax) {
    return answer(s, exchange, { type: "refused", why: { code: "busy" } });
  }
  switch (body.type) {
    case "health":
      return answer(s, exchange, healthy(s));
    case "sync":
      return onSync(s, { exchange, node }, body.heads);
    case "fetch":
      return onFetch(s, exchange, { ...body, node });
    case "push":
    case "fill":
      return onRanges(s, { exchange, giver: node }, body.ranges);
  }
}

function healthy(s: EventualState): Reply {
  return { type: "healthy", vectorHash: vectorHash(s.replica), ready: s.ready };
}

/** Answered when all that was taken, or was on its way already, is on the disk. */
function onRanges(
  s: EventualState,
  { exchange, giver }: { readonly exchange: number; readonly giver: string },
  ranges: readonly RecordRange[],
): void {
  const writers: WriterId[] = [];
  let problem: RefusedWhy | null = null;
  for (const range of ranges) {
    // One bad writer must not keep those behind it from coming through.
    const why = takeRange(s, range, giver);
    problem ??= why;
    writers.push(range.writer);
  }
  if (problem !== null) return answer(s, exchange, { type: "refused", why: problem });
  const isWaiting = writers.some((writer) => s.staged.has(writer));
  const write = isWaiting ? lastStagedWrite(s) : 0;
  if (write === 0) answer(s, exchange, { type: "ack", heads: headsFor(s, writers) });
  else s.held.push({ exchange, about: { type: "ack", writers }, write });
}

export function answerHeld(s: EventualState, write: number): void {
  for (let at = 0; at < s.held.length; at += 1) {
    const reply = s.held[at]!;
    if (reply.write > write) continue;
    s.held.splice(at, 1);
    at -= 1;
    const { exchange, about } = reply;
    if (about.type === "delta") answerSync(s, { exchange, node: about.node }, about.heads);
    else answer(s, exchange, { type: "ack", heads: headsFor(s, about.writers) });
  }
}

function onReply(s: EventualState, m: Extract<Message, { kind: "reply" }>): void {
  const exchange = s.exchanges.get(m.exchange);
  if (exchange === undefined) return; // it was given up
  end(s, exchange);
  if (exchange.type === "fetch" && m.body.type !== "piece") giveUpTransfer(s);
  if (m.sender.node === s.options.node && m.sender.nonce === s.nonce) return markSelf(s, exchange);
  const problem =
    m.body.type === "refused" && m.body.why.code === "removed" ? null : admit(s, m.sender);
  if (problem !== null) {
    s.notes.push({ type: "refusedTo", peer: exchange.to, why: problem });
    return failed(s, exchange, problem.code);
  }
  const peer = heardOf(s, exchange, m);
  if (peer === null) return exchange.type === "fetch" ? giveUpTransfer(s) : undefined;
  switch (m.body.type) {
    case "healthy":
      return onHealthy(s, peer, m.body.vectorHash);
    case "ack":
      return onAck(s, peer, m.body.heads, exchange.type === "fill");
    case "delta":
      onHeadsOfPeer(s, peer.address, m.body.heads);
      return onDelta(s, peer, m.body, exchange);
    case "piece":
      return onPiece(s, peer, m.body);
    case "refused":
      return onRefused(s, peer, m.body.why, { clusterId: m.sender.clusterId, exchange });
  }
}

/** The peer at the address we dialled; it may name itself otherwise, and is then known as that too. */
function heardOf(
  s: EventualState,
  exchange: Exchange,
  m: Extract<Message, { kind: "reply" }>,
): Peer | null {
  const { sender } = m;
  if (s.peers.has(exchange.to)) noteAlias(s, exchange.to, sender);
  return s.peers.has(exchange.to) ? heard(s, { ...sender, address: exchange.to }) : null;
}

function markSelf(s: EventualState, { to }: Exchange): void {
  const peer = s.peers.get(to);
  if (peer === undefined) return;
  noteAlias(s, to, { node: s.options.node, address: s.options.address });
  peer.node = s.options.node;
  peer.settled = true;
  peer.up = false;
  advanceBoot(s);
}

function onHealthy(s: EventualState, peer: Peer, theirs: number): void {
  if (peer.heads === null) return startSync(s, peer);
  peer.differs = theirs === vectorHash(s.replica) ? 0 : peer.differs + 1;
  if (peer.differs < 2) return; // once may be what is on its way just now
  peer.differs = 0;
  startSync(s, peer);
}

function onRefused(
  s: EventualState,
  peer: Peer,
  why: RefusedWhy,
  { clusterId, exchange }: { readonly clusterId: string; readonly exchange: Exchange },
): void {
  // Its answer has just told us its cluster id, and we took it: nothing to tell of.
  if (why.code === "foreign-cluster" && clusterId === s.cluster.id) return;
  s.notes.push({ type: "refusedBy", peer: peer.address, why });
  peer.holdTick = s.tick + s.options.timing.heartbeatTicks;
  if (why.code === "removed") return onRemoved(s);
  if (why.code === "duplicate-identity") {
    if (exchange.boot < s.boot) return; // it meant us as we were before we took a later number
    return onDuplicate(s, why.boot);
  }
  if (why.code === "fork") s.notes.push({ type: "fork", peer: peer.address, writer: why.writer });
}

/** No answer, or none that counts. */
export function unanswered(s: EventualState, id: number, why: string): void {
  const exchange = s.exchanges.get(id);
  if (exchange === undefined) return;
  end(s, exchange);
  failed(s, exchange, why);
}

function failed(s: EventualState, { to, type }: Exchange, why: string): void {
  const peer = s.peers.get(to);
  if (type === "fetch") giveUpTransfer(s);
  if (peer === undefined) return;
  // Pushes fail in the dozen when a peer is gone; only checks are evidence, at their own pace.
  if (type === "health" || s.tick >= peer.holdTick) missed(s, peer, why);
  peer.holdTick = s.tick + Math.max(1, s.options.timing.heartbeatTicks >> 1);
  peer.nextHealthTick = Math.min(peer.nextHealthTick, s.tick + (peer.up ? 1 : peer.probeTicks));
}

/** Frees the place of this exchange with its peer. */
function end(s: EventualState, { id, to }: Exchange): void {
  s.exchanges.delete(id);
  const peer = s.peers.get(to);
  if (peer === undefined) return;
  if (peer.pushing === id) peer.pushing = null;
  if (peer.syncing === id) peer.syncing = null;
  if (peer.filling === id) peer.filling = null;
  if (peer.checking === id) peer.checking = null;
}

export function tickExchanges(s: EventualState): void {
  const { exchangeTicks } = s.options.timing;
  for (const { id, startedTick } of [...s.exchanges.values()]) {
    if (s.tick - startedTick >= exchangeTicks) unanswered(s, id, "it does not answer in time");
  }
}
