/**
 * The setting of one run, drawn from its seed. Every seed explores one corner: some faults are on,
 * the others are off, and limits are tiny, because large limits hide rules.
 */
import type { RaftOptions } from "@counter/raft";
import { drawLease } from "./lease-knobs.ts";
import type { DiskLatency } from "./disk.ts";
import { unitsPerTick } from "./event-heap.ts";
import { drawMembership, membershipKinds } from "./membership-knobs.ts";
import type { MembershipKind, MembershipKnobs } from "./membership-knobs.ts";
import type { LinkWeather } from "./network.ts";
import { calmWeather } from "./network.ts";
import { Random } from "./random.ts";

/** What can go wrong, by name. */
const breakingKinds = [
  "crash",
  "leaderCrash",
  "youngLeader",
  "rollingLeaders",
  "majorityCrash",
  "pause",
  "partition",
  "clog",
  "flap",
  "lateAcks",
  "lagging",
  "freshStart",
  "clock",
  "hang",
  "slowDisk",
  "fsync",
  "full",
  "rot",
  "amnesia",
  "foreign",
  "stepDown",
  "transfer",
  "campaign",
  "loss",
  "duplication",
  "replay",
  "stray",
] as const;

/** A clock may be off by this share: 0.2 is twenty per cent. */
export const clockDriftMax = 0.2;

/** What breaks, and how the membership changes meanwhile; `--without` switches one off. */
export const faultKinds: readonly FaultKind[] = [...breakingKinds, ...membershipKinds];

export type BreakingKind = (typeof breakingKinds)[number];
export type FaultKind = BreakingKind | MembershipKind;

export interface Knobs {
  readonly voters: number;
  readonly learners: number;
  readonly raft: Omit<RaftOptions, "id" | "seed">;
  readonly weather: LinkWeather;
  readonly disk: DiskLatency;
  /** How much slower or faster each server's clock may run: 0.1 is ten per cent. */
  readonly clockDrift: number;
  /** How far a tick may be from its place, in units: ticks come at uneven distances. */
  readonly tickJitterUnits: number;
  /** Writes in one segment of the log; the next one makes a new file. */
  readonly segmentWrites: number;
  /** Longest time that applying a batch takes, in units. */
  readonly applyMaxUnits: number;
  readonly snapshotEveryEntries: number;
  readonly snapshotRetainEntries: number;
  readonly clients: ClientKnobs;
  readonly faults: FaultKnobs;
  readonly membership: MembershipKnobs;
  /** Length of the part with faults, in ticks. */
  readonly faultTicks: number;
}

export interface ClientKnobs {
  readonly count: number;
  /** So many of them only read, in quick succession, and seek out leaders that are deposed. */
  readonly readers: number;
  /** Longest pause between two operations, in units. */
  readonly thinkMaxUnits: number;
  readonly timeoutUnits: number;
  readonly attemptsMax: number;
  /** Probabilities: a request or reply is lost; an operation is given up while it is open. */
  readonly loss: number;
  readonly abandon: number;
  /** Probability that a command follows the last known leader; else any server is asked. */
  readonly followLeader: number;
}

export interface FaultKnobs {
  readonly enabled: ReadonlySet<FaultKind>;
  /** Mean time between two faults, in ticks. */
  readonly everyTicks: number;
  /** Longest time until a fault is mended, in ticks. */
  readonly lastsMaxTicks: number;
  /** Probability that a server tells its core about an undeliverable message. */
  readonly reportUnreachable: number;
}

export interface DrawOptions {
  /** Faults that stay off, whatever the seed says. */
  readonly without?: readonly FaultKind[];
  /** Cuts the part with faults to this many ticks. */
  readonly ticks?: number;
}

export function drawKnobs(seed: number, options: DrawOptions = {}): Knobs {
  const random = new Random(seed, "knobs");
  const voters = random.pick([1, 3, 3, 3, 3, 3, 3, 5, 5, 5]);
  const learners = random.pick([0, 0, 0, 1]);
  const drawnRaft = { ...drawRaft(random), ...drawTransfers(new Random(seed, "transfers")) };
  const without = new Set(options.without);
  const membership = drawMembership(seed, without);
  const enabled = drawFaults(seed, without);
  const readers = random.pick([0, 0, 1, 2]);
  const drawnEvery = random.pick([3, 5, 8, 16, 64, 1000]);
  const snapshotEveryEntries = enabled.has("lagging") ? Math.min(8, drawnEvery) : drawnEvery;
  const drawnTicks = random.pick([200, 300, 400, 600]);
  const { electionTimeoutTicks } = drawnRaft;
  const clockDrift = random.pick([0, 0.05, clockDriftMax]);
  const tickJitterUnits = random.pick([10, 10, 70]);
  const drift = enabled.has("clock") ? clockDriftMax : clockDrift;
  const leaseMs = drawLease(seed, { electionTimeoutTicks, clockDrift: drift, tickJitterUnits });
  return {
    voters,
    learners,
    raft: { ...drawnRaft, leaseMs },
    weather: drawWeather(random.fork("weather"), enabled, electionTimeoutTicks),
    disk: random.pick([
      { min: 1, max: 5 },
      { min: 1, max: 50 },
      { min: 10, max: 200 },
      { min: 1, max: 400 },
    ]),
    clockDrift,
    tickJitterUnits,
    segmentWrites: random.pick([2, 8, 1000]),
    applyMaxUnits: random.pick([0, 0, 20, 300]),
    snapshotEveryEntries,
    snapshotRetainEntries: random.pick([0, 0, 1, 4]),
    clients: {
      count: random.between(1, 6),
      readers: enabled.has("lateAcks") || leaseMs > 0 ? Math.max(1, readers) : readers,
      thinkMaxUnits: random.pick([20, 100, 400]),
      timeoutUnits: random.pick([300, 1000, 3000]),
      attemptsMax: random.pick([2, 5, 12]),
      loss: random.pick([0, 0.02, 0.2]),
      abandon: random.pick([0, 0, 0.05]),
      followLeader: random.pick([0.5, 0.9, 1]),
    },
    faults: {
      enabled: new Set([...enabled, ...membership.kinds]),
      everyTicks: random.pick([4, 8, 15, 30, 60]),
      lastsMaxTicks: random.pick([3, 10, 25, 60]),
      reportUnreachable: random.pick([0, 0.1, 1]),
    },
    membership,
    faultTicks: Math.min(drawnTicks, options.ticks ?? drawnTicks),
  };
}

type TransferKnobs = Pick<Knobs["raft"], "snapshotTransfersMax" | "snapshotBytesPerTick">;

function drawTransfers(random: Random): TransferKnobs {
  return {
    snapshotTransfersMax: random.pick([1, 1, 2]),
    snapshotBytesPerTick: random.pick([20, 200, 1 << 20]),
  };
}

function drawRaft(random: Random): Omit<Knobs["raft"], keyof TransferKnobs | "leaseMs"> {
  const electionTimeoutTicks = random.pick([4, 6, 10, 10, 15]);
  return {
    electionTimeoutTicks,
    heartbeatTicks: random.between(1, Math.max(1, electionTimeoutTicks >> 2)),
    messageMaxBytes: random.pick([1, 40, 120, 1 << 20]),
    messageMaxEntries: random.pick([1, 1, 2, 5, 64]),
    inflightMaxMessages: random.pick([1, 2, 4, 16]),
    inflightMaxBytes: random.pick([1, 200, 1 << 20]),
    uncommittedMaxBytes: random.pick([64, 400, 1 << 20]),
    entryMaxBytes: 1 << 16,
    pendingReadsMax: random.pick([1, 2, 64]),
    snapshotChunkMaxBytes: random.pick([5, 16, 64, 1 << 16]),
    inflightMaxWrites: random.pick([1, 1, 2, 4]),
    committedMaxBytes: random.pick([1, 60, 1 << 20]),
    diskStallTicks: electionTimeoutTicks * random.pick([2, 4]),
  };
}

const themes: readonly (readonly BreakingKind[])[] = [
  ["rollingLeaders"],
  ["rollingLeaders", "loss"],
  ["lateAcks"],
  ["lateAcks", "duplication"],
  ["pause", "replay"],
  ["hang", "crash"],
  ["lagging"],
  ["lagging", "leaderCrash"],
  ["freshStart"],
];

function drawFaults(seed: number, without: ReadonlySet<FaultKind>): Set<BreakingKind> {
  const random = new Random(seed, "faults");
  const share = random.pick([0.1, 0.3, 0.5, 0.8]);
  // Each kind draws for itself: switching one off, or adding one, leaves the others as they were.
  const drawn = breakingKinds.filter((kind) => new Random(seed, kind).chance(share));
  // Some schedules need quiet around them: Figure 8, or an ack that comes after its leader's time.
  const isThemed = random.chance(0.25);
  const theme = random.pick(themes);
  if (isThemed) drawn.splice(0, drawn.length, ...theme);
  return new Set(drawn.filter((kind) => !without.has(kind)));
}

function drawWeather(
  random: Random,
  enabled: ReadonlySet<FaultKind>,
  electionTimeoutTicks: number,
): LinkWeather {
  const loss = random.pick([0.01, 0.05, 0.2, 0.4]);
  const duplication = random.pick([0.01, 0.1, 0.5]);
  const replay = random.pick([0.002, 0.01, 0.05]);
  const stray = random.pick([0.002, 0.02]);
  return {
    ...calmWeather,
    loss: enabled.has("loss") ? loss : 0,
    duplication: enabled.has("duplication") ? duplication : 0,
    replay: enabled.has("replay") ? replay : 0,
    stray: enabled.has("stray") ? stray : 0,
    replayMaxUnits: 40 * electionTimeoutTicks * unitsPerTick,
    delayMax: random.pick([10, 50, 200, 500]),
    ordered: random.chance(0.3),
  };
}
