/** The adversary: breaks things at random, of the kinds that the seed switched on, and mends them. */
import { unitsPerTick } from "./event-heap.ts";
import type { BreakingKind, FaultKind } from "./knobs.ts";
import { isExpendable } from "./membership-fairness.ts";
import { isMembershipKind } from "./membership-knobs.ts";
import type { PartitionShape } from "./network.ts";
import type { Random } from "./random.ts";
import type { SimServer } from "./server.ts";
import type { World } from "./world.ts";

export interface AdversaryOptions {
  readonly world: World;
  readonly servers: readonly SimServer[];
  readonly random: Random;
}

const shapes: readonly PartitionShape[] = [
  "isolated",
  "isolated",
  "halves",
  "oneWay",
  "bridge",
  "ring",
  "chain",
];

/** Faults that are done to the network or to messages all the time, not now and then. */
const weather: ReadonlySet<FaultKind> = new Set<FaultKind>(["loss", "duplication", "replay"]);

/** Faults that an election brings about. */
const onElection: ReadonlySet<FaultKind> = new Set<FaultKind>(["youngLeader", "rollingLeaders"]);

export class Adversary {
  readonly #options: AdversaryOptions;
  readonly #kinds: readonly BreakingKind[];
  readonly #fallen: SimServer[] = [];
  #stopped = false;

  constructor(options: AdversaryOptions) {
    this.#options = options;
    const { enabled } = options.world.knobs.faults;
    const breaking = [...enabled].filter((kind) => !isMembershipKind(kind));
    this.#kinds = breaking.filter((kind) => !weather.has(kind));
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
    const { servers, random, world } = this.#options;
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
        return this.#partition(victim);
      case "clog":
        return this.#clog(victim);
      case "lateAcks":
        return this.#delayAcks(victim);
      case "hang":
        victim.disk.hang();
        return this.#mendLater(() => victim.disk.recover());
      case "slowDisk":
        victim.disk.slowness = random.between(2, 20);
        return this.#mendLater(() => victim.disk.recover());
      case "fsync":
      case "full":
        victim.disk.failNext = kind;
        return this.#mendLater(() => {
          victim.disk.failNext = null;
          victim.start();
        });
      case "rot":
        return this.#rot(victim);
      case "stepDown":
        return servers.filter(isLeader).forEach((server) => {
          world.coverage.hit("leadershipGivenUp");
          server.nudge({ type: "stepDown" });
        });
      case "transfer":
        return servers.filter(isLeader).forEach((server) => {
          const to = random.chance(0.5) ? null : random.pick(servers).id;
          server.nudge({ type: "transfer", to });
        });
      case "campaign":
        return victim.nudge({ type: "campaign" });
      case "youngLeader":
      case "rollingLeaders":
      case "loss":
      case "duplication":
      case "replay":
        return;
    }
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
      else this.#partition(leader);
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

  #partition(victim: SimServer): void {
    const { random, world } = this.#options;
    const shape = random.pick(shapes);
    this.#say(`partition: ${shape} around ${victim.id}`);
    world.network.partition(shape, victim.position);
    this.#mendLater(() => {
      this.#say("the network is whole again");
      world.network.heal();
    });
  }

  #clog(victim: SimServer): void {
    const { servers, random, world } = this.#options;
    const other = random.pick(servers);
    if (other === victim) return;
    const ends = { from: victim.position, to: other.position };
    this.#say(`the link ${victim.id} -> ${other.id} is clogged`);
    world.network.clog(ends);
    this.#mendLater(() => world.network.unclog(ends));
  }

  /**
   * A leader goes unheard and hears one follower only, whose answers of before arrive much later:
   * old acks must not make it believe that it still leads.
   */
  #delayAcks(leader: SimServer): void {
    const { servers, random, world } = this.#options;
    const follower = random.pick(servers);
    if (!isLeader(leader) || follower === leader) return;
    this.#say(`${leader.id} goes unheard; acks of ${follower.id} come late`);
    const { network, heap, knobs } = world;
    const late = { from: follower.position, to: leader.position };
    network.clog(late);
    heap.after(random.below(2 * unitsPerTick), () => {
      for (const { position } of servers) {
        network.setCut({ from: leader.position, to: position }, true);
        if (position !== late.from) network.setCut({ from: position, to: leader.position }, true);
      }
    });
    const timeoutUnits = knobs.raft.electionTimeoutTicks * unitsPerTick;
    const releasedAfter = random.between(timeoutUnits, 3 * timeoutUnits);
    heap.after(releasedAfter, () => network.unclog(late));
    heap.after(releasedAfter + timeoutUnits, () => network.heal());
  }

  /** A minority may lose its disks: then a server refuses to start, rather than to guess. */
  #rot(victim: SimServer): void {
    const { servers, world } = this.#options;
    if (!isExpendable(servers, victim)) return;
    victim.crash("its disk is damaged");
    victim.isDamaged = true;
    world.coverage.hit("damageRefused");
    this.#say(`${victim.id} finds its disk damaged and refuses to start`);
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
