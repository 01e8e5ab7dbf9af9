/** What speaks against a proposal, and what gossip tells of. */
import type { NodeTags } from "../gossip/node-tags.ts";
import { candidate, proposal, seen, Stepped } from "../test-support/bootstrap/stepped.ts";
import { clustersIn, misfit, rules } from "./rules.ts";
import { sightingsIn } from "./sightings.ts";

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
