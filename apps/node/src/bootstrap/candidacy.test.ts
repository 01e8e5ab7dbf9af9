/** One candidate and what it is asked and told, step by step; whole lives are in the simulation. */
import { Candidacy, type CandidacyOptions } from "./candidacy.ts";
import { clustersIn, misfit, participantsMax, rules } from "./rules.ts";
import { waitingMax } from "./state.ts";
import { sightingsIn } from "./sightings.ts";
import type { Candidate, Effect, Input, Proposal, Sighting } from "./types.ts";
import type { NodeTags } from "../gossip/node-tags.ts";

/** Candidates by their place in the order of directory ids. */
function candidate(place: number): Candidate {
  return {
    directoryId: place.toString(16).padStart(32, "0"),
    address: `127.0.0.1:${1000 + place}`,
  };
}

function seen(place: number, more: Partial<Sighting> = {}): Sighting {
  return { ...candidate(place), standing: "there", expect: 3, clusterId: null, ...more };
}

function proposal(places: readonly number[], more: Partial<Proposal> = {}): Proposal {
  return { clusterId: "c1", expect: 3, participants: places.map(candidate), ...more };
}

/** A candidate that is stepped through its life, with a clock of its own. */
class Stepped {
  readonly core: Candidacy;
  now = 0;

  constructor(place: number, more: Partial<CandidacyOptions> = {}) {
    this.core = new Candidacy({
      own: candidate(place),
      expect: 3,
      seeds: [],
      pledge: null,
      ...more,
    });
  }

  step(input: Input): readonly Effect[] {
    return this.core.step(input, this.now);
  }

  /** Sees these for long enough. */
  settle(...view: readonly Sighting[]): this {
    this.step({ type: "seen", view });
    this.now += 2000;
    return this;
  }

  tick(): readonly Effect[] {
    return this.step({ type: "tick", freshId: `c${this.now}-000000` });
  }

  asked(kind: "dry" | "pledge", asked: Proposal, context: number = 1): readonly Effect[] {
    const to = this.core.state.own.directoryId;
    return this.step({ type: "asked", context, question: { kind, to, proposal: asked } });
  }

  /** Why it refuses; `null` if it does not. */
  refusal(kind: "dry" | "pledge", asked: Proposal): string | null {
    const [effect] = this.asked(kind, asked);
    return effect?.type === "answer" && effect.answer.kind === "no" ? effect.answer.reason : null;
  }
}

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

describe("why a proposal is refused", () => {
  const own = candidate(2);
  it.each([
    { why: "another number", asked: proposal([1, 2, 3], { expect: 2 }), says: "expect=3, not 2" },
    { why: "it is not named", asked: proposal([1, 3, 4]), says: "not named there" },
    { why: "it is first itself", asked: proposal([2, 3, 4]), says: "propose itself" },
    { why: "twice the same", asked: proposal([1, 2, 2]), says: "not in order" },
    { why: "not sorted", asked: proposal([1, 3, 2]), says: "not in order" },
    { why: "too few", asked: proposal([1, 2]), says: "too few" },
    { why: "none of that", asked: proposal([1, 2, 3]), says: null },
  ])("$why", ({ asked, says }) => {
    const reason = misfit(asked, own, 3);
    if (says === null) expect(reason).toBeNull();
    else expect(reason).toContain(says);
  });

  it("one address for two candidates", () => {
    const twin = { ...candidate(3), address: candidate(1).address };
    const asked = { ...proposal([1, 2]), participants: [candidate(1), own, twin] };
    expect(misfit(asked, own, 3)).toContain("not in order");
  });

  it.each([
    { why: "a cluster", view: [seen(9, { clusterId: "c9", expect: null })], says: "is of c9" },
    {
      why: "a cluster that cannot be reached",
      view: [seen(9, { clusterId: "c9", expect: null, standing: "lost" })],
      says: "is of c9",
    },
    { why: "another number", view: [seen(9, { expect: 5 })], says: "--bootstrap-expect=5" },
    { why: "somebody left out", view: [seen(9)], says: "127.0.0.1:1009 is a candidate, too" },
    {
      why: "as many lost as could begin alone",
      view: [7, 8, 9].map((place) => seen(place, { standing: "lost" })),
      says: "may be forming a cluster of their own",
    },
    {
      why: "fewer lost",
      view: [7, 8].map((place) => seen(place, { standing: "lost" })),
      says: null,
    },
    { why: "a node that is to join", view: [seen(9, { expect: null })], says: null },
    { why: "the same from here", view: [seen(1), seen(3)], says: null },
  ])("it sees $why (F7)", ({ view, says }) => {
    const reason = rules.objection({ own, expect: 3, view }, [1, 2, 3].map(candidate));
    if (says === null) expect(reason).toBeNull();
    else expect(reason).toContain(says);
  });

  it("it has not looked around yet, or proposes something itself", () => {
    const early = new Stepped(2);
    expect(early.refusal("dry", proposal([1, 2, 3]))).toContain("still looking around");
    const first = new Stepped(2).settle(seen(3), seen(4));
    first.tick();
    expect(first.refusal("dry", proposal([1, 2, 3]))).toContain("proposes something else");
  });

  it("it is another directory than the one that is asked", () => {
    const question = { kind: "dry", to: candidate(9).directoryId, proposal: proposal([1, 2, 3]) };
    const effects = new Stepped(2)
      .settle(seen(1), seen(3))
      .step({ type: "asked", context: 1, question: { ...question, kind: "dry" } });
    expect(effects).toMatchObject([{ answer: { kind: "no" } }]);
  });
});

describe("a cluster in sight", () => {
  const asks = (own: Stepped): unknown[] =>
    own.tick().map((effect) => (effect.type === "ask" ? effect.address : effect));

  it("is joined once one of its nodes says so itself", () => {
    const own = new Stepped(2).settle(seen(1), seen(3), seen(9, { clusterId: "c9", expect: null }));
    const [effect] = own.tick();
    if (effect?.type !== "ask") throw new Error("not asked");
    const { directoryId, address } = candidate(9);
    const answer = { kind: "state", directoryId, clusterId: "c9", fate: "notHere" } as const;
    expect(own.step({ type: "answered", ask: effect.ask, answer }).at(-1)).toEqual({
      type: "begin",
      beginning: { kind: "join", clusterId: "c9", via: address },
    });
  });

  it("is not chosen among several: a person has to say which", () => {
    const clusters = [8, 9].map((place) => seen(place, { clusterId: `c${place}`, expect: null }));
    const own = new Stepped(2).settle(...clusters);
    expect(asks(own)).toEqual([]);
    expect(own.core.waiting(own.now)).toContain("are of different clusters");
    expect(asks(new Stepped(2, { seeds: ["seed:1"] }).settle(...clusters))).toEqual(["seed:1"]);
  });

  it("is gone with the disk of the node that another one has taken the place of", () => {
    const own = candidate(2);
    const gone = { ...seen(8), clusterId: "c8", standing: "lost", expect: null } as const;
    const inItsPlace = seen(9, { address: gone.address });
    expect(clustersIn({ own, view: [gone] })).toEqual([gone]);
    expect(clustersIn({ own, view: [gone, inItsPlace] })).toEqual([]);
  });
});

describe("what gossip tells of", () => {
  const tags = (more: Partial<NodeTags>): NodeTags => ({
    mode: "raft",
    http: "127.0.0.1:1",
    id: null,
    cluster: null,
    name: null,
    expect: 3,
    dir: "0".repeat(32),
    state: "candidate",
    ...more,
  });
  it.each([
    { what: "a candidate without a name", node: tags({}), names: [null] },
    { what: "one with a name", node: tags({ name: "a" }), names: ["a"] },
    { what: "a cluster without a name", node: tags({ cluster: "c".repeat(32) }), names: [null] },
    { what: "a cluster with a name", node: tags({ cluster: "a~0123456789abcdef" }), names: ["a"] },
    { what: "eventual mode", node: tags({ mode: "eventual" }), names: [] },
    { what: "another program", node: null, names: [] },
  ])("$what", ({ node, names }) => {
    const members = [{ name: "n", address: "127.0.0.1:9", standing: "suspect", node }] as const;
    const found = [null, "a", "b"].filter((name) => sightingsIn(members, name).length > 0);
    expect(found).toEqual(names);
  });

  it.each([
    { standing: "alive", seen: ["there"] },
    { standing: "suspect", seen: ["there"] },
    { standing: "failed", seen: ["lost"] },
    { standing: "left", seen: [] },
  ] as const)("somebody who is $standing", ({ standing, seen: wanted }) => {
    const members = [{ name: "n", address: "127.0.0.1:9", standing, node: tags({}) }];
    expect(sightingsIn(members, null).map((one) => one.standing)).toEqual(wanted);
  });
});
