import { GossipCore } from "@counter/gossip";
import type { Effect, GossipCoreLike, Input } from "@counter/gossip";
import { bridgeMs } from "./bridging-targets.ts";
import { measureFailures } from "./failure-targets.ts";
import { healMs, joinMs, repeatTargets } from "./healing-targets.ts";
import { memoryTargets } from "./memory-targets.ts";
import { runGossipSeed } from "./simulation.ts";
import { idleLoad, metadataMs } from "./spreading-targets.ts";
import { falsePositives, memberlistTiming } from "./stall-targets.ts";
import { measureTargets, targetIds } from "./targets.ts";
import { GossipWorld, addressOf, nameOf } from "./world.ts";

describe("a run of gossip", () => {
  it("survives its faults and knows itself again, whatever the seed", () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      expect(runGossipSeed(seed)).toMatchObject({ seed, violation: null });
    }
  });

  it.each([
    [736, "a member that left gave up another one, aloud"],
    [757, "a member that left told an old doubt to somebody who looked for it"],
    [1747, "a member that was gone was doubted again, because it had died in a later life"],
    [815, "a suspicion that was confirmed late looked like a standstill"],
    [5553, "a goodbye was of an incarnation below the one that others knew"],
    [6801, "a member that left told of one that had died since"],
    [229, "the only way to the others was a member that had left"],
    [1529, "it is heard late that a member that had left came back and failed"],
    [3250, "the only helper of a lost ping crashed, which is not what is asked there"],
  ])("survives seed %d, in which %s", (seed) => {
    expect(runGossipSeed(seed)).toMatchObject({ seed, violation: null });
  });

  it("tells all that happened, if it is asked to", () => {
    const { trace, hash } = runGossipSeed(5, { trace: true });
    expect(hash).toBe(runGossipSeed(5).hash);
    expect(trace[0]).toEqual(expect.stringMatching(/0\.000 {2}n0 {2}starts as n0@1$/));
    for (const what of [/n\d {2}-> n\d {2}ping \d+$/, /n\d {2}tells join 1 of n\d@1$/]) {
      expect(trace).toContainEqual(expect.stringMatching(what));
    }
    expect(runGossipSeed(5).trace).toEqual([]);
  });

  it("is the same for the same seed, and another one for another", () => {
    expect(runGossipSeed(5).hash).toBe(runGossipSeed(5).hash);
    expect(runGossipSeed(5).hash).not.toBe(runGossipSeed(6).hash);
    expect(repeatTargets().map(({ ok }) => ok)).toEqual([true]);
  });

  it.each([
    ["event-order", "tells the events of a member twice", repeatEvents],
    ["detection", "does not listen to the doubts of others", dropDoubts],
    ["leave", "says goodbye in silence", dropGoodbye],
  ] as const)("finds %s where a core %s", (invariant, _, flaw) => {
    let found: string | null = null;
    for (let seed = 1; seed <= 5 && found === null; seed += 1) {
      const result = runGossipSeed(seed, {
        factory: (options, now) => new FlawedCore(new GossipCore(options, now), flaw),
      });
      found = result.violation?.invariant ?? null;
    }
    expect(found).toBe(invariant);
  });
});

type Flaw = (input: Input, run: (input: Input) => readonly Effect[]) => readonly Effect[];

/** The real core behind a door that does one thing wrong. */
class FlawedCore implements GossipCoreLike {
  readonly #core: GossipCore;
  readonly #flaw: Flaw;

  constructor(core: GossipCore, flaw: Flaw) {
    this.#core = core;
    this.#flaw = flaw;
  }

  step(input: Input, now: number): readonly Effect[] {
    return this.#flaw(input, (given) => this.#core.step(given, now));
  }

  nextDeadline = (): number => this.#core.nextDeadline();
  status = (): ReturnType<GossipCore["status"]> => this.#core.status();
  members = (): ReturnType<GossipCore["members"]> => this.#core.members();
  snapshot = (): ReturnType<GossipCore["snapshot"]> => this.#core.snapshot();
}

function repeatEvents(input: Input, run: (input: Input) => readonly Effect[]): Effect[] {
  return run(input).flatMap((effect): Effect[] =>
    effect.type === "event" ? [effect, effect] : [effect],
  );
}

function dropDoubts(input: Input, run: (input: Input) => readonly Effect[]): readonly Effect[] {
  if (input.type !== "packet") return run(input);
  return run({ ...input, messages: input.messages.filter(({ type }) => type !== "suspect") });
}

function dropGoodbye(input: Input, run: (input: Input) => readonly Effect[]): Effect[] {
  return run(input).map((effect) => {
    if (effect.type !== "packet") return effect;
    const messages = effect.messages.filter((m) => m.type !== "dead" || m.node !== m.from);
    return { ...effect, messages };
  });
}

describe("small clusters", () => {
  it("find a crash in time, and stay healthy meanwhile", () => {
    const { firstMs, lastMs, complete, worstHealth } = measureFailures({ members: 40, crashes: 4 });
    expect(complete).toBe(true);
    expect(Math.max(...lastMs)).toBeLessThan(14_000);
    expect(Math.min(...firstMs)).toBeGreaterThan(6400); // the shortest suspicion among 40
    expect(worstHealth).toBe(0);
  });

  it("spread metadata in well under a second, and even at a quarter of loss in two", () => {
    expect(metadataMs(40, 5, 0)).toBeLessThan(600);
    expect(metadataMs(40, 5, 0.25)).toBeLessThan(2000);
  });

  it("cost two packets a second and member, whatever their size", () => {
    for (const members of [10, 40]) {
      const { packets, bytes } = idleLoad(members);
      expect(packets).toBeLessThan(2.05);
      expect(bytes).toBeLessThan(100);
    }
  });

  it("see each other soon when all start at once, and when a partition ends", () => {
    expect(joinMs(60)).toBeLessThan(5000);
    expect(healMs({ members: 20, minutes: 2 })).toBeLessThan(60_000);
  });

  it("do not suspect anybody because somebody stalls, as they do without the rules for it", () => {
    const stalls = { members: 24, stalled: 6, minutes: 2 };
    expect(falsePositives(stalls)).toEqual({ failed: 0, suspected: 0 });
    const careless = { ...stalls, timing: memberlistTiming, timersFirst: 1 };
    expect(falsePositives(careless).suspected).toBeGreaterThan(0);
  });
});

describe("a member that comes back at another address", () => {
  it.each([0, 0.1])(
    "is known there by everybody within seconds, with %d of packets lost",
    (lossRate) => {
      for (let seed = 1; seed <= 5; seed += 1) {
        const world = new GossipWorld({ seed, weather: { lossRate } });
        world.startAcquainted(10);
        world.run(5000);
        world.members[3]!.crash();
        const back = world.start(10, { name: nameOf(3) });
        back.deliver({ type: "join", context: 1, addresses: [addressOf(0)] });
        const others = world.members.filter(({ crashed }) => !crashed);
        const known = (): boolean =>
          others.every(({ core }) =>
            core
              .members()
              .some(
                ({ name, standing, address }) =>
                  name === nameOf(3) && standing === "alive" && address.host === addressOf(10).host,
              ),
          );
        expect(world.run(15_000, known)).toBe(true);
      }
    },
  );
});

describe("a goodbye that some never heard", () => {
  it.each([3, 6])("is told to them when they look for the member: seed %d", (seed) => {
    const world = new GossipWorld({ seed, weather: { lossRate: 0.25 } });
    world.startAcquainted(100);
    world.run(3000);
    const leaver = world.members[(seed * 7) % 100]!;
    const told: string[] = [];
    world.watcher = {
      onEvent: ({ type, member }) => {
        if (member.name === nameOf(leaver.index)) told.push(type);
      },
      onEffect: (effect, at) => {
        if (at !== leaver || effect.type !== "outcome" || effect.outcome.type !== "left") return;
        world.heap.after(0, () => leaver.crash());
      },
    };
    leaver.deliver({ type: "leave", context: 1 });
    world.run(world.nowMs + 20_000);
    expect(told).toHaveLength(98); // one did not hear it, among so many
    world.run(world.nowMs + 90_000); // a round of probes
    expect(new Set(told)).toEqual(new Set(["leave"]));
    expect(told).toHaveLength(99);
  });
});

describe("a newcomer that joins two networks at once", () => {
  it.each([
    { members: 3, lossRate: 0, runs: 30, maxMs: 3000 },
    { members: 3, lossRate: 0.1, runs: 30, maxMs: 10_000 },
    { members: 30, lossRate: 0, runs: 3, maxMs: 3000 },
    { members: 30, lossRate: 0.1, runs: 3, maxMs: 10_000 },
  ])("makes one of them in $maxMs ms: $members members each, $lossRate lost", (about) => {
    const { members, lossRate, runs, maxMs } = about;
    for (let seed = 1; seed <= runs; seed += 1) {
      expect(bridgeMs({ seed, members, lossRate })).toBeLessThanOrEqual(maxMs);
    }
  });
});

describe("the targets", () => {
  it("are measured by id, and each says whether it is met", () => {
    const lines: string[] = [];
    const outside = { heapBytes: () => 0, print: (line: string) => void lines.push(line) };
    expect(measureTargets({ full: false, only: ["G11"] }, outside)).toBe(true);
    expect(lines).toEqual([expect.stringMatching(/^ok {4}G11 /)]);
    expect(targetIds).toContain("G7");
  });

  it("hold no more members than there may be, however many names are forged", () => {
    const rows = memoryTargets({ members: 100, forged: 20_000 }, () => 0);
    expect(rows.map(({ measured }) => measured)).toEqual(["0.0 MB", "16384, 0.0 MB", "12288"]);
  });
});
