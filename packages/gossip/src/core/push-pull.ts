/**
 * Exchanges of the whole table over a stream: how a newcomer learns everything at once, how what
 * rumours missed is repaired, and how two halves of a cluster find each other again.
 *
 * X1 A row says what its sender believes, as hearsay: "dead" makes us suspect, not give up, so that
 *    whoever lives can object. That is also how a partition heals: each side hears that it is
 *    believed dead, and objects. Whoever is gone here as well stays gone, without another doubt.
 * X2 Only what a member said itself, its goodbye included, is taken as it is.
 * X3 What a newcomer learns from its first exchange is no news to anybody, and is not told on; that
 *    it is there itself, is (memberlist tells everything: a newcomer to a thousand members repeats
 *    a thousand rumours for a minute).
 * X4 An exchange that brought members nobody had told us of is followed by another one soon, and
 *    that by one less soon: where many start at once, or two halves meet, rumours alone are slow.
 * X6 A table that grew much since it was exchanged last, by more than a quarter or by anybody at all
 *    up to 32 members, is exchanged soon, with somebody who was only heard of. Where two networks
 *    become one, a rumour of one of them goes to its own members in vain as often as not, and so
 *    misses some of the other: who joined both, or is from the other one, knows it all.
 */
import type { PushPull, PushPullState } from "../messages.ts";
import type { Address, MemberName } from "../types.ts";
import { beginMeeting, countRow, takesPart } from "./bridging.ts";
import { compareStandings, isLive } from "./claims.ts";
import type { Member } from "./members.ts";
import { hearOfDeath, onAlive, onDead, onSuspect } from "./applying.ts";
import { openStream } from "./exchanges.ts";
import { sample } from "./random.ts";
import { pushPullMs } from "./schedule.ts";
import { memberNamed, noBytes } from "./state.ts";
import type { Exchange, GossipState } from "./state.ts";

/**
 * Everything that we know. When we leave nothing of that is kept up (B5): we are a way to those who
 * lived, for somebody who knows no other, but tell of no doubts.
 */
export function ownTable(s: GossipState, join: boolean): PushPull {
  const states: PushPullState[] = [];
  for (const { name, detail, incarnation, standing } of s.table.byName.values()) {
    if (s.leaving !== null && standing !== "alive" && name !== s.self.name) continue;
    states.push({ name, ...detail, incarnation, state: standing });
  }
  return { type: "pushPull", join, states, userState: noBytes };
}

/** The regular exchange, with one member that lives; X6: with one that did not answer us yet. */
export function pushPull(s: GossipState): void {
  s.due.pushPull = s.now + pushPullMs(s);
  const stranger = s.hasGrown ? drawPartner(s, ({ source }) => source !== null) : undefined;
  const partner = stranger ?? drawPartner(s, () => true);
  s.hasGrown = false;
  if (partner !== undefined) sync(s, partner.detail.address, { join: false, context: null });
}

function drawPartner(s: GossipState, accepts: (member: Member) => boolean): Member | undefined {
  const isFit = (member: Member): boolean => member.standing === "alive" && accepts(member);
  return sample(s, { of: s.table.live, count: 1, accepts: isFit })[0];
}

/** @returns whether there was room for another exchange */
export function sync(
  s: GossipState,
  to: Address,
  about: { readonly join: boolean; readonly context: number | null },
): boolean {
  const named = about.join ? 0 : null;
  const purpose = { kind: "sync", context: about.context, liveBefore: null, named } as const;
  const timeoutMs = s.options.timing.streamTimeoutMs;
  if (about.join) beginMeeting(s);
  s.liveAtSync = s.table.live.length;
  return openStream(s, to, ownTable(s, about.join), { purpose, timeoutMs });
}

/** Where rows come from, and what they are to us. */
interface Source {
  readonly from: Address;
  /** Whether there is anybody who may not know it yet. */
  readonly isNews: boolean;
  /** The exchange that they answer; `null`: none of ours. */
  readonly open: Extract<Exchange, { kind: "sync" }> | null;
}

/** Takes in what somebody else knows, or the last rows of it. */
export function mergeTable(s: GossipState, m: PushPull, source: Source): void {
  mergeRows(s, m.states, source);
  s.effects.push({ type: "userState", join: m.join, userState: m.userState });
}

/** The first rows of a long table. Those of an exchange whose time is over are left. */
export function onRows(
  s: GossipState,
  about: {
    readonly from: Address;
    readonly exchange: number | null;
    readonly states: readonly PushPullState[];
  },
): void {
  const { from, exchange, states } = about;
  if (exchange === null) return mergeRows(s, states, { from, isNews: true, open: null });
  const open = s.exchanges.get(exchange);
  if (open?.kind !== "sync") return;
  open.liveBefore ??= s.table.live.length;
  mergeRows(s, states, { from, isNews: open.liveBefore > 0, open }); // X3
}

function mergeRows(s: GossipState, rows: readonly PushPullState[], source: Source): void {
  const { from, isNews, open } = source;
  for (const row of rows) {
    const tookPart = takesPart(s, row.name);
    mergeRow(s, from, row, isNews);
    if (open !== null) countRow(s, open, row, tookPart);
  }
}

function mergeRow(s: GossipState, from: Address, row: PushPullState, isNews: boolean): void {
  const { name: node, address, meta, versions, incarnation } = row;
  switch (row.state) {
    case "alive":
      return onAlive(
        s,
        from,
        { type: "alive", incarnation, node, address, meta, versions },
        isNews,
      );
    case "suspect":
      if (memberNamed(s, node) === undefined) {
        onAlive(s, from, { type: "alive", incarnation, node, address, meta, versions }, isNews);
      }
      return hearOfDoubt(s, from, row);
    case "dead":
      return isGone(s, node) ? hearOfDeath(s, from, row) : hearOfDoubt(s, from, row);
    case "left":
      return onDead(s, from, { type: "dead", incarnation, node, from: node });
  }
}

function isGone(s: GossipState, name: MemberName): boolean {
  const known = memberNamed(s, name);
  return known !== undefined && known !== s.self && !isLive(known.standing);
}

/** X1. Hearsay begins a suspicion, but is no confirmation of one: nobody new has seen anything. */
function hearOfDoubt(s: GossipState, from: Address, row: PushPullState): void {
  const { name: node, incarnation } = row;
  const known = memberNamed(s, node);
  if (known === undefined) return;
  if (known !== s.self && compareStandings({ standing: "suspect", incarnation }, known) <= 0)
    return;
  onSuspect(s, from, { type: "suspect", incarnation, node, from: s.self.name });
}
