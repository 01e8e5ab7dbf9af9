/**
 * How a failure is found (SWIM, with what Lifeguard adds).
 *
 * P1 Every interval one member is pinged, each once in a round, in random order.
 * P2 If it does not answer within the timeout, a few others ping it for us, and we try a stream;
 *    whoever helps and hears nothing says so before our interval is over (nack).
 * P3 If nobody hears of it, it is suspected, not given up; a suspected member is told with the ping
 *    (buddy), so that it can object.
 * P4 A helper that did not even send its nack means that we are cut off or slow: our health score
 *    rises, and with it the time that we give to others. An answer lets it fall.
 * P5 What was thought while this member was not listening does not count: a probe that was out is
 *    void, and every suspicion is as much longer (not in memberlist).
 * P6 How long a direct answer is waited for depends on how long this member's answers take, between
 *    two bounds (not in memberlist).
 */
import type { Ack, IndirectPing, Nack, Ping, Suspect } from "../messages.ts";
import type { Address, MemberName, Milliseconds } from "../types.ts";
import { doubt, giveUp, repeatGoodbye } from "./applying.ts";
import { scaledByHealth } from "./awareness.ts";
import { isLive, sameAddress } from "./claims.ts";
import { openStream } from "./exchanges.ts";
import { sendPacket, sendTo } from "./gossiping.ts";
import { nextToProbe, release } from "./members.ts";
import type { Member } from "./members.ts";
import { sample } from "./random.ts";
import { answerTimeoutMs, withRoundTrip } from "./round-trips.ts";
import {
  adjustHealth,
  memberNamed,
  nextSeqNo,
  noBytes,
  note,
  ownGoodbye,
  reject,
} from "./state.ts";
import type { GossipState, Probe } from "./state.ts";

/** The first protocol whose members answer pings on streams, and whose members send nacks. */
const streamPingProtocol = 3;
const nackProtocol = 4;

/** P1. One at a time: while our health stretches a probe, the next one waits for it. */
export function startProbe(s: GossipState): void {
  const { timing } = s.options;
  if (s.probe !== null) {
    s.due.probe = s.probe.verdictAt;
    return;
  }
  s.due.probe = s.now + timing.probeIntervalMs;
  const { urgent } = s;
  s.urgent = null;
  const isUrgent = urgent !== null && isLive(urgent.standing);
  const member = isUrgent ? urgent : nextToProbe(s, s.table);
  if (member === null) return;
  const score = timing.scalesProbeTimeout ? s.health : 0;
  s.probe = {
    ...{ seqNo: nextSeqNo(s), member, address: member.detail.address },
    ...{ urgent: isUrgent, sentAt: s.now },
    askOthersAt: s.now + scaledByHealth(answerTimeoutMs(timing, member.roundTrips), score),
    verdictAt: s.now + scaledByHealth(timing.probeIntervalMs, s.health),
    ...{ nacksExpected: 0, nacks: 0 },
  };
  const ping = pingTo(s, s.probe);
  sendTo(s, member, member.standing === "suspect" ? [ping, suspicionOf(s, member)] : [ping]);
}

function pingTo(s: GossipState, { seqNo, member }: Probe): Ping {
  return { type: "ping", seqNo, node: member.name, source: ourselves(s) };
}

function ourselves(s: GossipState): { readonly address: Address; readonly node: MemberName } {
  return { address: s.self.detail.address, node: s.self.name };
}

/** P3. */
function suspicionOf(s: GossipState, { name, incarnation }: Member): Suspect {
  return { type: "suspect", incarnation, node: name, from: s.self.name };
}

/** What is due of the probe that is out. */
export function advanceProbe(s: GossipState): void {
  const { probe } = s;
  if (probe === null) return;
  const { askOthersAt, verdictAt } = probe;
  const asksFirst = s.options.timing.stallMs > 0 || verdictAt > s.now;
  if (askOthersAt !== null && askOthersAt <= s.now && asksFirst) askOthers(s, probe, askOthersAt);
  else if (verdictAt <= s.now) failProbe(s, probe);
}

/** P2. If we were late to ask, the others have as much time all the same. */
function askOthers(s: GossipState, probe: Probe, dueAt: Milliseconds): void {
  probe.askOthersAt = null;
  probe.verdictAt += s.now - dueAt;
  const { member, address } = probe;
  const helpers = sample(s, {
    of: s.table.live,
    count: s.options.timing.indirectChecks,
    accepts: (other) => other !== member && other.standing === "alive",
  });
  for (const helper of helpers) {
    const nack = (helper.detail.versions?.protocolMax ?? 0) >= nackProtocol;
    if (nack) probe.nacksExpected += 1;
    const { seqNo } = probe;
    const request: IndirectPing = {
      ...{ type: "indirectPing", seqNo, target: address, node: member.name, nack },
      source: ourselves(s),
    };
    sendTo(s, helper, [request]);
  }
  if ((member.detail.versions?.protocolMax ?? 0) < streamPingProtocol) return;
  openStream(s, address, pingTo(s, probe), {
    purpose: { kind: "ping", seqNo: probe.seqNo },
    timeoutMs: probe.verdictAt - s.now,
  });
}

/** P3, P4. */
function failProbe(s: GossipState, probe: Probe): void {
  s.probe = null;
  const { member, nacks, nacksExpected } = probe;
  note(s, { type: "probeFailed", node: member.name, nacks });
  member.roundTrips = null;
  if (nacksExpected === 0) adjustHealth(s, 1, "a probe failed, and nobody could confirm it");
  else adjustHealth(s, nacksExpected - nacks, "helpers did not answer in time");
  // It went, or came back somewhere else, while we looked where it was.
  if (!isLive(member.standing) || !sameAddress(member.detail.address, probe.address)) return;
  // B2. Somebody else has its name, and it does not answer: it is gone.
  if (probe.urgent && member.conflict !== null) giveUp(s, member);
  else doubt(s, member);
}

/** An answer to our probe, or to one that we made for somebody else. */
export function onAck(s: GossipState, from: Address, m: Ack): void {
  const { probe } = s;
  if (probe !== null && probe.seqNo === m.seqNo) {
    const rttMs = s.now - probe.sentAt;
    // A late one too, or a member that gets slower would be waited for too short for ever.
    remember(probe, rttMs);
    if (probe.askOthersAt !== null) {
      s.effects.push({ type: "pong", node: probe.member.name, rttMs, payload: m.payload });
    }
    return succeed(s);
  }
  const relay = s.relays.get(m.seqNo);
  if (relay === undefined) return reject(s, from, "ack", "unexpected");
  s.relays.delete(m.seqNo);
  // What the layer above says is about a direct answer: how long it took, for one.
  const ack: Ack = { type: "ack", seqNo: relay.seqNo, payload: noBytes };
  sendPacket(s, { address: relay.to, protocolMax: 0 }, [ack]);
}

function remember({ member, address }: Probe, rttMs: Milliseconds): void {
  if (!isLive(member.standing) || !sameAddress(member.detail.address, address)) return;
  member.roundTrips = withRoundTrip(member.roundTrips, rttMs);
}

/** The member that we probe lives; that it is heard of says that we hear. */
export function succeed(s: GossipState): void {
  if (s.probe !== null) release(s.table, s.probe.member);
  s.probe = null;
  adjustHealth(s, -1, "a probe was answered");
}

export function onNack(s: GossipState, from: Address, m: Nack): void {
  const { probe } = s;
  if (probe?.seqNo !== m.seqNo) return reject(s, from, "nack", "unexpected");
  if (probe.nacks < probe.nacksExpected) probe.nacks += 1;
}

/** Whoever had our address before us must not be thought alive: another name is not answered. */
export function isForUs(s: GossipState, m: Ping): boolean {
  return m.node === "" || m.node === s.self.name;
}

export function onPing(s: GossipState, from: Address, m: Ping): void {
  if (!isForUs(s, m)) return reject(s, from, "ping", "wrongName");
  const to = answerTo(s, from, m);
  sendPacket(s, to, [ackOf(s, m)]);
  if (s.leaving !== null) sendPacket(s, to, [ownGoodbye(s)]); // B6
}

export function ackOf(s: GossipState, m: Ping): Ack {
  return { type: "ack", seqNo: m.seqNo, payload: s.ackPayload };
}

/** Where the sender said that it wants its answer, or else where the packet came from. */
function answerTo(
  s: GossipState,
  from: Address,
  { source }: Ping | IndirectPing,
): { readonly address: Address; readonly protocolMax: number } {
  const member = source === null ? undefined : memberNamed(s, source.node);
  const protocolMax = member?.detail.versions?.protocolMax ?? 0;
  return { address: source?.address ?? from, protocolMax };
}

/** P2, the side of the helper. */
export function onIndirectPing(s: GossipState, from: Address, m: IndirectPing): void {
  const known = memberNamed(s, m.node);
  if (known !== undefined) repeatGoodbye(s, known, answerTo(s, from, m).address);
  const { limits, timing } = s.options;
  if (s.relays.size >= limits.relaysMax) return reject(s, from, "indirectPing", "relaysFull");
  const seqNo = nextSeqNo(s);
  const nackAt = m.nack ? s.now + timing.nackAfterMs : null;
  const expiresAt = s.now + timing.probeIntervalMs;
  const to = answerTo(s, from, m).address;
  s.relays.set(seqNo, { to, seqNo: m.seqNo, nackAt, expiresAt });
  s.due.relay = Math.min(s.due.relay, nackAt ?? expiresAt);
  const target = { address: m.target, protocolMax: 0 };
  sendPacket(s, target, [{ type: "ping", seqNo, node: m.node, source: ourselves(s) }]);
}

/** Nacks that are due, and relays whose answer nobody waits for any more. */
export function advanceRelays(s: GossipState): void {
  s.due.relay = Infinity;
  for (const [seqNo, relay] of s.relays) {
    if (relay.nackAt !== null && relay.nackAt <= s.now) {
      relay.nackAt = null;
      sendPacket(s, { address: relay.to, protocolMax: 0 }, [{ type: "nack", seqNo: relay.seqNo }]);
    }
    if (relay.expiresAt <= s.now) s.relays.delete(seqNo);
    else s.due.relay = Math.min(s.due.relay, relay.nackAt ?? relay.expiresAt);
  }
}

/** P5. */
export function onStall(s: GossipState, forMs: Milliseconds): void {
  note(s, { type: "stalled", forMs });
  adjustHealth(s, 1, "this member did not listen");
  s.probe = null;
  for (const { suspicion } of s.table.suspects) {
    if (suspicion === null) continue;
    suspicion.startedAt += forMs;
    suspicion.deadline += forMs;
  }
}
