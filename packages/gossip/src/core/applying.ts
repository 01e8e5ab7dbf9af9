/**
 * What is believed of others: how a claim that arrived changes what is known, what is told on, and
 * which events it makes. Claims about ourselves are answered in `refuting.ts`.
 *
 * B1 The larger claim wins (`claims.ts`); what does not win changes nothing and is not told on.
 * B2 A living member keeps its address: the same name elsewhere is a conflict, and changes nothing.
 *    Once it is gone, a larger claim may bring it back anywhere.
 * B3 An incarnation that jumps further than any member goes is not believed.
 * B4 Each change of standing or detail makes its event, in order; and no event is without a change.
 * B5 Who leaves believes nothing more, gives nobody up, and has no doubts in its table: the others do
 *    not gossip to it any more, so what it knows gets old, and it would not hear who objects.
 * B6 Nobody pings who left, so whoever does is told of it; and a goodbye is never of an incarnation
 *    below the one that others know (a process that has just begun may leave before it learns it).
 * B7 One source fills only a part of the table with members that have not answered us themselves.
 * B8 Who doubts or gave up a member that left has not heard its goodbye, and is told.
 */
import type { Alive, Dead, PacketMessage, PushPullState, Suspect } from "../messages.ts";
import type { Address, Incarnation, MemberName } from "../types.ts";
import { compareDetails, compareStandings, isLive, sameAddress, sameContents } from "./claims.ts";
import type { StandingClaim } from "./claims.ts";
import type { MemberEventType } from "./door.ts";
import { sendPacket, tell } from "./gossiping.ts";
import { forget, introduce, newMember, place } from "./members.ts";
import type { Member } from "./members.ts";
import { areVersions, isAddress, isName, isUint32, metaMaxBytes, uint32Max } from "./options.ts";
import { conflictIntervalMs, onAliveAboutUs, onDoubtAboutUs } from "./refuting.ts";
import { emit, liveCount, memberNamed, note, reject } from "./state.ts";
import type { GossipState } from "./state.ts";
import { seekCompany } from "./schedule.ts";
import { beginSuspicion, confirmSuspicion } from "./suspicion.ts";

/**
 * A member says that it is there.
 *
 * @param isNews - whether the others may not know it; if so, it is told on
 */
export function onAlive(s: GossipState, from: Address, m: Alive, isNews: boolean): void {
  if (!isPlausible(m)) return reject(s, from, "alive", "malformed");
  if (m.node === s.self.name) return onAliveAboutUs(s, from, m);
  if (s.leaving !== null) return;
  const known = memberNamed(s, m.node);
  if (jumps(s, known, m.incarnation)) return reject(s, from, "alive", "incarnationJump");
  if (isFullOf(s, known, from)) return reject(s, from, "alive", "sourceFull");
  if (known === undefined) return meet(s, from, m, isNews);
  if (!sameAddress(known.detail.address, m.address) && isLive(known.standing)) {
    return onConflict(s, known, m);
  }
  const updated = takeDetail(known, m);
  const claim: StandingClaim = { standing: "alive", incarnation: m.incarnation };
  if (compareStandings(claim, known) > 0) {
    if (!isLive(known.standing)) introduce(s.table, known, from.host);
    changeStanding(s, known, claim);
    if (isNews) tell(s, known.name, m);
  }
  if (updated) emit(s, "update", known);
}

function isPlausible(m: Alive): boolean {
  return (
    isName(m.node) &&
    isAddress(m.address) &&
    m.meta.length <= metaMaxBytes &&
    isUint32(m.incarnation) &&
    (m.versions === null || areVersions(m.versions))
  );
}

/** B3. Of somebody unknown anything is believed that leaves it room to object. */
function jumps(s: GossipState, known: Member | undefined, incarnation: Incarnation): boolean {
  const { incarnationJumpMax } = s.options.limits;
  if (known === undefined) return incarnation > uint32Max - incarnationJumpMax;
  return incarnation > known.incarnation + incarnationJumpMax;
}

/**
 * B7. Whether somebody told us of too many whom nobody else vouches for. It may be wrong of all of
 * them; the room that is left is for what others say.
 */
function isFullOf(s: GossipState, about: Member | undefined, from: Address): boolean {
  if (about !== undefined && isLive(about.standing)) return false;
  return (s.table.bySource.get(from.host) ?? 0) >= s.options.limits.membersPerSourceMax;
}

/** Somebody who was not heard of before. */
function meet(s: GossipState, from: Address, m: Alive, isNews: boolean): void {
  if (!makeRoom(s)) return reject(s, from, "alive", "membersFull");
  const { address, meta, versions, incarnation } = m;
  const member = newMember(m.node, { address, meta, versions });
  member.detailIncarnation = incarnation;
  s.table.byName.set(member.name, member);
  introduce(s.table, member, from.host);
  changeStanding(s, member, { standing: "alive", incarnation });
  if (isNews) tell(s, member.name, m);
}

/** Whoever is gone for the longest time makes room; those that take part never do. */
function makeRoom(s: GossipState): boolean {
  if (s.table.byName.size < s.options.limits.membersMax) return true;
  const [oldest] = s.table.gone;
  if (oldest === undefined) return false;
  forget(s.table, oldest);
  note(s, { type: "forgotten", node: oldest.name });
  return true;
}

/**
 * B2. If the one that we know is gone in truth, it is the other one who should be heard: it is
 * probed next, and given up at once if it does not answer (`probe.ts`).
 */
function onConflict(s: GossipState, known: Member, m: Alive): void {
  const last = known.conflict;
  if (last !== null && s.now - last.at < conflictIntervalMs) {
    if (m.incarnation > last.claim.incarnation) known.conflict = { claim: m, at: last.at };
    return;
  }
  known.conflict = { claim: m, at: s.now };
  s.urgent = known;
  emit(s, "conflict", known, m.address);
}

/**
 * B2. A member is gone whose name another one uses. What that one said may count now, as rumours do
 * not come in order; if it said too little, it is told what it has to object to.
 */
function hearTheOther(s: GossipState, gone: Member): void {
  const { conflict, incarnation, name } = gone;
  gone.conflict = null;
  if (conflict === null || s.now - conflict.at >= conflictIntervalMs) return;
  const { claim } = conflict;
  if (claim.incarnation > incarnation) return onAlive(s, claim.address, claim, true);
  const dead: Dead = { type: "dead", incarnation, node: name, from: s.self.name };
  sendPacket(s, { address: claim.address, protocolMax: 0 }, [dead]);
}

/** @returns whether the member says something else of itself than was known, and is not back */
function takeDetail(known: Member, m: Alive): boolean {
  const { address, meta, versions, incarnation } = m;
  const detail = { address, meta, versions };
  const before = { incarnation: known.detailIncarnation, detail: known.detail };
  if (compareDetails({ incarnation, detail }, before) <= 0) return false;
  known.detailIncarnation = incarnation;
  if (sameContents(detail, before.detail)) return false;
  known.detail = detail;
  return isLive(known.standing);
}

/** Somebody doubts a member. */
export function onSuspect(s: GossipState, from: Address, m: Suspect): void {
  if (m.node === s.self.name) return onDoubtAboutUs(s, from, m);
  if (s.leaving !== null) return;
  const known = memberNamed(s, m.node);
  if (known === undefined) return;
  if (jumps(s, known, m.incarnation)) return reject(s, from, "suspect", "incarnationJump");
  const claim: StandingClaim = { standing: "suspect", incarnation: m.incarnation };
  const order = compareStandings(claim, known);
  if (order === 0) return confirm(s, known, m);
  if (order < 0) return repeatGoodbye(s, known, from);
  // It objected since it was suspected first, or it was gone and is heard of again.
  if (!isLive(known.standing)) {
    if (isFullOf(s, known, from)) return reject(s, from, "suspect", "sourceFull");
    introduce(s.table, known, from.host);
    changeStanding(s, known, { standing: "alive", incarnation: m.incarnation });
  }
  changeStanding(s, known, claim);
  startSuspicion(s, known, m.from);
  tell(s, known.name, m);
}

/** B8. Also for a member that is to be pinged for somebody else. */
export function repeatGoodbye(s: GossipState, member: Member, to: Address): void {
  const { name, incarnation, standing } = member;
  if (standing !== "left") return;
  const goodbye: Dead = { type: "dead", incarnation, node: name, from: name };
  sendPacket(s, { address: to, protocolMax: 0 }, [goodbye]);
}

function startSuspicion(s: GossipState, member: Member, from: MemberName): void {
  const members = liveCount(s);
  member.suspicion = beginSuspicion(s.options.timing, { from, members, now: s.now });
  s.due.suspicion = Math.min(s.due.suspicion, member.suspicion.deadline);
}

function confirm(s: GossipState, member: Member, m: Suspect): void {
  const { suspicion } = member;
  if (suspicion === null || !confirmSuspicion(suspicion, { from: m.from, now: s.now })) return;
  s.due.suspicion = Math.min(s.due.suspicion, suspicion.deadline);
  tell(s, member.name, m); // so that the others count it too
}

/** Somebody gave a member up, or it says goodbye. */
export function onDead(s: GossipState, from: Address, m: Dead): void {
  if (m.node === s.self.name) return onDoubtAboutUs(s, from, m);
  if (s.leaving !== null) return;
  const known = memberNamed(s, m.node);
  if (known === undefined) return;
  if (jumps(s, known, m.incarnation)) return reject(s, from, "dead", "incarnationJump");
  const standing = m.from === m.node ? "left" : "dead";
  const claim: StandingClaim = { standing, incarnation: m.incarnation };
  const order = compareStandings(claim, known);
  if (order < 0) repeatGoodbye(s, known, from);
  if (order <= 0) return;
  const isNews = known.standing !== standing;
  changeStanding(s, known, claim);
  if (!isNews) return;
  tell(s, known.name, m);
  hearTheOther(s, known);
}

/**
 * X1. A member that is gone here died, as others say, in a later life than we knew of. There is
 * nothing to doubt; but it is hearsay, and so not told on.
 */
export function hearOfDeath(s: GossipState, from: Address, about: PushPullState): void {
  const known = memberNamed(s, about.name);
  if (known === undefined || s.leaving !== null) return;
  const { incarnation } = about;
  if (jumps(s, known, incarnation)) return reject(s, from, "pushPull", "incarnationJump");
  const claim: StandingClaim = { standing: "dead", incarnation };
  if (compareStandings(claim, known) > 0) changeStanding(s, known, claim);
}

/** Suspicions that are over: nobody objected in time. */
export function expireSuspicions(s: GossipState): void {
  let next = Infinity;
  for (const member of s.table.suspects) {
    const deadline = member.suspicion?.deadline ?? Infinity;
    if (deadline <= s.now) giveUp(s, member);
    else next = Math.min(next, deadline);
  }
  s.due.suspicion = next;
}

/** This member no longer believes in that one, and says so. */
export function giveUp(s: GossipState, member: Member): void {
  const { name, incarnation } = member;
  const message: PacketMessage = { type: "dead", incarnation, node: name, from: s.self.name };
  changeStanding(s, member, { standing: "dead", incarnation });
  tell(s, name, message);
  hearTheOther(s, member);
}

/** This member doubts that one, and says so. */
export function doubt(s: GossipState, member: Member): void {
  const { name, incarnation } = member;
  const own: Suspect = { type: "suspect", incarnation, node: name, from: s.self.name };
  onSuspect(s, s.self.detail.address, own);
}

/** B4. */
function changeStanding(s: GossipState, member: Member, claim: StandingClaim): void {
  const before = member.standing;
  const isNew = member.sequence === 0;
  member.incarnation = claim.incarnation;
  if (before === claim.standing && !isNew) return;
  member.standing = claim.standing;
  place(s.table, member, s.now);
  if (s.table.live.length === 0) seekCompany(s);
  emit(s, eventOf(isNew || !isLive(before), claim.standing), member);
}

function eventOf(wasGone: boolean, standing: Member["standing"]): MemberEventType {
  switch (standing) {
    case "alive":
      return wasGone ? "join" : "alive";
    case "suspect":
      return "suspect";
    case "dead":
      return "failed";
    case "left":
      return "leave";
  }
}
