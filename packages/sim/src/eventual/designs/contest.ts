/** One design in one scenario: 500 increments by clients, faults, and then rest for everybody. */
import { EventHeap, unitsPerTick } from "../../event-heap.ts";
import { SimNetwork, calmWeather } from "../../network.ts";
import { Random } from "../../random.ts";
import type { Design, DesignDisk, DesignNode } from "./design.ts";
import type { Scenario } from "./scenarios.ts";
import { incrementsOfContest, nodesOfContest } from "./size.ts";

/** A client that got no answer asks again after so many ticks. */
const patienceTicks = 12;

/** Ticks without faults at the end, for whatever a design does to come to an end. */
const restTicks = 300;

/** How a design did: `errors` has what each node read at the end, less what was counted. */
export interface Performance {
  readonly errors: readonly number[];
  /** Increments for which no client ever got an answer. */
  readonly unanswered: number;
  readonly events: number;
}

/** A design that can be run without knowing what its nodes say to each other. */
export interface Contestant {
  readonly name: string;
  readonly what: string;
  readonly run: (scenario: Scenario, seed: number) => Performance;
}

export function contestant<M, D>(design: Design<M, D>): Contestant {
  const run = (scenario: Scenario, seed: number): Performance =>
    new Contest(design, scenario, seed).run();
  return { name: design.name, what: design.what, run };
}

interface Seat<M, D> {
  readonly disk: DesignDisk<D>;
  node: DesignNode<M>;
}

class Contest<M, D> {
  readonly #design: Design<M, D>;
  readonly #scenario: Scenario;
  readonly #heap = new EventHeap();
  readonly #network: SimNetwork<M>;
  readonly #random: { readonly clients: Random; readonly faults: Random; readonly nodes: Random };
  readonly #seats: Seat<M, D>[] = [];
  /** How often each node has started again. */
  readonly #starts: number[] = [];
  readonly #answered = new Set<string>();
  #events = 0;
  #isResting = false;

  constructor(design: Design<M, D>, scenario: Scenario, seed: number) {
    this.#design = design;
    this.#scenario = scenario;
    const random = new Random(seed, `contest ${scenario.name}`);
    this.#random = {
      clients: random.fork("clients"),
      faults: random.fork("faults"),
      nodes: random.fork("nodes"),
    };
    this.#network = new SimNetwork<M>({
      heap: this.#heap,
      random: random.fork("network"),
      servers: nodesOfContest,
      weather: scenario.weather,
      deliver: ({ from, to }, message) => this.#seats[to]!.node.receive(from, message),
      onUnreachable: () => undefined,
    });
    for (let self = 0; self < nodesOfContest; self += 1) {
      const disk: DesignDisk<D> = { contents: null };
      this.#starts.push(0);
      this.#seats.push({ disk, node: this.#create(self, disk) });
    }
  }

  run(): Performance {
    for (let tick = 0; tick < incrementsOfContest; tick += 1) {
      this.#spoil(tick);
      this.#ask(`key ${tick}`);
      this.#passTick();
    }
    this.#isResting = true;
    this.#network.heal();
    this.#network.weather = calmWeather;
    for (let tick = 0; tick < restTicks; tick += 1) this.#passTick();
    return {
      errors: this.#seats.map(({ node }) => node.value() - incrementsOfContest),
      unanswered: incrementsOfContest - this.#answered.size,
      events: this.#events,
    };
  }

  #create(self: number, disk: DesignDisk<D>): DesignNode<M> {
    const starts = this.#starts[self];
    return this.#design.create({
      self,
      others: [...Array(nodesOfContest).keys()].filter((other) => other !== self),
      disk,
      heap: this.#heap,
      random: this.#random.nodes.fork(`node ${self}`),
      isAlive: () => this.#starts[self] === starts,
      send: (to, message) => this.#network.send({ from: self, to }, message),
    });
  }

  #passTick(): void {
    const end = this.#heap.now + unitsPerTick;
    this.#heap.after(unitsPerTick, () => undefined);
    while (this.#heap.now < end && this.#heap.runNext()) this.#events += 1;
    for (const { node } of this.#seats) {
      this.#events += 1;
      node.tick();
    }
  }

  #spoil(tick: number): void {
    const { isSplit, crashEveryTicks } = this.#scenario;
    if (isSplit && tick === 0.3 * incrementsOfContest) this.#split(true);
    if (isSplit && tick === 0.7 * incrementsOfContest) this.#split(false);
    if (crashEveryTicks > 0 && tick > 0 && tick % crashEveryTicks === 0) {
      this.#restart(this.#random.faults.below(nodesOfContest));
    }
  }

  #split(cut: boolean): void {
    for (let from = 0; from < nodesOfContest; from += 1) {
      for (let to = 0; to < nodesOfContest; to += 1) {
        if (from < 2 !== to < 2) this.#network.setCut({ from, to }, cut);
      }
    }
  }

  #restart(self: number): void {
    const seat = this.#seats[self]!;
    this.#starts[self] = this.#starts[self]! + 1;
    seat.node = this.#create(self, seat.disk);
  }

  /** One attempt of a client, at any node; it makes another one unless it hears of success. */
  #ask(key: string): void {
    const { clients } = this.#random;
    const isLost = clients.chance(this.#scenario.replyLoss) && !this.#isResting;
    this.#seats[clients.below(nodesOfContest)]!.node.increment(key, () => {
      if (!isLost) this.#answered.add(key);
    });
    this.#heap.after(patienceTicks * unitsPerTick, () => {
      if (!this.#answered.has(key)) this.#ask(key);
    });
  }
}
