/**
 * The simulated network: each directed link loses, delays, doubles and reorders on its own, may be
 * clogged or cut, and now and then delivers an old copy long after everybody forgot it.
 */
import type { Message } from "@counter/raft";
import type { EventHeap } from "./event-heap.ts";
import type { Random } from "./random.ts";

export interface LinkWeather {
  /** Probabilities, 0 to 1. */
  readonly loss: number;
  readonly duplication: number;
  /** That another copy arrives much later, after up to `replayMaxUnits`. */
  readonly replay: number;
  readonly replayMaxUnits: number;
  /** That another copy arrives at a wrong server, as through a stale address. */
  readonly stray: number;
  /** Shortest and longest way, in units. */
  readonly delayMin: number;
  readonly delayMax: number;
  /** Whether messages of a link keep their order, as on one TCP connection. */
  readonly ordered: boolean;
}

/** A network without any trouble: what the liveness phase needs. */
export const calmWeather: LinkWeather = {
  loss: 0,
  duplication: 0,
  replay: 0,
  replayMaxUnits: 0,
  stray: 0,
  delayMin: 1,
  delayMax: 10,
  ordered: false,
};

/** Who is named: servers by their position in the cluster. */
export interface LinkEnds {
  readonly from: number;
  readonly to: number;
}

export type PartitionShape =
  "isolated" | "halves" | "oneWay" | "oneWayLink" | "bridge" | "ring" | "chain" | "star";

/** Most messages held by one clogged link; more are lost, as a bounded queue loses them. */
export const clogMax: number = 64;

export interface NetworkOptions<M = Message> {
  readonly heap: EventHeap;
  readonly random: Random;
  readonly servers: number;
  readonly weather: LinkWeather;
  readonly deliver: (ends: LinkEnds, message: M, sentAt: number) => void;
  /** A message could not leave: the link is cut. */
  readonly onUnreachable: (ends: LinkEnds) => void;
}

/** `M` is what travels: messages of Raft, unless something else is said. */
export class SimNetwork<M = Message> {
  weather: LinkWeather;
  readonly #options: NetworkOptions<M>;
  readonly #size: number;
  readonly #cut: boolean[];
  readonly #clogged: (M[] | null)[];
  readonly #lastArrival: number[];

  constructor(options: NetworkOptions<M>) {
    this.#options = options;
    this.weather = options.weather;
    this.#size = options.servers;
    this.#cut = new Array<boolean>(this.#size ** 2).fill(false);
    this.#clogged = new Array<M[] | null>(this.#size ** 2).fill(null);
    this.#lastArrival = new Array<number>(this.#size ** 2).fill(0);
  }

  send(ends: LinkEnds, message: M): void {
    const { heap, random, onUnreachable } = this.#options;
    const { weather } = this;
    const link = this.#link(ends);
    if (this.#cut[link] === true) {
      onUnreachable(ends);
      return;
    }
    if (weather.replay > 0 && random.chance(weather.replay)) {
      const sentAt = heap.now;
      const late = random.between(1, weather.replayMaxUnits);
      heap.after(late, () => this.#arrive(ends, message, sentAt));
    }
    const queue = this.#clogged[link];
    if (queue != null) {
      if (queue.length < clogMax) queue.push(message);
      return;
    }
    if (weather.stray > 0 && random.chance(weather.stray)) {
      this.#travel({ from: ends.from, to: random.below(this.#size) }, message);
    }
    if (weather.loss > 0 && random.chance(weather.loss)) return;
    this.#travel(ends, message);
    if (weather.duplication > 0 && random.chance(weather.duplication)) this.#travel(ends, message);
  }

  isCut(ends: LinkEnds): boolean {
    return this.#cut[this.#link(ends)] === true;
  }

  setCut(ends: LinkEnds, cut: boolean): void {
    if (ends.from !== ends.to) this.#cut[this.#link(ends)] = cut;
  }

  /** Holds everything on this link back until {@link SimNetwork.unclog}. */
  clog(ends: LinkEnds): void {
    this.#clogged[this.#link(ends)] ??= [];
  }

  unclog(ends: LinkEnds): void {
    const link = this.#link(ends);
    const held = this.#clogged[link];
    this.#clogged[link] = null;
    for (const message of held ?? []) this.#travel(ends, message);
  }

  /** Mends every cut and lets everything go that was held back. */
  heal(): void {
    this.#cut.fill(false);
    this.#eachLink((ends) => this.unclog(ends));
  }

  /** Cuts links in this shape; earlier cuts are mended first. `centre` is who it is about. */
  partition(shape: PartitionShape, centre: number): void {
    this.#cut.fill(false);
    const { random } = this.#options;
    const order = random.shuffled([...Array(this.#size).keys()].filter((i) => i !== centre));
    order.unshift(centre);
    const position = new Map(order.map((server, i) => [server, i]));
    const half = Math.max(1, random.between(1, this.#size - 1));
    const outward = random.chance(0.5);
    this.#eachLink((ends) => {
      const from = position.get(ends.from)!;
      const to = position.get(ends.to)!;
      this.setCut(ends, isSevered(shape, { from, to }, { size: this.#size, half, outward }));
    });
  }

  #travel(ends: LinkEnds, message: M): void {
    const { heap, random } = this.#options;
    const { weather } = this;
    const sentAt = heap.now;
    let delay = random.between(weather.delayMin, weather.delayMax);
    if (weather.ordered) {
      const link = this.#link(ends);
      const arrival = Math.max(sentAt + delay, this.#lastArrival[link]!);
      this.#lastArrival[link] = arrival;
      delay = arrival - sentAt;
    }
    heap.after(delay, () => this.#arrive(ends, message, sentAt));
  }

  /** A cut also catches what is on its way. */
  #arrive(ends: LinkEnds, message: M, sentAt: number): void {
    if (!this.isCut(ends)) this.#options.deliver(ends, message, sentAt);
  }

  #link(ends: LinkEnds): number {
    return ends.from * this.#size + ends.to;
  }

  #eachLink(visit: (ends: LinkEnds) => void): void {
    for (let from = 0; from < this.#size; from += 1) {
      for (let to = 0; to < this.#size; to += 1) {
        if (from !== to) visit({ from, to });
      }
    }
  }
}

/** Whether a shape severs this link. Servers stand in a row; the one it is about is number 0. */
function isSevered(
  shape: PartitionShape,
  ends: LinkEnds,
  row: { readonly size: number; readonly half: number; readonly outward: boolean },
): boolean {
  const { from, to } = ends;
  const distance = Math.abs(from - to);
  switch (shape) {
    case "isolated":
      return from === 0 || to === 0;
    case "halves":
      return from < row.half !== to < row.half;
    case "oneWay": // number 0 is only heard, or only hears
      return row.outward ? from === 0 : to === 0;
    case "bridge": // two sides that only number 0 can reach
      return from !== 0 && to !== 0 && from <= row.size >> 1 !== to <= row.size >> 1;
    case "ring": // everybody reaches two neighbours, so that everybody sees another majority
      return distance !== 1 && distance !== row.size - 1;
    case "chain":
      return distance !== 1;
    case "star": // everybody reaches number 0 only
      return from !== 0 && to !== 0;
    case "oneWayLink":
      return row.outward ? from === 0 && to === 1 : from === 1 && to === 0;
  }
}
