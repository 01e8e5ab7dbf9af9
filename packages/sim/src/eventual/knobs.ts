/** The setting of one run of eventual mode, drawn from its seed; limits are tiny: see ../knobs.ts. */
import type { EventualLimits, EventualTiming } from "@counter/eventual";
import type { DiskLatency } from "../disk.ts";
import { unitsPerTick } from "../event-heap.ts";
import type { LinkWeather } from "../network.ts";
import { calmWeather } from "../network.ts";
import { Random } from "../random.ts";

/** What can go wrong, by name; `--without` switches one off. */
export const eventualFaultKinds = [
  "crash",
  "crashAll",
  "pause",
  "partition",
  "noDial",
  "clog",
  "clock",
  "slowDisk",
  "full",
  "lost",
  "rollback",
  "twin",
  "loss",
  "duplication",
  "replay",
  "join",
  "leave",
  "remove",
  "resets",
  "conflicts",
  "opaque",
  "lateRetries",
  "provisional",
  "foreign",
  "settings",
] as const;

export type EventualFaultKind = (typeof eventualFaultKinds)[number];

/** True time that passes in a tick. */
export const msPerTick = 50;

export interface EventualClientKnobs {
  readonly count: number;
  readonly counters: number;
  /** Longest pause between two operations, in units. */
  readonly thinkMaxUnits: number;
  readonly timeoutUnits: number;
  /** Probabilities: of an answer to be lost, of an addition to carry a key. */
  readonly replyLoss: number;
  readonly keyed: number;
  /** Probability that a client asks the node that it asked last. */
  readonly sticky: number;
  /** How far a client's clock may be off, in ms. */
  readonly skewMs: number;
}

export interface EventualKnobs {
  readonly nodes: number;
  readonly limits: EventualLimits;
  readonly timing: EventualTiming;
  readonly weather: LinkWeather;
  readonly disk: DiskLatency;
  /** How much slower or faster each tick may be. */
  readonly clockDrift: number;
  /** Entries on the disk beyond the last checkpoint that start another one. */
  readonly checkpointEntries: number;
  /** Probability that a host looks at its core a moment later, when more inputs have come in. */
  readonly lazyHost: number;
  /** Whether every message goes through the codec of the wire. */
  readonly isEncoded: boolean;
  /** After so long without an answer a transport gives an exchange up, in units. */
  readonly exchangeUnits: number;
  readonly clients: EventualClientKnobs;
  readonly faults: {
    readonly enabled: ReadonlySet<EventualFaultKind>;
    readonly everyTicks: number;
    readonly lastsMaxTicks: number;
  };
  /** Length of the part with faults, in ticks. */
  readonly faultTicks: number;
}

export interface EventualDrawOptions {
  /** Faults that stay off, whatever the seed says. */
  readonly without?: readonly EventualFaultKind[];
  /** Cuts the part with faults to this many ticks. */
  readonly ticks?: number;
}

export function drawEventualKnobs(seed: number, options: EventualDrawOptions = {}): EventualKnobs {
  const random = new Random(seed, "eventual knobs");
  const enabled = drawFaults(seed, new Set(options.without));
  const nodes = random.pick([2, 3, 3, 3, 4, 5]);
  const drawnTicks = random.pick([150, 250, 400, 600]);
  return {
    nodes,
    limits: drawLimits(random.fork("limits"), enabled),
    timing: drawTiming(random.fork("timing")),
    weather: drawWeather(random.fork("weather"), enabled),
    disk: random.pick([
      { min: 1, max: 5 },
      { min: 1, max: 60 },
      { min: 10, max: 250 },
    ]),
    clockDrift: random.pick([0, 0.05, 0.3]),
    checkpointEntries: random.pick([10, 30, 100, 2000]),
    lazyHost: random.pick([0, 0, 0.3]),
    isEncoded: new Random(seed, "encoded").chance(0.2),
    exchangeUnits: random.pick([300, 800, 2000]),
    clients: drawClients(random.fork("clients")),
    faults: {
      enabled,
      everyTicks: random.pick([5, 10, 20, 40]),
      lastsMaxTicks: random.pick([5, 20, 60, 150]),
    },
    faultTicks: Math.min(drawnTicks, options.ticks ?? drawnTicks),
  };
}

function drawLimits(random: Random, enabled: ReadonlySet<EventualFaultKind>): EventualLimits {
  return {
    recordMaxBytes: random.pick([80, 300, 4096, 1 << 16]),
    messageMaxBytes: random.pick([200, 1000, 1 << 20]),
    messageMaxRecords: random.pick([1, 2, 5, 64]),
    retainedMaxBytes: random.pick([300, 1500, 6000, 1 << 20]),
    pendingMaxBytes: random.pick([600, 4000, 1 << 20]),
    keysMax: random.pick([20, 200, 100_000, 100_000]),
    countersMax: 100,
    membersMax: enabled.has("lost") ? 40 : 16,
    snapshotMaxBytes: 1_000_000,
    transfersMax: random.pick([1, 2]),
  };
}

function drawTiming(random: Random): EventualTiming {
  return {
    heartbeatTicks: random.pick([3, 5, 10]),
    exchangeTicks: random.pick([4, 8, 20]),
    probeMaxTicks: random.pick([10, 30]),
    antiEntropyTicks: random.pick([5, 10, 20]),
    resumeTicks: random.pick([5, 20, 60]),
    promiseTicks: random.pick([3, 10, 20]),
    keyWindowMs: random.pick([20, 60, 150]) * msPerTick,
    keyMarginMs: random.pick([0, 2, 10]) * msPerTick,
  };
}

function drawClients(random: Random): EventualClientKnobs {
  return {
    count: random.between(1, 6),
    counters: random.pick([1, 2, 3]),
    thinkMaxUnits: random.pick([50, 200, 1000]),
    timeoutUnits: random.pick([200, 600, 2000]),
    replyLoss: random.pick([0, 0.05, 0.3]),
    keyed: random.pick([0, 0.5, 0.9]),
    sticky: random.pick([0, 0.5, 0.95]),
    skewMs: random.pick([0, 2, 8]) * msPerTick,
  };
}

/** Some schedules need quiet around them. */
const themes: readonly (readonly EventualFaultKind[])[] = [
  [],
  ["crash"],
  ["partition", "lateRetries"],
  ["partition", "conflicts"],
  ["partition", "resets", "crash"],
  ["resets", "loss"],
  ["lost", "join"],
  ["rollback"],
  ["twin"],
  ["leave", "remove", "join"],
  ["clock", "lateRetries", "partition"],
  ["noDial", "loss"],
  ["provisional", "partition", "join"],
];

/** What keeps nodes from hearing of each other. */
const silencing: readonly EventualFaultKind[] = [
  ...["crash", "crashAll", "pause", "partition", "noDial", "clog", "loss"],
  ...["lost", "rollback", "leave", "remove", "full", "slowDisk", "join"],
] as EventualFaultKind[];

function drawFaults(seed: number, without: ReadonlySet<EventualFaultKind>): Set<EventualFaultKind> {
  const random = new Random(seed, "eventual faults");
  const share = random.pick([0.1, 0.3, 0.5]);
  // Each kind draws for itself: switching one off, or adding one, leaves the others as they were.
  const drawn = eventualFaultKinds.filter((kind) => new Random(seed, kind).chance(share));
  const isThemed = random.chance(0.35);
  const theme = random.pick(themes);
  if (isThemed) drawn.splice(0, drawn.length, ...theme);
  const enabled = new Set(drawn.filter((kind) => !without.has(kind)));
  // A twin is refused by whoever can hear both; where nobody can, nothing but a lock would help.
  if (enabled.has("twin")) for (const kind of silencing) enabled.delete(kind);
  // A provisional node may well join another cluster that calls it.
  if (enabled.has("provisional")) enabled.delete("foreign");
  return enabled;
}

function drawWeather(random: Random, enabled: ReadonlySet<EventualFaultKind>): LinkWeather {
  const loss = random.pick([0.02, 0.1, 0.3]);
  const duplication = random.pick([0.02, 0.1, 0.5]);
  const replay = random.pick([0.005, 0.02]);
  return {
    ...calmWeather,
    loss: enabled.has("loss") ? loss : 0,
    duplication: enabled.has("duplication") ? duplication : 0,
    replay: enabled.has("replay") ? replay : 0,
    replayMaxUnits: 300 * unitsPerTick,
    delayMax: random.pick([10, 60, 200]),
    ordered: random.chance(0.3),
  };
}
