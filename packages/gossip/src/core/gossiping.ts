/**
 * How rumours travel: with every packet that has room for them, and every gossip interval to a few
 * members drawn at random, while there is anything to tell.
 */
import type { PacketMessage } from "../messages.ts";
import type { Address } from "../types.ts";
import { failedLately } from "./members.ts";
import type { Member } from "./members.ts";
import { sample } from "./random.ts";
import { addRumor, retransmitLimit, takeRumors } from "./rumors.ts";
import { compoundHeaderBytes, compoundPartBytes, compoundPartsMax, packetBytes } from "./sizes.ts";
import { liveCount, note } from "./state.ts";
import type { GossipState } from "./state.ts";

/** The largest that a message may be to be told as a rumour. */
export function rumorMaxBytes(s: GossipState): number {
  return packetRoom(s) - compoundHeaderBytes - compoundPartBytes;
}

function packetRoom(s: GossipState): number {
  const { packetMaxBytes, packetReservedBytes } = s.options.limits;
  return packetMaxBytes - packetReservedBytes;
}

/** Tells something about a member, in place of anything older about it. */
export function tell(s: GossipState, node: string, message: PacketMessage): void {
  const before = s.rumors.count;
  const had = s.rumors.byKey.has(node);
  const taken = addRumor(s.rumors, { key: node, message }, true);
  if (!taken || s.rumors.count < before + (had ? 0 : 1)) note(s, { type: "rumorsFull" });
  wakeGossip(s);
}

/** The next round is as soon as the interval allows: what is new does not wait for a fixed beat. */
export function wakeGossip(s: GossipState): void {
  if (s.due.gossip !== Infinity) return;
  s.due.gossip = Math.max(s.now, s.lastGossipAt + s.options.timing.gossipIntervalMs);
}

/** Fills a packet that has `bytes` so far with rumours: those about members first. */
function fill(s: GossipState, packet: PacketMessage[], bytes: number): void {
  const limit = retransmitLimit(s.options.timing.retransmitMult, liveCount(s));
  const room = { bytes: packetRoom(s) - bytes, count: compoundPartsMax, limit };
  const used = takeRumors(s, s.rumors, room, packet);
  takeRumors(s, s.broadcasts, { ...room, bytes: room.bytes - used }, packet);
}

/** Sends messages, and with them what else there is to tell. */
export function sendPacket(
  s: GossipState,
  to: { readonly address: Address; readonly protocolMax: number },
  messages: readonly PacketMessage[],
): void {
  let packet = messages;
  if (s.rumors.count + s.broadcasts.count > 0) {
    const filled = [...messages];
    fill(s, filled, compoundHeaderBytes + compoundPartBytes + packetBytes(messages));
    packet = filled;
  }
  const { address, protocolMax } = to;
  s.effects.push({ type: "packet", to: address, messages: packet, protocolMax });
}

/** The same, to a member. */
export function sendTo(
  s: GossipState,
  { detail }: Member,
  messages: readonly PacketMessage[],
): void {
  const protocolMax = detail.versions?.protocolMax ?? 0;
  sendPacket(s, { address: detail.address, protocolMax }, messages);
}

/** One round of gossip; no more are planned once nothing is left to tell. */
export function gossip(s: GossipState): void {
  const { gossipNodes, gossipToTheDeadMs, gossipIntervalMs } = s.options.timing;
  const lately = failedLately(s.table, s.now - gossipToTheDeadMs);
  const { live } = s.table;
  const draw = { of: live, also: lately, count: gossipNodes, accepts: () => true };
  for (const { detail } of sample(s, draw)) {
    const messages: PacketMessage[] = [];
    fill(s, messages, compoundHeaderBytes);
    if (messages.length === 0) break;
    const protocolMax = detail.versions?.protocolMax ?? 0;
    s.effects.push({ type: "packet", to: detail.address, messages, protocolMax });
  }
  s.lastGossipAt = s.now;
  const more = s.rumors.count + s.broadcasts.count > 0 && live.length + lately.length > 0;
  s.due.gossip = more ? s.now + gossipIntervalMs : Infinity;
}
