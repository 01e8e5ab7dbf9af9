/**
 * One run of eventual mode: build a cluster from a seed, break it for a while with all checks on,
 * then mend everything and see that all nodes come to know the same, and that it adds up.
 */
import { EventualCore } from "@counter/eventual";
import { Tally } from "../coverage.ts";
import { EventHeap, unitsPerTick } from "../event-heap.ts";
import { Random } from "../random.ts";
import { Trace } from "../trace.ts";
import { Agreement, vectorText } from "./agreement.ts";
import { SimClient } from "./clients.ts";
import type { ClientOperation } from "./client-operations.ts";
import { eventualCornerNames } from "./corners.ts";
import type { EventualCorner } from "./corners.ts";
import { Exchanges } from "./exchanges.ts";
import { EventualAdversary } from "./faults.ts";
import { drawEventualKnobs } from "./knobs.ts";
import type { EventualDrawOptions, EventualKnobs } from "./knobs.ts";
import { calmWeather } from "../network.ts";
import { SimNode } from "./node.ts";
import { reckon } from "./reckoning.ts";
import { EventualViolation, must } from "./sentences.ts";
import type { EventualInvariant } from "./sentences.ts";
import { Truth } from "./truth.ts";
import type { EventualWorld, SimCoreFactory } from "./world.ts";

export interface EventualRunOptions extends EventualDrawOptions {
  /** Makes the cores; default `EventualCore` of `@counter/eventual`. */
  readonly factory?: SimCoreFactory;
  /** Whether to keep the trace; costs time and memory. */
  readonly trace?: boolean;
  /** Replaces drawn settings. */
  readonly knobs?: Partial<EventualKnobs>;
}

export interface EventualRunResult {
  readonly seed: number;
  readonly ok: boolean;
  readonly violation: { readonly invariant: EventualInvariant; readonly detail: string } | null;
  /** Equal for two runs of a seed with the same options. */
  readonly traceHash: string;
  readonly events: number;
  /** Client operations that were answered. */
  readonly answered: number;
  readonly coverage: Readonly<Record<EventualCorner, number>>;
  /** Empty unless it was asked for. */
  readonly trace: readonly string[];
}

/** Most events of one run; a run that needs more does not end. */
export const eventualEventsMax: number = 3_000_000;

/** Twice as long is looked at what a cluster does when it has nothing to do. */
const quietTicks = 40;

/** Nodes that may join in a run, twins included. */
const spareSeats = 4;

/** Runs one seed to its end, or to the first violation. Findings are returned, never thrown. */
export function runEventualSeed(seed: number, options: EventualRunOptions = {}): EventualRunResult {
  const run = new EventualRun(seed, options);
  let violation: EventualViolation | null = null;
  try {
    run.execute();
  } catch (error) {
    if (!(error instanceof EventualViolation)) throw error;
    violation = error;
    run.world.trace.line(run.world.heap.now, "violation", error.message);
  }
  const { trace, coverage } = run.world;
  const { invariant, detail } = violation ?? { invariant: null, detail: "" };
  return {
    seed,
    ok: violation === null,
    violation: invariant === null ? null : { invariant, detail },
    traceHash: trace.hash,
    events: run.events,
    answered: run.operations.filter(({ isDone }) => isDone).length,
    coverage: coverage.counts,
    trace: trace.lines,
  };
}

class EventualRun {
  readonly world: EventualWorld;
  readonly operations: ClientOperation[] = [];
  events = 0;
  readonly #clients: readonly SimClient[];
  readonly #adversary: EventualAdversary;

  constructor(seed: number, options: EventualRunOptions) {
    const knobs = { ...drawEventualKnobs(seed, options), ...options.knobs };
    const random = new Random(seed, "eventual run");
    this.world = buildWorld(knobs, options, random);
    const { world, operations } = this;
    this.#clients = Array.from({ length: knobs.clients.count }, (_, number) => {
      return new SimClient({ world, number, random: random.fork(`client ${number}`), operations });
    });
    this.#adversary = new EventualAdversary(world, random.fork("faults"));
  }

  execute(): void {
    const { world } = this;
    for (const node of world.nodes) node.start();
    for (const client of this.#clients) client.start();
    this.#adversary.start();
    this.#runUntil(world.knobs.faultTicks * unitsPerTick, () => false);
    this.#heal();
    this.#mustReach("answer for every client", () => this.#clients.every((c) => c.isIdle));
    this.#mustReach("equal vectors", () => this.#areEqual());
    this.#staysQuiet();
    this.#removedHaveStopped();
    this.#finalCheck();
  }

  /** Who was removed while it was away learns it from anybody who knows it and is still known to it. */
  #removedHaveStopped(): void {
    const { nodes } = this.world;
    for (const { id, name, isRemoved, process } of nodes) {
      if (!isRemoved || process === null) continue;
      // Whoever was told to remove it may have gone the same way, before anybody else heard of it.
      const telling = nodes.filter((other) => {
        const known = other.process?.status.members.find((member) => member.id === id);
        return known?.status === "removed";
      });
      const addresses = new Set(telling.map(({ address }) => address));
      const reaches = process.status.peers.some(({ address }) => addresses.has(address));
      must(!reaches, "removed-stops", () => `${name} goes on`);
    }
  }

  #heal(): void {
    const { world } = this;
    world.isHealed = true;
    world.trace.line(world.heap.now, "run", "all faults are over");
    this.#adversary.end();
    world.exchanges.heal();
    world.exchanges.network.weather = calmWeather;
    for (const node of world.nodes) {
      node.clock.mend();
      node.pace = 1;
      node.disk.isFull = false;
      node.disk.slowness = 1;
      node.start();
    }
    for (const client of this.#clients) client.finish();
  }

  /** Nothing is asked for over and over again once there is nothing left to be had. */
  #staysQuiet(): void {
    const { heap, exchanges, nodes } = this.world;
    this.#runUntil(heap.now + quietTicks * unitsPerTick, () => false);
    const before = exchanges.requests;
    this.#runUntil(heap.now + quietTicks * unitsPerTick, () => false);
    const requests = exchanges.requests - before;
    must(requests <= quietTicks * nodes.length ** 2, "sent-sparingly", () => {
      return `${requests} requests in ${quietTicks} ticks without work`;
    });
    this.#mustReach("equal vectors again", () => this.#areEqual());
  }

  /** Who has to know everything in the end. */
  get #living(): SimNode[] {
    const { nodes, goneIds } = this.world;
    return nodes.filter((node) => !node.isGone && !goneIds.has(node.id));
  }

  #areEqual(): boolean {
    let before: string | null = null;
    for (const { process, disk } of this.#living) {
      if (process === null || disk.pendingWrites > 0) return false;
      const vector = vectorText(process.core.vector());
      if (before !== null && vector !== before) return false;
      before = vector;
    }
    return true;
  }

  #finalCheck(): void {
    const living = this.#living;
    for (const { process, watch } of living) watch.onStatus(process!.core);
    const [first] = living;
    if (first !== undefined) reckon(this.world, first.watch.model, this.operations);
  }

  #mustReach(what: string, isReached: () => boolean): void {
    const { heap, knobs } = this.world;
    const { timing, clients, faults, limits } = knobs;
    // Probes, syncs and time-outs that were planned during the faults have to come to their end.
    const rounds = 12 * (timing.probeMaxTicks + timing.antiEntropyTicks + timing.exchangeTicks);
    const planned = faults.lastsMaxTicks + timing.resumeTicks + (4 * clients.timeoutUnits) / 100;
    const records = [...this.world.truth.writers.values()].reduce(
      (n, w) => n + w.records.length,
      0,
    );
    const catchUp = (records * this.world.nodes.length) / limits.messageMaxRecords;
    const ticks = 200 + rounds + planned + catchUp;
    if (this.#runUntil(heap.now + ticks * unitsPerTick, isReached)) return;
    throw new EventualViolation("converges", `no ${what} within ${ticks} ticks`);
  }

  /** Runs events up to this moment, or until `isReached`; answers whether it was reached. */
  #runUntil(end: number, isReached: () => boolean): boolean {
    const { heap } = this.world;
    let sinceLook = 0;
    while (heap.now < end) {
      sinceLook += 1;
      if (sinceLook >= 16) {
        sinceLook = 0;
        if (isReached()) return true;
      }
      if (!heap.runNext()) break;
      this.events += 1;
      if (this.events > eventualEventsMax) {
        throw new EventualViolation("converges", "the run does not end");
      }
    }
    return isReached();
  }
}

function buildWorld(
  knobs: EventualKnobs,
  options: EventualRunOptions,
  random: Random,
): EventualWorld {
  const heap = new EventHeap();
  const seatsMax = knobs.nodes + spareSeats;
  const nodes: SimNode[] = [];
  const coverage = new Tally(eventualCornerNames);
  const parts = { heap, coverage, knobs, nodes };
  const world: EventualWorld = {
    ...parts,
    trace: new Trace(options.trace === true),
    factory: options.factory ?? ((given) => new EventualCore(given)),
    truth: new Truth(),
    agreement: new Agreement(),
    goneIds: new Set(),
    leaverIds: new Set(),
    seatsMax,
    exchanges: new Exchanges(parts, random.fork("network"), seatsMax),
    recordCopies: 0,
    rollbacks: 0,
    isHealed: false,
  };
  for (let seat = 0; seat < knobs.nodes; seat += 1) {
    const node = new SimNode(world, seat, random.fork(`node ${seat}`));
    node.pace = 1 + knobs.clockDrift * (random.between(-100, 100) / 100);
    nodes.push(node);
  }
  for (const node of nodes) {
    node.peers = nodes.filter((other) => other !== node).map(({ address }) => address);
  }
  return world;
}
