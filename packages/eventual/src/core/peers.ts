/**
 * Who is there (heartbeats). A peer that fails leaves the fan-out set, and is asked for ever whether
 * it is back; nothing that it has to get depends on that.
 *
 * P1  A peer that answers is checked at every heartbeat; after three checks in a row without a
 *     proper answer it is down.
 * P2  A peer that is down is asked again after 1, 2, 4 … heartbeats, at last at `probeMaxTicks`.
 * P3  Whatever is heard of a peer, in either direction, makes it up; a peer that comes up is synced
 *     with at once.
 * P4  A hint that somebody may be at an address is followed up at once. It is a question and nothing
 *     else: nothing is written or told, and after three checks in vain it is forgotten.
 */
import type { Sender } from "../messages.ts";
import type { Address } from "../types.ts";
import { below } from "./random.ts";
import type { Peer } from "./peer-state.ts";
import type { EventualState } from "./state.ts";
import { ask } from "./state.ts";
import { startSync } from "./begin-sync.ts";

/** Failed checks in a row after which a peer is down. */
export const missesMax = 3;

/** Addresses of hints at which nobody has answered yet; while there are so many, no more are taken. */
export const hintsMax = 4;

function newPeer(s: EventualState, address: Address, because: Peer["because"]): Peer {
  return {
    address,
    because,
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
  const wanted = wantedPeers(s);
  for (const [address, because] of wanted) {
    const known = s.peers.get(address);
    if (known !== undefined) known.because = because;
    else if (s.peers.size < s.options.limits.membersMax) {
      s.peers.set(address, newPeer(s, address, because));
    }
  }
  for (const [address, peer] of s.peers) {
    if (wanted.has(address)) continue;
    if (peer.because !== "hinted") peer.because = "called";
    if (isContact(s, peer)) continue;
    s.peers.delete(address);
    s.replica.aliases.delete(address);
    if (peer.up)
      s.notes.push({ type: "peer", address, node: peer.node, up: false, why: "it is no member" });
  }
}

function wantedPeers(s: EventualState): ReadonlyMap<Address, "expected" | "seed"> {
  const { options, replica } = s;
  const wanted = new Map<Address, "expected" | "seed">();
  for (const address of options.seeds ?? []) wanted.set(address, "seed");
  for (const address of options.peers) wanted.set(address, "expected");
  for (const { address, wanted: isWanted } of replica.named.values()) {
    if (isWanted) wanted.set(address, "expected");
    else wanted.delete(address);
  }
  for (const { id, address, status } of replica.members.values()) {
    if (status !== "removed" && id !== options.node) wanted.set(address, "expected");
  }
  wanted.delete(options.address);
  return wanted;
}

/** P4. An address that was deregistered is not asked, whoever is said to be there. */
export function probe(s: EventualState, address: Address): void {
  if (s.removed || s.leaving !== null || address === s.options.address) return;
  const known = s.peers.get(address);
  if (known !== undefined) {
    if (known.up) return;
    known.probeTicks = s.options.timing.heartbeatTicks;
    known.nextHealthTick = s.tick;
    return;
  }
  if (s.replica.named.get(address)?.wanted === false) return;
  const hints = [...s.peers.values()].filter(isHint);
  if (hints.length >= hintsMax || s.peers.size >= s.options.limits.membersMax) return;
  s.peers.set(address, newPeer(s, address, "hinted"));
}

function isHint({ because, node }: Peer): boolean {
  return because === "hinted" && node === null;
}

/** Whether an acknowledgement of all would wait for it. */
export function isExpected({ cluster }: EventualState, peer: Peer): boolean {
  if (peer.node !== null || peer.because === "expected") return true;
  // Of an established cluster the members are known; before, a seed may be most of it.
  return peer.because === "seed" && cluster.provisional;
}

/** Failed checks in a row after which one who is no member is not asked again. */
const contactMissesMax = 10;

/** One who called us, and whose records we have not got yet. */
function isContact(s: EventualState, peer: Peer): boolean {
  const { node, misses } = peer;
  if (isHint(peer)) return true; // `missed` ends it
  if (node === null || node === s.options.node || misses >= contactMissesMax) return false;
  return !s.replica.members.has(node);
}

/** A message of this sender came in. */
export function heard(s: EventualState, sender: Sender): Peer | null {
  let peer = s.peers.get(sender.address) ?? null;
  if (peer === null) {
    if (s.peers.size >= s.options.limits.membersMax) return null;
    peer = newPeer(s, sender.address, "called");
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
  if (isHint(peer) && peer.misses >= missesMax) s.peers.delete(peer.address);
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
