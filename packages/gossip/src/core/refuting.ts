/**
 * What others say of this member. Nobody knows better than itself: it answers every doubt with an
 * incarnation above the one that was doubted, and nobody else ever raises it.
 */
import type { Alive, Dead, Suspect } from "../messages.ts";
import type { Address, Incarnation } from "../types.ts";
import { sameAddress, sameContents } from "./claims.ts";
import { tell } from "./gossiping.ts";
import { uint32Max } from "./options.ts";
import { adjustHealth, emit, note, ownAlive, ownGoodbye, reject } from "./state.ts";
import type { GossipState } from "./state.ts";

/** Another one that uses the name of a living member is told of no more often than this. */
export const conflictIntervalMs: number = 30_000;

/** We are doubted, given up, or said to have left. */
export function onDoubtAboutUs(s: GossipState, from: Address, m: Suspect | Dead): void {
  if (s.leaving !== null) return insist(s, from, m);
  if (m.incarnation < s.self.incarnation) return;
  if (!isReachable(s, m.incarnation)) return reject(s, from, m.type, "incarnationJump");
  adjustHealth(s, 1, "somebody doubted this member");
  objectTo(s, m.incarnation);
}

/**
 * Somebody knows us as of another incarnation, or with something else to say: a process before this
 * one, which had our name.
 */
export function onAliveAboutUs(s: GossipState, from: Address, m: Alive): void {
  const { self } = s;
  if (s.leaving !== null) return insist(s, from, m);
  if (m.incarnation < self.incarnation) return;
  const { address, meta, versions } = m;
  if (!sameAddress(address, self.detail.address)) return conflictOverUs(s, m);
  const same = sameContents({ address, meta, versions }, self.detail);
  if (m.incarnation === self.incarnation && same) return;
  if (!isReachable(s, m.incarnation)) return reject(s, from, "alive", "incarnationJump");
  objectTo(s, m.incarnation);
}

/**
 * B6. They know us as of a larger incarnation than that of our goodbye, which nobody heeds then. In
 * one incarnation nothing is above a goodbye, so that it need not be raised any further.
 */
function insist(s: GossipState, from: Address, m: Alive | Suspect | Dead): void {
  if (m.incarnation <= s.self.incarnation) return;
  if (!isReachable(s, m.incarnation)) return reject(s, from, m.type, "incarnationJump");
  s.self.incarnation = m.incarnation;
  tell(s, s.self.name, ownGoodbye(s));
}

/** Another member has our name, or the others remember where we were before. */
function conflictOverUs(s: GossipState, claim: Alive): void {
  const last = s.self.conflict;
  if (last !== null && s.now - last.at < conflictIntervalMs) return;
  s.self.conflict = { claim, at: s.now };
  emit(s, "conflict", s.self, claim.address);
}

/** Somebody who forges incarnations must not use them up. */
function isReachable(s: GossipState, incarnation: Incarnation): boolean {
  const highest = Math.min(s.self.incarnation + s.options.limits.incarnationJumpMax, uint32Max - 1);
  return incarnation <= highest;
}

function objectTo(s: GossipState, incarnation: Incarnation): void {
  raiseIncarnation(s, incarnation);
  note(s, { type: "refuted", incarnation: s.self.incarnation });
}

/** Says of ourselves what holds now, above everything that was said so far. */
export function raiseIncarnation(s: GossipState, above: Incarnation): void {
  const { self } = s;
  self.incarnation = Math.min(uint32Max, Math.max(self.incarnation, above) + 1);
  self.detailIncarnation = self.incarnation;
  tell(s, self.name, ownAlive(s));
}
