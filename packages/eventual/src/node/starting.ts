import type { EventualLimits, EventualOptions, EventualTiming } from "../core/door.ts";
import { isLabel } from "../data/limits.ts";
import { isClusterId } from "../wire/fields.ts";
import { messageMaxBytes, messageRecordsMax } from "../wire/limits.ts";
import { check, checkAddresses, checkWhole } from "./checks.ts";
import type { EventualNodeOptions, TimingMs } from "./options.ts";

/** Length of a tick unless the embedder says otherwise. */
export const defaultTickMs: number = 50;

/** Least number of bytes between two checkpoints unless the embedder says otherwise. */
export const defaultCheckpointBytes: number = 16 * 1024 * 1024;

/** Most addresses to begin with. */
export const peersMax: number = 64;

export const defaultEventualLimits: EventualLimits = {
  recordMaxBytes: 256 * 1024,
  messageMaxBytes: 128 * 1024,
  messageMaxRecords: 256,
  retainedMaxBytes: 64 * 1024 * 1024,
  pendingMaxBytes: 8 * 1024 * 1024,
  keysMax: 1_000_000,
  countersMax: 100_000,
  membersMax: 64,
  snapshotMaxBytes: 512 * 1024 * 1024,
  transfersMax: 2,
};

export const defaultTimingMs: TimingMs = {
  heartbeatMs: 1000,
  exchangeMs: 5000,
  probeMaxMs: 2000,
  antiEntropyMs: 1000,
  resumeMs: 2000,
  promiseMs: 1000,
  keyWindowMs: 3_600_000,
  keyMarginMs: 60_000,
  drainMs: 2000,
};

const longestMs = 366 * 24 * 3_600_000;

/** @throws {RangeError} */
export function timingMsOf(options: EventualNodeOptions): TimingMs {
  const timing = { ...defaultTimingMs, ...options.timing };
  for (const [name, value] of Object.entries(timing)) checkWhole(name, value, longestMs);
  return timing;
}

/**
 * The core's options: defaults, the embedder's choices, and a seed of this very start.
 *
 * @throws {RangeError} on a value out of range
 */
export function eventualOptionsOf(options: EventualNodeOptions): EventualOptions {
  const { node, address, label, peers = [], seeds = [], cluster, durable = true } = options;
  check(/^[0-9a-f]{32}$/.test(node), "node must be 32 hexadecimal digits");
  check(isLabel(label), "label must be 1 to 64 characters of printable ASCII");
  check(isClusterId(cluster.id), "cluster.id must be 1 to 128 characters of visible ASCII");
  const named = [...peers, ...seeds];
  check(named.length <= peersMax, `there may be at most ${peersMax} peers and seeds`);
  checkAddresses([address, ...named]);
  const limits = { ...defaultEventualLimits, ...options.limits };
  for (const [name, value] of Object.entries(limits)) checkWhole(name, value, 2 ** 40);
  // Heads and one record more than asked for must still fit into a message.
  checkWhole("messageMaxBytes", limits.messageMaxBytes, messageMaxBytes / 4);
  checkWhole("recordMaxBytes", limits.recordMaxBytes, messageMaxBytes / 4);
  checkWhole("messageMaxRecords", limits.messageMaxRecords, messageRecordsMax);
  const seed = options.seed ?? randomSeed();
  const others = peers.filter((peer) => peer !== address);
  const timing = timingOf(options);
  const where = { peers: others, seeds: seeds.filter((other) => other !== address) };
  return { node, address, label, ...where, cluster, durable, limits, timing, seed };
}

function timingOf(options: EventualNodeOptions): EventualTiming {
  const tickMs = checkWhole("tickMs", options.tickMs ?? defaultTickMs, 60_000);
  const timing = timingMsOf(options);
  const ticks = (ms: number): number => Math.max(1, Math.ceil(ms / tickMs));
  return {
    heartbeatTicks: ticks(timing.heartbeatMs),
    exchangeTicks: ticks(timing.exchangeMs),
    probeMaxTicks: ticks(timing.probeMaxMs),
    antiEntropyTicks: ticks(timing.antiEntropyMs),
    resumeTicks: ticks(timing.resumeMs),
    promiseTicks: ticks(timing.promiseMs),
    keyWindowMs: timing.keyWindowMs,
    keyMarginMs: timing.keyMarginMs,
  };
}

function randomSeed(): EventualOptions["seed"] {
  const [first, second, third, fourth] = crypto.getRandomValues(new Uint32Array(4));
  return [first!, second!, third!, fourth!];
}
