/** One candidate and what it is asked and told, step by step; whole lives are in the simulation. */
import { candidate, proposal, seen, Stepped } from "../test-support/bootstrap/stepped.ts";
import { participantsMax } from "./rules.ts";
import { waitingMax } from "./state.ts";
import type { Effect } from "./types.ts";

describe("a proposal (F1, F2)", () => {
  it("is made by the smallest directory id, to everybody in sight, once nothing changes any more", () => {
    const first = new Stepped(1);
    first.step({ type: "seen", view: [seen(3), seen(2)] });
    first.now = 1499;
    expect(first.tick()).toEqual([]);
    first.step({ type: "seen", view: [seen(4), seen(3), seen(2)] });
    first.now = 2998;
    expect(first.tick()).toEqual([]);
    first.now = 2999;
    const asks = first.tick();
    expect(asks.map((effect) => effect.type === "ask" && effect.address)).toEqual(
      [2, 3, 4].map((place) => candidate(place).address),
    );
    expect(first.core.state.leading?.proposal.participants).toEqual([1, 2, 3, 4].map(candidate));
    expect(new Stepped(2).settle(seen(1), seen(3)).tick()).toEqual([]);
  });

  it.each([2, 3, 7])("needs so many candidates, however long it takes: %i", (expect_) => {
    const own = new Stepped(1, { expect: expect_ });
    const others = Array.from({ length: expect_ - 2 }, (_, at) =>
      seen(at + 2, { expect: expect_ }),
    );
    own.settle(...others);
    own.now += 1e9;
    expect(own.tick()).toEqual([]);
    own.settle(...others, seen(100, { expect: expect_ }));
    expect(own.tick()).toHaveLength(expect_ - 1);
  });

  it("is not made to more than can agree at once", () => {
    const many = Array.from({ length: participantsMax }, (_, at) => seen(at + 2));
    const own = new Stepped(1).settle(...many);
    expect(own.tick()).toEqual([]);
    expect(own.core.waiting(own.now)).toContain("start some of them later");
    expect(own.settle(...many.slice(1)).tick()).toHaveLength(participantsMax - 1);
  });

  it("of one is decided at once, and only if nobody else is in sight", () => {
    const alone = new Stepped(1, { expect: 1 }).settle();
    expect(alone.tick()).toMatchObject([{ type: "begin", beginning: { kind: "decided" } }]);
    const two = new Stepped(1, { expect: 1 }).settle(seen(2, { expect: 1 }));
    expect(two.tick()).toMatchObject([{ type: "ask", question: { kind: "dry" } }]);
  });

  it("is given up when a participant does not answer in time", () => {
    const own = new Stepped(1).settle(seen(2), seen(3));
    const asks = own.tick();
    own.now += 10_000;
    own.tick();
    expect(own.core.state.leading).toBeNull();
    expect(own.core.waiting(own.now)).toContain("127.0.0.1:1002, 127.0.0.1:1003 did not answer");
    // What comes in late counts for nothing.
    for (const effect of asks) {
      if (effect.type !== "ask") continue;
      expect(own.step({ type: "answered", ask: effect.ask, answer: { kind: "yes" } })).toEqual([]);
    }
  });

  it("waits for a seed that answers and that gossip does not know, and for one that is starting", () => {
    const own = new Stepped(1, { expect: 1, seeds: ["seed:1"] }).settle();
    const look = (): number => {
      own.now += 1000;
      const [effect] = own.tick();
      return effect?.type === "ask" ? effect.ask : -1;
    };
    const { directoryId } = candidate(9);
    const there = { kind: "state", directoryId, clusterId: null, fate: "notHere" } as const;
    own.step({ type: "answered", ask: look(), answer: { kind: "no", reason: "starting" } });
    own.step({ type: "answered", ask: look(), answer: there });
    expect(own.core.waiting(own.now)).toContain("seed:1 answers, and gossip does not know it");
    own.step({ type: "answered", ask: look(), answer: null }); // it is gone
    expect(own.tick()).toMatchObject([{ type: "begin" }]);
  });
});

describe("a pledge (F3, F4)", () => {
  const participant = (): Stepped => new Stepped(2).settle(seen(1), seen(3));

  it("is written before it is said", () => {
    const own = participant();
    expect(own.asked("dry", proposal([1, 2, 3]))).toMatchObject([{ answer: { kind: "yes" } }]);
    expect(own.core.state.pledge).toBeNull();
    const [write] = own.asked("pledge", proposal([1, 2, 3]), 7);
    expect(write).toMatchObject({ type: "write", pledge: { clusterId: "c1" } });
    if (write?.type !== "write") throw new Error("no write");
    const said = own.step({ type: "persisted", write: write.write });
    expect(said).toEqual([{ type: "answer", context: 7, answer: { kind: "yes" } }]);
  });

  it("is confirmed to whoever asks again, up to a limit while it is being written", () => {
    const own = participant();
    const [write] = own.asked("pledge", proposal([1, 2, 3]), 0);
    for (let context = 1; context < waitingMax; context += 1) {
      expect(own.asked("pledge", proposal([1, 2, 3]), context)).toEqual([]);
    }
    expect(own.refusal("pledge", proposal([1, 2, 3]))).toContain("too often");
    if (write?.type !== "write") throw new Error("no write");
    expect(own.step({ type: "persisted", write: write.write })).toHaveLength(waitingMax);
    expect(own.asked("pledge", proposal([1, 2, 3]))).toMatchObject([{ answer: { kind: "yes" } }]);
  });

  it("excludes every other one, until the coordinator itself gives it up (F5)", () => {
    const own = new Stepped(2, { pledge: proposal([1, 2, 3]) }).settle(seen(1), seen(3));
    const other = proposal([1, 2, 3], { clusterId: "c2" });
    expect(own.refusal("pledge", other)).toContain("pledged to another proposal");
    const fate = (from: number): readonly Effect[] => {
      own.now += 1000;
      const asks = own.tick().filter((effect) => effect.type === "ask");
      expect(asks.map(({ question }) => question)).toContainEqual({ kind: "state", about: "c1" });
      const { directoryId } = candidate(from);
      const answer = { kind: "state", directoryId, clusterId: null, fate: "notHere" } as const;
      const effects = own.step({ type: "answered", ask: asks[0]!.ask, answer });
      for (const { ask } of asks.slice(1)) own.step({ type: "answered", ask, answer: null });
      return effects;
    };
    expect(fate(3)).toEqual([]);
    expect(fate(9)).toEqual([]); // another directory at the address of the coordinator
    expect(own.core.waiting(own.now)).toContain("00000000) is lost for good");
    expect(fate(1)).toMatchObject([{ type: "write", pledge: null }, { type: "note" }]);
    expect(own.refusal("pledge", other)).toBeNull();
  });

  it("is kept whatever other cluster there is", () => {
    const own = new Stepped(2, { pledge: proposal([1, 2, 3]), seeds: ["seed:1"] });
    own.settle(seen(9, { clusterId: "c9", expect: null }));
    const addresses = own.tick().map((effect) => effect.type === "ask" && effect.address);
    expect(addresses).toEqual([1, 3].map((place) => candidate(place).address));
  });

  it.each([
    { own: 2, begins: { kind: "decided" } },
    { own: 4, begins: { kind: "join", clusterId: "c1", via: candidate(1).address } },
  ])("leads to the cluster that was decided on: candidate $own", ({ own: place, begins }) => {
    const pledge = proposal([1, 2, 3, 4]);
    const own = new Stepped(place, { pledge }).settle();
    const [effect] = own.tick();
    if (effect?.type !== "ask") throw new Error("not asked");
    const { directoryId } = candidate(3); // anybody who has begun may say so
    const answer = { kind: "state", directoryId, clusterId: "c1", fate: "decided" } as const;
    const effects = own.step({ type: "answered", ask: effect.ask, answer });
    expect(effects.at(-1)).toMatchObject({ type: "begin", beginning: begins });
  });
});

describe("what became of a proposal", () => {
  it("is open until the decision is on the disk", () => {
    const own = new Stepped(1, { expect: 1 }).settle();
    const [begin] = own.tick();
    if (begin?.type !== "begin" || begin.beginning.kind !== "decided") throw new Error("no begin");
    const { clusterId } = begin.beginning.proposal;
    expect(own.core.fateOf(clusterId)).toBe("open");
    expect(own.refusal("pledge", proposal([0, 1, 2]))).toContain("about to begin");
    own.step({ type: "begun", clusterId });
    expect(own.core.fateOf(clusterId)).toBe("decided");
    expect(own.core.fateOf("another")).toBe("notHere");
    expect(own.refusal("pledge", proposal([0, 1, 2]))).toContain(`of the cluster ${clusterId}`);
  });
});
