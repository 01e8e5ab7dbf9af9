/** What the adversary does to links and messages. */
import type { Message } from "@counter/raft";
import { encodeText } from "./counter-workload.ts";
import { unitsPerTick } from "./event-heap.ts";
import type { PartitionShape } from "./network.ts";
import type { Random } from "./random.ts";
import type { SimServer } from "./server.ts";
import type { World } from "./world.ts";

export interface FaultParts {
  readonly world: World;
  readonly servers: readonly SimServer[];
  readonly random: Random;
  /** Runs this after a while, and not after the faults are over. */
  readonly mendLater: (mend: () => void) => void;
  readonly say: (what: string) => void;
  readonly isOver: () => boolean;
}

const shapes: readonly PartitionShape[] = [
  "isolated",
  "isolated",
  "halves",
  "oneWay",
  "oneWayLink",
  "bridge",
  "ring",
  "chain",
  "star",
];

export class NetworkFaults {
  readonly #parts: FaultParts;

  constructor(parts: FaultParts) {
    this.#parts = parts;
  }

  partition(victim: SimServer): void {
    const { random, world, mendLater, say } = this.#parts;
    const shape = random.pick(shapes);
    say(`partition: ${shape} around ${victim.id}`);
    world.network.partition(shape, victim.position);
    mendLater(() => {
      say("the network is whole again");
      world.network.heal();
    });
  }

  /** Cuts a server off when what it has just sent is under way: the answers do not reach it. */
  cutSoon(victim: SimServer): void {
    const { random, world, mendLater, isOver } = this.#parts;
    world.heap.after(random.below(2 * world.knobs.weather.delayMax), () => {
      if (isOver()) return;
      world.network.partition("isolated", victim.position);
      mendLater(() => world.network.heal());
    });
  }

  clog(victim: SimServer): void {
    const { servers, random, world, mendLater, say } = this.#parts;
    const other = random.pick(servers);
    if (other === victim) return;
    const ends = { from: victim.position, to: other.position };
    say(`the link ${victim.id} -> ${other.id} is clogged`);
    world.network.clog(ends);
    mendLater(() => world.network.unclog(ends));
  }

  /** Links of a server that come and go, some in one direction only. */
  flap(victim: SimServer): void {
    const { servers, random, world, mendLater, say, isOver } = this.#parts;
    if (victim.status?.role === "leader") world.coverage.hit("flappingLeader");
    say(`links of ${victim.id} come and go`);
    const { network, heap, knobs } = world;
    const longest = random.pick([1, 3, 2 * knobs.raft.electionTimeoutTicks]) * unitsPerTick;
    let isFlapping = true;
    const turn = (): void => {
      if (!isFlapping || isOver()) return;
      for (const { position } of servers) {
        network.setCut({ from: victim.position, to: position }, random.chance(0.4));
        network.setCut({ from: position, to: victim.position }, random.chance(0.4));
      }
      heap.after(random.between(1, longest), turn);
    };
    turn();
    mendLater(() => {
      isFlapping = false;
      network.heal();
    });
  }

  /**
   * A leader goes unheard and hears one follower only, whose answers of before arrive much later:
   * old acks must not make it believe that it still leads. Its clock may stand still meanwhile, so
   * that it does not step down by itself.
   */
  delayAcks(leader: SimServer): void {
    const { servers, random, world, say, isOver } = this.#parts;
    const follower = random.pick(servers);
    if (leader.status?.role !== "leader" || follower === leader) return;
    say(`${leader.id} goes unheard; acks of ${follower.id} come late`);
    const { network, heap, knobs } = world;
    const late = { from: follower.position, to: leader.position };
    network.clog(late);
    heap.after(random.below(2 * unitsPerTick), () => {
      if (isOver()) return;
      for (const { position } of servers) {
        network.setCut({ from: leader.position, to: position }, true);
        if (position !== late.from) network.setCut({ from: position, to: leader.position }, true);
      }
    });
    if (random.chance(0.5)) leader.isClockStopped = true;
    const timeoutUnits = knobs.raft.electionTimeoutTicks * unitsPerTick;
    const releasedAfter = random.between(timeoutUnits, 3 * timeoutUnits);
    heap.after(releasedAfter, () => network.unclog(late));
    heap.after(releasedAfter + timeoutUnits, () => {
      leader.isClockStopped = false;
      network.heal();
    });
  }

  /**
   * A leader is heard by one follower only, until the others would elect another one; then that
   * follower starts again and hears it no more. It must not help to replace the leader at once: its
   * answers of before may have made a lease.
   */
  freshStart(leader: SimServer): void {
    const { servers, random, world, say, isOver } = this.#parts;
    const follower = random.pick(servers);
    if (leader.status?.role !== "leader" || follower === leader) return;
    say(`${leader.id} is heard by ${follower.id} only, which is going to start again`);
    const { network, heap, knobs } = world;
    const cut = (position: number): void => {
      network.setCut({ from: leader.position, to: position }, true);
      network.setCut({ from: position, to: leader.position }, true);
    };
    for (const { position } of servers) if (position !== follower.position) cut(position);
    const timeoutUnits = knobs.raft.electionTimeoutTicks * unitsPerTick;
    const heardFor = random.between(timeoutUnits, 2 * timeoutUnits);
    heap.after(heardFor, () => {
      if (isOver()) return;
      cut(follower.position);
      follower.crash("it starts again");
      follower.start();
    });
    heap.after(heardFor + 2 * timeoutUnits, () => network.heal());
  }

  /**
   * A follower hears nothing until what it needs is compacted: then old entries and the snapshot
   * reach it at once, and its disk is slow.
   */
  lag(leader: SimServer): void {
    const { servers, random, world, say } = this.#parts;
    const follower = random.pick(servers);
    if (leader.status?.role !== "leader" || follower === leader) return;
    say(`${follower.id} falls behind`);
    const { network, heap, knobs } = world;
    const link = { from: leader.position, to: follower.position };
    network.clog(link);
    const timeoutUnits = knobs.raft.electionTimeoutTicks * unitsPerTick;
    heap.after(random.between(timeoutUnits, 5 * timeoutUnits), () => {
      follower.disk.slowness = random.between(1, 20);
      network.unclog(link);
    });
    heap.after(7 * timeoutUnits, () => (follower.disk.slowness = 1));
  }

  /** Another cluster, whose servers have the same names, talks to one of ours: a wrong address. */
  foreign(victim: SimServer): void {
    const { servers, random } = this.#parts;
    const sender = random.pick(servers);
    if (sender === victim) return;
    const term = (victim.status?.term ?? 1) + random.below(3);
    const prevIndex = victim.status?.commitIndex ?? 1;
    const prevTerm = victim.log.termAt(prevIndex) ?? 1;
    const data = encodeText("foreign");
    const message: Message = {
      ...{ type: "appendEntries", from: sender.id, to: victim.id, term, prevIndex, prevTerm },
      entries: [{ index: prevIndex + 1, term, kind: "command", data }],
      ...{ commitIndex: prevIndex + 1, readRound: 0 },
    };
    victim.receiveForeign(message);
  }
}
