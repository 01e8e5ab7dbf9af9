/**
 * One run: build a cluster from a seed, break it for a while with all checks on, then heal it and
 * see that it comes back: a leader, answers for everybody, equal servers, a history that holds.
 */
import type { RaftCoreFactory } from "@counter/raft";
import { buildWorld } from "./build-world.ts";
import { SimClient } from "./clients.ts";
import type { CornerCounts } from "./coverage.ts";
import { calmLatency } from "./disk.ts";
import { unitsPerTick } from "./event-heap.ts";
import { Adversary } from "./faults.ts";
import { finalCheck } from "./final-check.ts";
import type { HostFlaw } from "./host-flaws.ts";
import { drawKnobs } from "./knobs.ts";
import type { DrawOptions, Knobs } from "./knobs.ts";
import type { SimWorkload } from "./machine.ts";
import { isAtRest, leaderInForce, membersInForce } from "./membership-fairness.ts";
import { MembershipFaults } from "./membership-faults.ts";
import { calmWeather } from "./network.ts";
import { Random } from "./random.ts";
import type { SimServer } from "./server.ts";
import { Violation, check } from "./violation.ts";
import type { InvariantName } from "./violation.ts";
import type { World } from "./world.ts";

export interface RunOptions extends DrawOptions {
  /** Makes the cores; default `RaftCore` of `@counter/raft`. */
  readonly factory?: RaftCoreFactory;
  /** The state machine and its clients; default a tiny keyed counter. */
  readonly workload?: SimWorkload;
  /** Whether to keep the trace; costs time and memory. */
  readonly trace?: boolean;
  /** A clause of the host's contract that every host breaks: the run must find out. */
  readonly flaw?: HostFlaw;
  /** Replaces drawn settings. */
  readonly knobs?: Partial<Knobs>;
}

export interface RunResult {
  readonly seed: number;
  readonly ok: boolean;
  readonly violation: { readonly invariant: InvariantName; readonly detail: string } | null;
  /** Equal for two runs of a seed with the same options. */
  readonly traceHash: string;
  readonly events: number;
  /** Client operations that were answered. */
  readonly answered: number;
  readonly coverage: CornerCounts;
  /** Empty unless it was asked for. */
  readonly trace: readonly string[];
}

/** Most events of one run; a run that needs more does not end. */
export const eventsPerRunMax: number = 5_000_000;

/** Within so many of the longest election timeouts a healed cluster must be well again. */
export const livenessTimeouts: number = 10;

/** For so many election timeouts it must stay well, whatever servers of before think. */
const calmTimeouts = 4;

/**
 * Runs one seed to its end, or to the first violation.
 *
 * @example
 * ```ts
 * const { ok, violation } = runSeed(42, { workload: myWorkload });
 * ```
 * @throws {RangeError} when `knobs` are out of range; findings are returned, never thrown
 */
export function runSeed(seed: number, options: RunOptions = {}): RunResult {
  const run = new Run(seed, options);
  let violation: Violation | null = null;
  try {
    const first = run.execute().next();
    if (first.done !== true) throw new TypeError("this machine is asynchronous: use runSeedAsync");
  } catch (error) {
    violation = violationFrom(error);
  }
  return resultOf(seed, run, violation);
}

/** The same for a workload whose machines restore asynchronously. The hash is the same, too. */
export async function runSeedAsync(seed: number, options: RunOptions = {}): Promise<RunResult> {
  const run = new Run(seed, options);
  let violation: Violation | null = null;
  try {
    for (const awaited of run.execute()) await awaited;
  } catch (error) {
    violation = violationFrom(error);
  }
  return resultOf(seed, run, violation);
}

function violationFrom(error: unknown): Violation {
  if (error instanceof Violation) return error;
  throw error;
}

function resultOf(seed: number, run: Run, violation: Violation | null): RunResult {
  if (violation !== null) {
    run.world.trace.line(run.world.heap.now, "violation", violation.message);
  }
  const { trace, coverage, history } = run.world;
  return {
    seed,
    ok: violation === null,
    violation:
      violation === null ? null : { invariant: violation.invariant, detail: violation.detail },
    traceHash: trace.hash,
    events: run.events,
    answered: history.filter(({ outcome }) => outcome === "answered").length,
    coverage: coverage.counts,
    trace: trace.lines,
  };
}

class Run {
  readonly world: World;
  events = 0;
  readonly #servers: readonly SimServer[];
  readonly #clients: readonly SimClient[];
  readonly #adversary: Adversary;
  readonly #membership: MembershipFaults;

  constructor(seed: number, options: RunOptions) {
    const knobs = { ...drawKnobs(seed, options), ...options.knobs };
    const random = new Random(seed, "run");
    const { world, servers } = buildWorld({ ...options, knobs, random });
    this.world = world;
    this.#servers = servers;
    this.#clients = Array.from(
      { length: knobs.clients.count + knobs.clients.readers },
      (_, position) => {
        const isReader = position >= knobs.clients.count;
        const draws = random.fork(`client ${position}`);
        return new SimClient({ world, servers, position, isReader, random: draws });
      },
    );
    this.#adversary = new Adversary({ world, servers, random: random.fork("faults") });
    const asks = random.fork("membership");
    this.#membership = new MembershipFaults({ world, servers, random: asks });
  }

  /** Yields what must be awaited before it goes on; nothing with a synchronous machine. */
  *execute(): Generator<Promise<void>, void> {
    const { knobs } = this.world;
    for (const server of this.#servers) server.start();
    for (const client of this.#clients) client.start();
    this.#adversary.start();
    this.#membership.start();
    yield* this.#runUntil(knobs.faultTicks * unitsPerTick, () => false);
    this.#heal();
    yield* this.#mustReach("a leader that everybody follows", () => this.#hasLeader());
    for (const client of this.#clients) client.finish();
    yield* this.#mustReach("an answer for every client", () =>
      this.#clients.every((c) => c.isDone),
    );
    yield* this.#mustReach("equal members at rest", () => this.#areEqual());
    if (knobs.membership.spares > 0) yield* this.#staysCalm();
    const members = membersInForce(this.#servers);
    finalCheck(this.world, members);
    if (members.some(({ id, status }) => status?.configuration.learners.includes(id) === true)) {
      this.world.coverage.hit("learnerCaughtUp");
    }
  }

  #heal(): void {
    const { world } = this;
    world.trace.line(world.heap.now, "fault", "everything is healed");
    world.isHealed = true;
    this.#adversary.stop();
    world.network.weather = { ...calmWeather };
    for (const server of this.#servers) server.disk.latency = calmLatency;
    this.#adversary.mendAll();
    this.#membership.stop();
  }

  /** Who is no member any more, and perhaps has not heard of it, must not depose anybody. */
  *#staysCalm(): Generator<Promise<void>, void> {
    const { heap, knobs } = this.world;
    const before = leaderInForce(this.#servers)?.status;
    const undisturbed = (): void => {
      const now = leaderInForce(this.#servers)?.status;
      check(now?.term === before?.term, "undisturbed", () => {
        return `${before?.id ?? "nobody"} led t${before?.term ?? 0}, now ${now?.id ?? "nobody"} t${now?.term ?? 0}`;
      });
    };
    const end = heap.now + calmTimeouts * knobs.raft.electionTimeoutTicks * unitsPerTick;
    yield* this.#runUntil(end, () => false);
    undisturbed();
    // A learner may have been promoted just now, and not everybody have applied it.
    yield* this.#mustReach("equal members after a calm while", () => this.#areEqual());
    undisturbed();
  }

  *#mustReach(what: string, isReached: () => boolean): Generator<Promise<void>, void> {
    const { heap, knobs } = this.world;
    const patience = livenessTimeouts * 2 * knobs.raft.electionTimeoutTicks * unitsPerTick;
    // What was planned during the faults (restarts, mends) is over by then as well.
    const slack = knobs.faults.lastsMaxTicks * unitsPerTick + knobs.clients.timeoutUnits * 3;
    const end = heap.now + patience + slack + this.#catchUpUnits();
    if (yield* this.#runUntil(end, isReached)) return;
    throw new Violation("liveness", `no ${what} within ${livenessTimeouts} election timeouts`);
  }

  /**
   * With one entry a message and three bytes a chunk, even a calm network needs its round trips;
   * and all may need a snapshot, one after the other, at the pace that the leader is allowed.
   */
  #catchUpUnits(): number {
    const { invariants, knobs } = this.world;
    const { snapshotChunkMaxBytes, snapshotBytesPerTick } = knobs.raft;
    const roundTripUnits = 50;
    const sizes = this.#servers.map((server) => server.image.snapshot?.bytes.length ?? 0);
    const bytes = Math.max(...sizes) * sizes.length;
    const paceUnits = (bytes / snapshotBytesPerTick) * unitsPerTick;
    const roundTrips = invariants.committed.lastIndex + bytes / snapshotChunkMaxBytes;
    return roundTrips * roundTripUnits + paceUnits;
  }

  /** Runs events up to this moment, or until `isReached`; answers whether it was reached. */
  *#runUntil(end: number, isReached: () => boolean): Generator<Promise<void>, boolean> {
    const { world } = this;
    const { heap } = world;
    let sinceLook = 0;
    while (heap.now < end) {
      sinceLook += 1;
      if (sinceLook >= 16) {
        sinceLook = 0;
        if (isReached()) return true;
      }
      if (!heap.runNext()) break;
      this.events += 1;
      if (world.awaited !== null) {
        const { awaited } = world;
        world.awaited = null;
        yield awaited;
      }
      if (this.events > eventsPerRunMax) throw new Violation("liveness", "the run does not end");
    }
    return isReached();
  }

  #hasLeader(): boolean {
    const leader = leaderInForce(this.#servers);
    const members = membersInForce(this.#servers);
    return (
      leader !== null &&
      members.every(
        ({ status }) => status?.term === leader.status?.term && status?.leaderId === leader.id,
      )
    );
  }

  /** All members are, and nothing is left to be done. Who was removed does not matter any more. */
  #areEqual(): boolean {
    const last = this.world.invariants.committed.lastIndex;
    return (
      this.#hasLeader() &&
      isAtRest(this.#servers) &&
      membersInForce(this.#servers).every(
        (server) =>
          server.appliedIndex === last &&
          server.status?.lastIndex === last &&
          server.status.persistedIndex === last,
      )
    );
  }
}
