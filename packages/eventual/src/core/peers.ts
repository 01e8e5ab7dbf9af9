/**
 * Who is there (heartbeats). A peer that fails leaves the fan-out set, and is asked for ever whether
 * it is back; nothing that it has to get depends on that.
 *
 * P1  A peer that answers is checked at every heartbeat; after three checks in a row without a
 *     proper answer it is down.
 * P2  A peer that is down is asked again after 1, 2, 4 … heartbeats, at last at `probeMaxTicks`.
 * P3  Whatever is heard of a peer, in either direction, makes it up; a peer that comes up is synced
 *     with at once.
 */
import type { Sender } from "../messages.ts";
import type { Address } from "../types.ts";
import { below } from "./random.ts";
import type { EventualState, Peer } from "./state.ts";
import { ask } from "./state.ts";
import { startSync } from "./syncing.ts";

/** Failed checks in a row after which a peer is down. */
export const missesMax = 3;

function newPeer(s: EventualState, address: Address): Peer {
  return {
    address,
    node: null,
    clusterId: null,
    boot: 0,
    nonce: 0,
    up: false,
    misses: 0,
    heardTick: null,
    holdTick: 0,
    nextHealthTick: s.tick,
    probeTicks: s.options.timing.heartbeatTicks,
    heads: null,
    pushing: null,
    pushedFrom: 0,
    syncing: null,
    filling: null,
    checking: null,
    syncAgain: false,
    differs: 0,
    syncedRound: 0,
    settled: false,
    welcomed: null,
    welcomeTick: 0,
  };
}

/** Makes the peers what configuration, registrations and members say. */
export function updatePeers(s: EventualState): void {
  const { options, replica } = s;
  const wanted = new Set<Address>(options.peers);
  for (const { address, wanted: isWanted } of replica.named.values()) {
    if (isWanted) wanted.add(address);
    else wanted.delete(address);
  }
  for (const { id, address, status } of replica.members.values()) {
    if (status !== "removed" && id !== options.node) wanted.add(address);
  }
  wanted.delete(options.address);
  for (const address of wanted) {
    if (!s.peers.has(address) && s.peers.size < options.limits.membersMax) {
      s.peers.set(address, newPeer(s, address));
    }
  }
  for (const [address, peer] of s.peers) {
    if (wanted.has(address) || isContact(s, peer)) continue;
    s.peers.delete(address);
    if (peer.up)
      s.notes.push({ type: "peer", address, node: peer.node, up: false, why: "it is no member" });
  }
}

/** Failed checks in a row after which one who is no member is not asked again. */
const contactMissesMax = 10;

/** One who called us, and whose records we have not got yet. */
function isContact(s: EventualState, { node, misses }: Peer): boolean {
  if (node === null || node === s.options.node || misses >= contactMissesMax) return false;
  return !s.replica.members.has(node);
}

/** A message of this sender came in. */
export function heard(s: EventualState, sender: Sender): Peer | null {
  let peer = s.peers.get(sender.address) ?? null;
  if (peer === null) {
    if (s.peers.size >= s.options.limits.membersMax) return null;
    peer = newPeer(s, sender.address);
    s.peers.set(sender.address, peer);
  }
  if (peer.node !== sender.node || peer.boot !== sender.boot || peer.nonce !== sender.nonce) {
    // Another process: what it has may be less than what the one before it had.
    peer.heads = null;
    peer.node = sender.node;
    peer.boot = sender.boot;
    peer.nonce = sender.nonce;
    peer.syncAgain = true;
  }
  peer.clusterId = sender.clusterId;
  peer.heardTick = s.tick;
  peer.misses = 0;
  if (!peer.up) comeUp(s, peer);
  return peer;
}

function comeUp(s: EventualState, peer: Peer): void {
  const { heartbeatTicks } = s.options.timing;
  peer.up = true;
  peer.holdTick = s.tick;
  peer.probeTicks = heartbeatTicks;
  peer.nextHealthTick = Math.min(peer.nextHealthTick, s.tick + heartbeatTicks);
  s.promiseWaitTicks = s.options.timing.promiseTicks;
  s.notes.push({
    type: "peer",
    address: peer.address,
    node: peer.node,
    up: true,
    why: "it answers",
  });
  startSync(s, peer);
}

/** An exchange with this peer was not answered, or not properly. */
export function missed(s: EventualState, peer: Peer, why: string): void {
  peer.misses += 1;
  peer.settled = true;
  if (peer.up && peer.misses >= missesMax) {
    peer.up = false;
    s.notes.push({ type: "peer", address: peer.address, node: peer.node, up: false, why });
  }
}

export function tickPeers(s: EventualState): void {
  for (const peer of s.peers.values()) {
    if (peer.checking === null && s.tick >= peer.nextHealthTick) check(s, peer);
  }
  if (s.tick < s.nextAntiEntropyTick) return;
  const { antiEntropyTicks } = s.options.timing;
  s.nextAntiEntropyTick = s.tick + antiEntropyTicks + below(s.random, 1 + (antiEntropyTicks >> 2));
  const up = [...s.peers.values()].filter((peer) => peer.up && peer.node !== s.options.node);
  if (up.length > 0) startSync(s, up[below(s.random, up.length)]!);
}

function check(s: EventualState, peer: Peer): void {
  const { heartbeatTicks, probeMaxTicks } = s.options.timing;
  const jitter = below(s.random, 1 + (heartbeatTicks >> 2));
  if (peer.up) {
    peer.nextHealthTick = s.tick + heartbeatTicks + jitter;
  } else {
    peer.nextHealthTick = s.tick + peer.probeTicks + jitter;
    peer.probeTicks = Math.min(probeMaxTicks, peer.probeTicks * 2);
  }
  peer.checking = ask(s, peer.address, { type: "health" });
}
