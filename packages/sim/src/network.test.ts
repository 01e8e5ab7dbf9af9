import type { Message } from "@counter/raft";
import { EventHeap } from "./event-heap.ts";
import { SimNetwork, calmWeather, clogMax } from "./network.ts";
import type { LinkEnds, LinkWeather, PartitionShape } from "./network.ts";
import { Random } from "./random.ts";

interface Arrival {
  readonly ends: LinkEnds;
  readonly context: number;
  readonly at: number;
}

function networkOf(weather: Partial<LinkWeather> = {}, servers = 3) {
  const heap = new EventHeap();
  const arrivals: Arrival[] = [];
  const unreachable: LinkEnds[] = [];
  const network = new SimNetwork({
    heap,
    random: new Random(4),
    servers,
    weather: { ...calmWeather, ...weather },
    deliver: (ends, message) => {
      const context = message.type === "readIndexRequest" ? message.context : -1;
      arrivals.push({ ends, context, at: heap.now });
    },
    onUnreachable: (ends) => unreachable.push(ends),
  });
  const send = (ends: LinkEnds, count = 1): void => {
    for (let context = 0; context < count; context += 1) network.send(ends, message(context));
  };
  const settle = (): void => {
    while (heap.runNext());
  };
  return { network, heap, arrivals, unreachable, send, settle };
}

function message(context: number): Message {
  return { type: "readIndexRequest", from: "n1", to: "n2", term: 1, context };
}

const link = { from: 0, to: 1 };

describe("the simulated network", () => {
  it("delivers everything once in calm weather", () => {
    const { send, settle, arrivals } = networkOf();
    send(link, 100);
    settle();
    expect(arrivals.map(({ context }) => context).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  it("reorders, unless links keep their order", () => {
    const order = (ordered: boolean): number[] => {
      const { send, settle, arrivals } = networkOf({ ordered, delayMax: 100 });
      send(link, 50);
      settle();
      return arrivals.map(({ context }) => context);
    };
    const sorted = Array.from({ length: 50 }, (_, i) => i);
    expect(order(false)).not.toEqual(sorted);
    expect(order(true)).toEqual(sorted);
  });

  it("loses and doubles about as often as it is told to", () => {
    const count = (weather: Partial<LinkWeather>): number => {
      const { send, settle, arrivals } = networkOf(weather);
      send(link, 1000);
      settle();
      return arrivals.length;
    };
    expect(Math.abs(count({ loss: 0.3 }) - 700)).toBeLessThan(60);
    expect(Math.abs(count({ duplication: 0.3 }) - 1300)).toBeLessThan(60);
  });

  it("delivers an old copy much later", () => {
    const { send, settle, arrivals } = networkOf({ replay: 1, replayMaxUnits: 10_000 });
    send(link);
    settle();
    expect(arrivals).toHaveLength(2);
    expect(arrivals[1]!.at).toBeGreaterThan(100);
  });

  it("delivers a stray copy anywhere, in addition", () => {
    const { send, settle, arrivals } = networkOf({ stray: 1 });
    send(link, 60);
    settle();
    expect(arrivals).toHaveLength(120);
    expect(new Set(arrivals.map(({ ends }) => ends.to))).toEqual(new Set([0, 1, 2]));
  });

  it("stops at a cut, also what is on its way, and says who is unreachable", () => {
    const { network, send, settle, arrivals, unreachable } = networkOf();
    send(link);
    network.setCut(link, true);
    send(link);
    settle();
    expect(arrivals).toEqual([]);
    expect(unreachable).toEqual([link]);
    network.heal();
    send(link);
    settle();
    expect(arrivals).toHaveLength(1);
  });

  it("cuts one direction only", () => {
    const { network, send, settle, arrivals } = networkOf();
    network.setCut(link, true);
    send({ from: 1, to: 0 });
    settle();
    expect(arrivals).toHaveLength(1);
  });

  it("holds back at most so much on a clogged link", () => {
    const { network, send, settle, arrivals } = networkOf();
    network.clog(link);
    send(link, clogMax + 10);
    settle();
    expect(arrivals).toHaveLength(0);
    network.unclog(link);
    settle();
    expect(arrivals).toHaveLength(clogMax);
  });

  it.each<{ shape: PartitionShape; cuts: number; because: string }>([
    { shape: "isolated", cuts: 8, because: "four links in, four links out" },
    { shape: "oneWay", cuts: 4, because: "one direction of four links" },
    { shape: "chain", cuts: 12, because: "four of ten pairs are neighbours" },
    { shape: "ring", cuts: 10, because: "five of ten pairs are neighbours" },
    { shape: "star", cuts: 12, because: "the other four do not reach each other" },
    { shape: "oneWayLink", cuts: 1, because: "one direction of one link" },
    { shape: "bridge", cuts: 8, because: "two on each side, and one that reaches all" },
  ])("$shape around a server of five cuts $cuts links: $because", ({ shape, cuts }) => {
    const { network } = networkOf({}, 5);
    network.partition(shape, 2);
    let count = 0;
    for (let from = 0; from < 5; from += 1) {
      for (let to = 0; to < 5; to += 1) if (network.isCut({ from, to })) count += 1;
    }
    expect(count).toBe(cuts);
  });
});
