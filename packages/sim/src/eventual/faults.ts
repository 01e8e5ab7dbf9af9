/** The adversary: breaks something every now and then, and mends it after a while. */
import { unitsPerTick } from "../event-heap.ts";
import type { PartitionShape } from "../network.ts";
import type { Random } from "../random.ts";
import { DirectoryFaults } from "./directory-faults.ts";
import type { EventualFaultKind } from "./knobs.ts";
import { MembershipFaults } from "./membership-faults.ts";
import type { SimNode } from "./node.ts";
import type { EventualWorld } from "./world.ts";

const yearMs = 365 * 24 * 3600 * 1000;

const shapes: readonly PartitionShape[] = [
  "isolated",
  "halves",
  "halves",
  "oneWay",
  "oneWayLink",
  "bridge",
  "chain",
  "star",
];

/** What a kind of fault needs to do its work. */
export interface FaultTools {
  readonly world: EventualWorld;
  readonly random: Random;
  /** Runs this after a while, and at the latest when all is healed. */
  readonly mendLater: (mend: () => void) => void;
  readonly say: (what: string) => void;
  readonly isOver: () => boolean;
}

export class EventualAdversary {
  readonly #tools: FaultTools;
  readonly #directories: DirectoryFaults;
  readonly #membership: MembershipFaults;
  readonly #mends = new Set<() => void>();
  #isOver = false;

  constructor(world: EventualWorld, random: Random) {
    this.#tools = {
      world,
      random,
      mendLater: (mend) => this.#mendLater(mend),
      say: (what) => world.trace.line(world.heap.now, "fault", what),
      isOver: () => this.#isOver,
    };
    this.#directories = new DirectoryFaults(this.#tools);
    this.#membership = new MembershipFaults(this.#tools);
  }

  start(): void {
    const { world, random } = this.#tools;
    const { everyTicks, enabled } = world.knobs.faults;
    if (enabled.size === 0) return;
    world.heap.after(random.between(1, 2 * everyTicks * unitsPerTick), () => {
      if (this.#isOver) return;
      const running = world.nodes.filter(({ process }) => process !== null);
      if (running.length > 0) this.#break(random.pick([...enabled]), random.pick(running));
      this.start();
    });
  }

  /** Mends everything, and breaks nothing any more. */
  end(): void {
    this.#isOver = true;
    for (const mend of this.#mends) mend();
    this.#mends.clear();
  }

  #mendLater(mend: () => void): void {
    const { world, random } = this.#tools;
    const once = (): void => {
      if (this.#mends.delete(once)) mend();
    };
    this.#mends.add(once);
    const { lastsMaxTicks } = world.knobs.faults;
    world.heap.after(random.between(1, lastsMaxTicks * unitsPerTick), once);
  }

  #break(kind: EventualFaultKind, victim: SimNode): void {
    const { world } = this.#tools;
    switch (kind) {
      case "crash":
        return this.#crash([victim]);
      case "crashAll":
        return this.#crash(world.nodes.filter(({ process }) => process !== null));
      case "pause":
        return this.#pause(victim);
      case "partition":
        return this.#partition(victim);
      case "noDial":
        return this.#refuseCalls(victim);
      case "clog":
        return this.#clog(victim);
      case "clock":
        return this.#shiftClock(victim);
      case "slowDisk":
        return this.#slowDown(victim);
      case "full":
        victim.disk.isFull = true;
        return this.#tools.mendLater(() => (victim.disk.isFull = false));
      case "lost":
        return this.#directories.lose(victim);
      case "rollback":
        return this.#directories.rollBack(victim);
      case "twin":
        return this.#directories.startTwin(victim);
      case "join":
        return this.#membership.join();
      case "leave":
        return this.#membership.leave(victim);
      case "remove":
        return this.#membership.remove(victim);
      case "foreign":
        return this.#membership.foreigner();
      // These are no events: they are in the weather, in the clients or in the options of nodes.
      case "loss":
      case "duplication":
      case "replay":
      case "resets":
      case "conflicts":
      case "opaque":
      case "lateRetries":
      case "settings":
      case "provisional":
        return;
    }
  }

  #crash(victims: readonly SimNode[]): void {
    const { random, mendLater } = this.#tools;
    for (const victim of victims) {
      victim.crash("kill -9");
      if (random.chance(0.5)) victim.start();
      else mendLater(() => victim.start());
    }
  }

  #pause(victim: SimNode): void {
    const { process } = victim;
    if (process === null || process.isPaused) return;
    this.#tools.say(`${victim.name} is paused`);
    process.pause();
    this.#tools.mendLater(() => process.wake());
  }

  #partition(victim: SimNode): void {
    const { world, random, mendLater, say } = this.#tools;
    const shape = random.pick(shapes);
    say(`partition: ${shape} around ${victim.name}`);
    if (shape.startsWith("oneWay")) world.coverage.hit("oneWay");
    world.exchanges.network.partition(shape, victim.seat);
    mendLater(() => {
      say("the network is whole again");
      world.exchanges.heal();
    });
  }

  /** Nobody, or one node only, can dial the victim; what it asks is answered. */
  #refuseCalls(victim: SimNode): void {
    const { world, random, mendLater, say } = this.#tools;
    say(`${victim.name} cannot be dialled`);
    const isAll = random.chance(0.6);
    const callers = world.nodes.filter((node) => node !== victim && (isAll || random.chance(0.4)));
    const set = (isUndiallable: boolean): void => {
      for (const { seat: from } of callers) {
        world.exchanges.setUndiallable({ from, to: victim.seat }, isUndiallable);
      }
    };
    set(true);
    mendLater(() => set(false));
  }

  #clog(victim: SimNode): void {
    const { world, random, mendLater, say } = this.#tools;
    const other = random.pick(world.nodes);
    if (other === victim) return;
    const ends = { from: victim.seat, to: other.seat };
    say(`the link ${victim.name} -> ${other.name} is clogged`);
    world.exchanges.network.clog(ends);
    mendLater(() => world.exchanges.network.unclog(ends));
  }

  #shiftClock({ clock, name }: SimNode): void {
    const { world, random, mendLater, say } = this.#tools;
    if (random.chance(0.3)) {
      say(`the clock of ${name} stands still`);
      world.coverage.hit("clockFrozen");
      clock.freeze();
    } else {
      const shift = random.pick([yearMs, -yearMs, 3_600_000, -3_600_000, 5000, -5000, 700, -700]);
      say(`the clock of ${name} jumps by ${shift} ms`);
      if (Math.abs(shift) === yearMs) world.coverage.hit("clockJumped");
      clock.offsetMs += shift;
    }
    mendLater(() => clock.mend());
  }

  #slowDown(victim: SimNode): void {
    victim.disk.slowness = this.#tools.random.between(2, 30);
    this.#tools.mendLater(() => (victim.disk.slowness = 1));
  }
}
