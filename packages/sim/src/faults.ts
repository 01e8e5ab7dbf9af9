/** The adversary: breaks things at random, of the kinds that the seed switched on, and mends them. */
import type { DiskFailure } from "./disk.ts";
import { unitsPerTick } from "./event-heap.ts";
import { clockDriftMax } from "./knobs.ts";
import type { BreakingKind, FaultKind } from "./knobs.ts";
import { isExpendable } from "./membership-fairness.ts";
import { isMembershipKind } from "./membership-knobs.ts";
import { NetworkFaults } from "./network-faults.ts";
import type { Random } from "./random.ts";
import { paceWithin } from "./server.ts";
import type { SimServer } from "./server.ts";
import type { World } from "./world.ts";

export interface AdversaryOptions {
  readonly world: World;
  readonly servers: readonly SimServer[];
  readonly random: Random;
}

/** Faults that are done to the network or to messages all the time, not now and then. */
const weather: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "loss",
  "duplication",
  "replay",
  "stray",
]);

/** Faults that an election brings about. */
const onElection: ReadonlySet<FaultKind> = new Set<FaultKind>(["youngLeader", "rollingLeaders"]);

export class Adversary {
  readonly #options: AdversaryOptions;
  readonly #kinds: readonly BreakingKind[];
  readonly #network: NetworkFaults;
  readonly #fallen: SimServer[] = [];
  #stopped = false;

  constructor(options: AdversaryOptions) {
    this.#options = options;
    const { enabled } = options.world.knobs.faults;
    const breaking = [...enabled].filter((kind) => !isMembershipKind(kind));
    this.#kinds = breaking.filter((kind) => !weather.has(kind));
    this.#network = new NetworkFaults({
      ...options,
      mendLater: (mend) => this.#mendLater(mend),
      say: (what) => this.#say(what),
      isOver: () => this.#stopped,
    });
  }

  start(): void {
    const { world, servers, random } = this.#options;
    world.onElected = (position): void => {
      if (this.#stopped) return;
      const isYoung = this.#kinds.includes("youngLeader") && random.chance(0.5);
      if (isYoung) this.#cutShort(servers[position]!);
      if (this.#kinds.includes("rollingLeaders")) this.#roll(servers[position]!);
    };
    if (this.#kinds.some((kind) => !onElection.has(kind))) this.#plan();
  }

  /** Stops breaking things. What is broken stays broken until {@link Adversary.mendAll}. */
  stop(): void {
    this.#stopped = true;
  }

  mendAll(): void {
    const { servers, world } = this.#options;
    world.network.heal();
    for (const server of servers) {
      server.disk.recover();
      server.isClockStopped = false;
      server.resume();
      server.start();
    }
  }

  #plan(): void {
    const { world, random } = this.#options;
    const delay = random.below(2 * world.knobs.faults.everyTicks * unitsPerTick + 1);
    world.heap.after(delay, () => {
      if (this.#stopped) return;
      this.#strike(random.pick(this.#kinds.filter((kind) => !onElection.has(kind))));
      this.#plan();
    });
  }

  #strike(kind: BreakingKind): void {
    const { servers, random } = this.#options;
    const victim = this.#victim();
    switch (kind) {
      case "crash":
        return this.#crash([victim]);
      case "leaderCrash":
        return this.#crash(servers.filter(isLeader));
      case "majorityCrash":
        return this.#crash(random.shuffled(servers).slice(0, (servers.length >> 1) + 1));
      case "pause":
        victim.pause();
        return this.#mendLater(() => victim.resume());
      case "partition":
        return this.#network.partition(victim);
      case "flap":
        return this.#network.flap(victim);
      case "clog":
        return this.#network.clog(victim);
      case "lateAcks":
        return this.#network.delayAcks(victim);
      case "lagging":
        return this.#network.lag(victim);
      case "freshStart":
        return this.#network.freshStart(victim);
      case "foreign":
        return this.#network.foreign(victim);
      case "clock":
        return this.#disturbClock(victim);
      case "hang":
        victim.disk.hang();
        return this.#mendLater(() => victim.disk.recover());
      case "slowDisk":
        victim.disk.slowness = random.between(2, 20);
        return this.#mendLater(() => victim.disk.recover());
      case "fsync":
        return this.#failDisk(victim, kind);
      case "full":
        return this.#fill(victim);
      case "rot":
        return this.#rot(victim);
      case "amnesia":
        return this.#mayBeEmpty(victim) ? victim.startEmpty() : undefined;
      case "stepDown":
        return servers.filter(isLeader).forEach((leader) => this.#stepDown(leader));
      case "transfer":
        return servers.filter(isLeader).forEach((leader) => this.#handOver(leader));
      case "campaign":
        return victim.nudge({ type: "campaign" });
      case "youngLeader":
      case "rollingLeaders":
      case "loss":
      case "duplication":
      case "replay":
      case "stray":
        return;
    }
  }

  #stepDown(leader: SimServer): void {
    this.#options.world.coverage.hit("leadershipGivenUp");
    leader.nudge({ type: "stepDown" });
  }

  #handOver(leader: SimServer): void {
    const { servers, random } = this.#options;
    leader.nudge({ type: "transfer", to: random.chance(0.5) ? null : random.pick(servers).id });
    if (random.chance(0.3)) this.#network.cutSoon(leader);
  }

  /** Faults are most telling where the leader is. */
  #victim(): SimServer {
    const { servers, random } = this.#options;
    const leaders = servers.filter(isLeader);
    return leaders.length > 0 && random.chance(0.4) ? random.pick(leaders) : random.pick(servers);
  }

  #crash(victims: readonly SimServer[]): void {
    for (const server of victims) {
      server.crash("a fault");
      this.#mendLater(() => {
        server.disk.recover();
        server.start();
      });
    }
  }

  /**
   * A leader that falls when its first messages have just left: entries of its term, and of older
   * ones that it passes on, are on some disks and not on others. That is how Figure 8 begins.
   */
  #cutShort(leader: SimServer): void {
    const { world, random } = this.#options;
    const { delayMax } = world.knobs.weather;
    world.heap.after(random.below(4 * delayMax), () => {
      if (this.#stopped || !isLeader(leader)) return;
      if (random.chance(0.7)) this.#crash([leader]);
      else this.#network.partition(leader);
    });
  }

  /**
   * Each leader falls soon after its election, and a leader of long ago comes back instead: the
   * schedule of Figure 8, over and over, with other moments each time.
   */
  #roll(leader: SimServer): void {
    const { world, random } = this.#options;
    const { weather, disk, voters } = world.knobs;
    world.heap.after(random.below(2 * (weather.delayMax + disk.max)), () => {
      if (this.#stopped || !isLeader(leader)) return;
      leader.crash("it led long enough");
      this.#fallen.push(leader);
      if (this.#fallen.length > (voters - 1) >> 1) this.#fallen.shift()!.start();
    });
  }

  #failDisk(victim: SimServer, failure: DiskFailure): void {
    victim.disk.failNext = failure;
    this.#mendLater(() => {
      victim.disk.failNext = null;
      victim.start();
    });
  }

  /** A host either waits for room, or stops and is started again. */
  #fill(victim: SimServer): void {
    if (this.#options.random.chance(0.3)) return this.#failDisk(victim, "full");
    victim.disk.isFull = true;
    this.#say(`the disk of ${victim.id} is full`);
    this.#mendLater(() => (victim.disk.isFull = false));
  }

  /** Something rots while a server is down, for good or in one reading: it refuses to start. */
  #rot(victim: SimServer): void {
    const { random } = this.#options;
    const lasts = random.chance(0.5);
    if (lasts && !this.#mayLoseDisk(victim)) return;
    victim.crash("its disk is damaged");
    const { log } = victim.image;
    victim.disk.rot = { index: random.between(log.firstIndex, log.lastIndex), lasts };
    victim.start(); // refused
    this.#mendLater(() => victim.start());
  }

  /** Only a minority of the voters may lose their disks. */
  #mayLoseDisk(victim: SimServer): boolean {
    const { servers } = this.#options;
    return isExpendable(servers, victim);
  }

  /** Who was a cluster of one would found another one, and no check knows those apart. */
  #mayBeEmpty(victim: SimServer): boolean {
    const wasAlone = this.#options.world.knobs.voters === 1 && victim.position === 0;
    return !wasAlone && this.#mayLoseDisk(victim);
  }

  /** A clock goes on at another pace, or stands still for a while: missed ticks never come. */
  #disturbClock(victim: SimServer): void {
    const { random, world } = this.#options;
    if (random.chance(0.5)) {
      victim.clock.pace = paceWithin(clockDriftMax, random);
      return;
    }
    if (isLeader(victim)) world.coverage.hit("clockStopped");
    this.#say(`the clock of ${victim.id} stands still`);
    victim.isClockStopped = true;
    this.#mendLater(() => (victim.isClockStopped = false));
  }

  #mendLater(mend: () => void): void {
    const { world, random } = this.#options;
    const { lastsMaxTicks } = world.knobs.faults;
    world.heap.after(random.between(1, lastsMaxTicks * unitsPerTick), mend);
  }

  #say(what: string): void {
    this.#options.world.trace.line(this.#options.world.heap.now, "fault", what);
  }
}

function isLeader(server: SimServer): boolean {
  return server.status?.role === "leader";
}
