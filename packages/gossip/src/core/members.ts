/**
 * The table of members: everybody who was heard of, this one included. Those that take part stand
 * in one array, in which the first `probed` had their probe in this round; drawing the next one at
 * random from the rest makes a shuffled round-robin in which newcomers wait at a random place too.
 */
import type { Alive } from "../messages.ts";
import type { Incarnation, MemberDetail, MemberName, Milliseconds } from "../types.ts";
import type { Standing } from "../types.ts";
import { isLive } from "./claims.ts";
import type { MemberView } from "./door.ts";
import { invariant } from "./invariant.ts";
import { nextRandom } from "./random.ts";
import type { RandomState } from "./random.ts";
import { usualRoundTripMs } from "./round-trips.ts";
import type { RoundTrips } from "./round-trips.ts";
import type { Suspicion } from "./suspicion.ts";

export interface Member {
  readonly name: MemberName;
  detail: MemberDetail;
  /** At which it said so. */
  detailIncarnation: Incarnation;
  standing: Standing;
  /** As of which it is thought to be so; never below `detailIncarnation`, but while both are one. */
  incarnation: Incarnation;
  /** When the standing changed last. */
  changedAt: Milliseconds;
  /** Of its last event. */
  sequence: number;
  /** Its place in `live`; -1: it is ourselves, or gone. */
  slot: number;
  /** The host that told us of it, while it has not answered us itself; `null`: it has, or is gone. */
  source: string | null;
  /** Of where it is now. */
  roundTrips: RoundTrips;
  /** While it is suspected. */
  suspicion: Suspicion | null;
  /** What another one says that uses its name, and when that was told; `null`: none. */
  conflict: { readonly claim: Alive; readonly at: Milliseconds } | null;
}

export interface MemberTable {
  readonly byName: Map<MemberName, Member>;
  /** Who takes part, ourselves left out. */
  readonly live: Member[];
  /** So many at the front of `live` were probed in this round. */
  probed: number;
  /** Who is gone, the longest gone first. */
  readonly gone: Set<Member>;
  /** Who failed lately and is still gone, the earliest first. */
  readonly lately: Set<Member>;
  /** Who is suspected. */
  readonly suspects: Set<Member>;
  /** By host: of how many it told us that take part and have not answered us themselves. */
  readonly bySource: Map<string, number>;
}

export function emptyTable(): MemberTable {
  return {
    byName: new Map(),
    live: [],
    probed: 0,
    gone: new Set(),
    lately: new Set(),
    suspects: new Set(),
    bySource: new Map(),
  };
}

/** Remembers who told us of a member. */
export function introduce(t: MemberTable, member: Member, host: string): void {
  member.source = host;
  t.bySource.set(host, (t.bySource.get(host) ?? 0) + 1);
}

/** It is nobody's word any more that this member exists: it answered us, or it is gone. */
export function release(t: MemberTable, member: Member): void {
  const { source } = member;
  if (source === null) return;
  member.source = null;
  const left = (t.bySource.get(source) ?? 0) - 1;
  if (left > 0) t.bySource.set(source, left);
  else t.bySource.delete(source);
}

/** A member that is heard of for the first time, as one that does not take part yet. */
export function newMember(name: MemberName, detail: MemberDetail): Member {
  return {
    name,
    detail,
    detailIncarnation: 0,
    standing: "dead",
    incarnation: 0,
    changedAt: 0,
    sequence: 0,
    slot: -1,
    source: null,
    roundTrips: null,
    suspicion: null,
    conflict: null,
  };
}

/** Puts a member where its standing belongs. */
export function place(t: MemberTable, member: Member, now: Milliseconds): void {
  t.gone.delete(member); // if it stays gone, it moves to the end
  t.lately.delete(member);
  if (isLive(member.standing)) {
    if (member.slot < 0) member.slot = t.live.push(member) - 1;
  } else {
    member.roundTrips = null;
    release(t, member);
    if (member.slot >= 0) takeOut(t, member);
    t.gone.add(member);
    if (member.standing === "dead") t.lately.add(member);
  }
  member.changedAt = now;
  if (member.standing === "suspect") t.suspects.add(member);
  else {
    t.suspects.delete(member);
    member.suspicion = null;
  }
}

function put(t: MemberTable, member: Member, slot: number): void {
  t.live[slot] = member;
  member.slot = slot;
}

/** Closes the gap with the last of its part, so that both parts stay in one piece. */
function takeOut(t: MemberTable, member: Member): void {
  invariant(t.live[member.slot] === member, "a living member is where it says it is");
  let gap = member.slot;
  if (gap < t.probed) {
    t.probed -= 1;
    put(t, t.live[t.probed]!, gap);
    gap = t.probed;
  }
  const last = t.live.pop()!;
  if (gap < t.live.length) put(t, last, gap);
  member.slot = -1;
}

/** Whose turn it is to be probed; `null`: there is nobody. */
export function nextToProbe(s: RandomState, t: MemberTable): Member | null {
  if (t.live.length === 0) return null;
  if (t.probed >= t.live.length) t.probed = 0;
  const drawn = t.probed + nextRandom(s, t.live.length - t.probed);
  const member = t.live[drawn]!;
  put(t, t.live[t.probed]!, drawn);
  put(t, member, t.probed);
  t.probed += 1;
  return member;
}

/** Those that failed at `since` or later, and are still gone. */
export function failedLately(t: MemberTable, since: Milliseconds): readonly Member[] {
  for (const member of t.lately) {
    if (member.changedAt >= since) break;
    t.lately.delete(member);
  }
  return t.lately.size === 0 ? nobody : [...t.lately];
}

const nobody: readonly Member[] = [];

/** Forgets a member that is gone. */
export function forget(t: MemberTable, member: Member): void {
  invariant(member.slot < 0, "only who is gone is forgotten");
  t.gone.delete(member);
  t.byName.delete(member.name);
  t.lately.delete(member);
}

export function viewOf(member: Member): MemberView {
  const { name, detail, standing, incarnation, roundTrips } = member;
  return { name, ...detail, standing, incarnation, rttMs: usualRoundTripMs(roundTrips) };
}
