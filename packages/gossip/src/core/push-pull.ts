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
 */
import type { PushPull, PushPullState } from "../messages.ts";
import type { Address, MemberName } from "../types.ts";
import { compareStandings, isLive } from "./claims.ts";
import { hearOfDeath, onAlive, onDead, onSuspect } from "./applying.ts";
import { openStream } from "./exchanges.ts";
import { sample } from "./random.ts";
import { pushPullMs } from "./schedule.ts";
import { memberNamed, noBytes } from "./state.ts";
import type { GossipState } from "./state.ts";

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

/** The regular exchange, with one member that lives. */
export function pushPull(s: GossipState): void {
  s.due.pushPull = s.now + pushPullMs(s);
  const [partner] = sample(s, {
    of: s.table.live,
    count: 1,
    accepts: ({ standing }) => standing === "alive",
  });
  if (partner !== undefined) sync(s, partner.detail.address, { join: false, context: null });
}

/** @returns whether there was room for another exchange */
export function sync(
  s: GossipState,
  to: Address,
  about: { readonly join: boolean; readonly context: number | null },
): boolean {
  const purpose = { kind: "sync", context: about.context, liveBefore: null } as const;
  const timeoutMs = s.options.timing.streamTimeoutMs;
  return openStream(s, to, ownTable(s, about.join), { purpose, timeoutMs });
}

/**
 * Takes in what somebody else knows, or the last rows of it.
 *
 * @param isNews - whether there is anybody who may not know it yet
 */
export function mergeTable(s: GossipState, from: Address, m: PushPull, isNews: boolean): void {
  for (const row of m.states) mergeRow(s, from, row, isNews);
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
  let isNews = true;
  if (exchange !== null) {
    const open = s.exchanges.get(exchange);
    if (open?.kind !== "sync") return;
    open.liveBefore ??= s.table.live.length;
    isNews = open.liveBefore > 0; // X3
  }
  for (const row of states) mergeRow(s, from, row, isNews);
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
