/** When what is done regularly is due. */
import type { Milliseconds } from "../types.ts";
import { nextRandom } from "./random.ts";
import type { GossipState } from "./state.ts";
import { liveCount } from "./state.ts";

/** Up to so many members tables are small; above, exchanges of them become rarer. */
const smallMembers = 32;
/** How often tombstones are looked at, in their own lifetime. */
const forgetShare = 24;

/** So much larger than at the last exchange is the table of a network that met another one. */
const grownShare = 1.25;
/** The last exchange that follows soon is 2 to this power as late as the first. */
const settlingMax = 16;

/** A time up to `ms`, so that members who started together do not go on together. */
export function spread(s: GossipState, ms: Milliseconds): Milliseconds {
  return nextRandom(s, Math.ceil(ms) + 1);
}

/** Where the beats of a member that has just started fall. */
export function startSchedule(s: GossipState): void {
  const { timing } = s.options;
  s.due.probe = s.now + spread(s, timing.probeIntervalMs);
  if (timing.pushPullIntervalMs > 0) {
    s.due.pushPull = s.now + spread(s, timing.pushPullIntervalMs);
  }
  if (timing.reconnectIntervalMs > 0) {
    s.due.reconnect = s.now + spread(s, timing.reconnectIntervalMs);
  }
  s.due.forget = s.now + forgetIntervalMs(s);
}

export function forgetIntervalMs(s: GossipState): Milliseconds {
  return Math.ceil(s.options.timing.tombstoneMs / forgetShare);
}

/** Between two push/pulls: longer the more members there are, so that their load does not grow. */
export function pushPullMs(s: GossipState): Milliseconds {
  const { pushPullIntervalMs } = s.options.timing;
  const members = liveCount(s);
  if (members <= smallMembers) return pushPullIntervalMs;
  const doublings = Math.ceil(Math.log2(members) - Math.log2(smallMembers));
  return pushPullIntervalMs * (doublings + 1);
}

/** X4. Never later than the regular exchange. */
export function syncSoon(s: GossipState): void {
  if (s.due.pushPull === Infinity) return;
  planSync(s, s.options.timing.joinRetryMs * 2 ** s.settling);
  s.settling = Math.min(s.settling + 1, settlingMax);
}

function planSync(s: GossipState, ms: Milliseconds): void {
  s.due.pushPull = Math.min(s.due.pushPull, s.now + ms / 2 + spread(s, ms));
}

/** X6. */
export function syncIfGrown(s: GossipState): void {
  const before = s.liveAtSync;
  const { length } = s.table.live;
  if (length <= (length < smallMembers ? before : before * grownShare)) return;
  s.liveAtSync = length;
  if (s.due.pushPull === Infinity) return;
  s.hasGrown = true;
  planSync(s, s.options.timing.joinRetryMs);
}

/** Plans the next look at a seed: soon where nobody is known, now and then otherwise. */
export function planSeed(s: GossipState): void {
  const { joinRetryMs, seedIntervalMs } = s.options.timing;
  if (s.seeds.length === 0 || s.leaving !== null) s.due.seed = Infinity;
  else if (s.table.live.length === 0) s.due.seed = s.now + joinRetryMs / 2 + spread(s, joinRetryMs);
  else if (seedIntervalMs === 0) s.due.seed = Infinity;
  else s.due.seed = s.now + seedIntervalMs / 2 + spread(s, seedIntervalMs);
}

/** Nobody is left: the seeds are looked at sooner. */
export function seekCompany(s: GossipState): void {
  const planned = s.due.seed;
  planSeed(s);
  s.due.seed = Math.min(s.due.seed, planned);
}

/** The earliest of all that is planned. */
export function nextDeadline(s: GossipState): Milliseconds {
  const { due, probe } = s;
  const regular = Math.min(due.probe, due.gossip, due.pushPull, due.reconnect, due.seed);
  const rare = Math.min(due.suspicion, due.forget, due.leave, due.relay, due.exchange);
  const probing = probe === null ? Infinity : (probe.askOthersAt ?? probe.verdictAt);
  return Math.min(regular, rare, due.bridge, probing);
}
