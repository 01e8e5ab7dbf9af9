/**
 * How members find each other, at the start and after they lost each other.
 *
 * J1 A join exchanges tables with every address it was given.
 * J2 Seeds are looked at for ever: every second while nobody is known, and now and then a seed at
 *    which no living member is.
 * J3 Whoever failed is tried again, about once an interval in the whole cluster for each of them;
 *    so a partition heals by itself. Who left is not.
 */
import type { PushPull, StreamMessage } from "../messages.ts";
import type { Address } from "../types.ts";
import { endMeeting, sendAgain } from "./bridging.ts";
import { sameAddress } from "./claims.ts";
import { closeExchange, endUserMessage, expiredExchanges } from "./exchanges.ts";
import { forget } from "./members.ts";
import { tell } from "./gossiping.ts";
import { succeed } from "./probe.ts";
import { mergeTable, sync } from "./push-pull.ts";
import { nextRandom } from "./random.ts";
import { forgetIntervalMs, planSeed, seekCompany, syncSoon } from "./schedule.ts";
import { liveCount, note, outcome, ownAlive, reject } from "./state.ts";
import type { Exchange, GossipState } from "./state.ts";

/** J1. */
export function join(s: GossipState, context: number, addresses: readonly Address[]): void {
  const { addressesMax, exchangesMax } = s.options.limits;
  if (s.leaving !== null) return outcome(s, { type: "refused", context, reason: "leaving" });
  if (addresses.length > addressesMax || s.joining.size >= exchangesMax) {
    return outcome(s, { type: "refused", context, reason: "overloaded" });
  }
  const waiting = addresses.filter((address) => !sameAddress(address, s.self.detail.address));
  s.joining.set(context, { waiting, pending: 0, reached: 0 });
  continueJoins(s);
}

/** Opens as many exchanges as there is room for, and ends joins that have tried everything. */
function continueJoins(s: GossipState): void {
  for (const [context, joining] of s.joining) {
    let next = joining.waiting[0];
    while (next !== undefined && sync(s, next, { join: true, context })) {
      joining.waiting.shift();
      joining.pending += 1;
      next = joining.waiting[0];
    }
    if (next !== undefined || joining.pending > 0) continue;
    s.joining.delete(context);
    outcome(s, { type: "joined", context, reached: joining.reached });
  }
}

export function setSeeds(s: GossipState, addresses: readonly Address[]): void {
  s.seeds = addresses.slice(0, s.options.limits.addressesMax);
  seekCompany(s); // they are looked up again and again: that must not put off what is planned
}

/** J2. */
export function lookAtSeeds(s: GossipState): void {
  planSeed(s);
  const here = new Set<string>();
  for (const { detail } of s.table.live) here.add(`${detail.address.host} ${detail.address.port}`);
  const missing = s.seeds.filter(
    (seed) => !here.has(`${seed.host} ${seed.port}`) && !sameAddress(seed, s.self.detail.address),
  );
  if (missing.length === 0) return;
  sync(s, missing[nextRandom(s, missing.length)]!, { join: true, context: null });
}

/** X5. */
export function bridge(s: GossipState): void {
  sendAgain(s, (to) => sync(s, to, { join: false, context: null }));
}

/** J3. */
export function reconnect(s: GossipState): void {
  s.due.reconnect = s.now + s.options.timing.reconnectIntervalMs;
  const failed = [...s.table.gone].filter(({ standing }) => standing === "dead");
  if (failed.length === 0 || nextRandom(s, liveCount(s)) >= failed.length) return;
  const { detail } = failed[nextRandom(s, failed.length)]!;
  sync(s, detail.address, { join: false, context: null });
}

/** Members that were gone for so long that nobody claims anything about them any more. */
export function forgetOld(s: GossipState): void {
  s.due.forget = s.now + forgetIntervalMs(s);
  for (const member of s.table.gone) {
    if (member.changedAt + s.options.timing.tombstoneMs > s.now) break;
    forget(s.table, member);
    note(s, { type: "forgotten", node: member.name });
  }
}

export function onStreamAnswered(s: GossipState, exchange: number, message: StreamMessage): void {
  const open = closeExchange(s, exchange);
  if (open === undefined) return;
  if (open.kind === "sync" && message.type === "pushPull") return endSync(s, open, message);
  if (open.kind === "ping" && message.type === "ack" && message.seqNo === open.seqNo) {
    if (s.probe?.seqNo === open.seqNo) succeed(s);
    return;
  }
  reject(s, open.to, message.type, "unexpected");
  endBadly(s, open);
}

/** The stream with a message to one member was written and closed. */
export function onStreamDone(s: GossipState, exchange: number): void {
  const open = closeExchange(s, exchange);
  if (open?.kind === "user") endUserMessage(s, open.context, true);
  else if (open !== undefined) endBadly(s, open);
}

export function onStreamFailed(s: GossipState, exchange: number): void {
  const open = closeExchange(s, exchange);
  if (open !== undefined) endBadly(s, open);
}

/** Exchanges that took too long, whatever the host says of them later. */
export function expireExchanges(s: GossipState): void {
  for (const exchange of expiredExchanges(s)) onStreamFailed(s, exchange);
}

function endBadly(s: GossipState, open: Exchange): void {
  if (open.kind === "sync") endSync(s, open, null);
  else if (open.kind === "user") endUserMessage(s, open.context, false);
}

function endSync(
  s: GossipState,
  open: Extract<Exchange, { kind: "sync" }>,
  answer: PushPull | null,
): void {
  const { context } = open;
  if (answer !== null) takeAnswer(s, open, answer);
  const joining = context === null ? undefined : s.joining.get(context);
  if (joining !== undefined) {
    joining.pending -= 1;
    if (answer !== null) joining.reached += 1;
  }
  continueJoins(s);
  endMeeting(s, open, answer !== null);
}

/** X3, X4. */
function takeAnswer(
  s: GossipState,
  open: Extract<Exchange, { kind: "sync" }>,
  answer: PushPull,
): void {
  const before = open.liveBefore ?? s.table.live.length;
  const isNewcomer = before === 0;
  mergeTable(s, answer, { from: open.to, isNews: !isNewcomer, open });
  if (s.leaving !== null) return;
  if (isNewcomer) tell(s, s.self.name, ownAlive(s));
  s.liveAtSync = s.table.live.length;
  if (s.table.live.length > before) syncSoon(s);
  else s.settling = 0;
}
