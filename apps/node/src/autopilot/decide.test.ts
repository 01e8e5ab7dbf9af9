import { configurationOf, type Configuration, type NodeId } from "@counter/raft";
import fc from "fast-check";

import { decide, type AutopilotLimits, type AutopilotView, type Standing } from "./decide.ts";

const limits: AutopilotLimits = { deadAfterMs: 86_400_000, replacedAfterMs: 10_000, votersMin: 3 };
const long = limits.deadAfterMs;
const short = limits.replacedAfterMs;

/** Every letter is a node. */
function idsIn(text: string): NodeId[] {
  return Array.from(text);
}

function configuration(voters: string, learners = "", outgoing = ""): Configuration {
  const all = [...new Set(idsIn(voters + learners + outgoing))];
  return {
    ...configurationOf(all.map((id) => ({ id, address: `${id}:1` }))),
    voters: idsIn(voters),
    learners: idsIn(learners),
    outgoing: idsIn(outgoing),
  };
}

/** `a` leads, everybody else answers; what a test says of the members comes on top. */
function view(
  of: Configuration,
  members: Readonly<Record<NodeId, readonly [Standing | null, number | null]>> = {},
  more: Partial<AutopilotView> = {},
): AutopilotView {
  const standing = new Map<NodeId, Standing>(of.members.map(({ id }) => [id, "alive"]));
  const silentMs = new Map<NodeId, number>(of.members.map(({ id }) => [id, 0]));
  for (const [id, [gossip, silent]] of Object.entries(members)) {
    if (gossip === null) standing.delete(id);
    else standing.set(id, gossip);
    if (silent === null) silentMs.delete(id);
    else silentMs.set(id, silent);
  }
  return {
    self: "a",
    confirmed: true,
    configuration: of,
    committed: true,
    busy: false,
    silentMs,
    standing,
    newcomers: [],
    ...more,
  };
}

const four = configuration("abcd");
const five = configuration("abcde");
const inPlaceOfD = [{ id: "b", inPlaceOf: ["d"] }];

describe("a dead voter is removed (A2, A3)", () => {
  test("after its full time, if gossip holds it for failed or left", () => {
    const gone = { id: "d", silentMs: long, newcomer: null };
    expect(decide(view(four, { d: ["failed", long] }), limits)).toEqual(gone);
    expect(decide(view(four, { d: ["left", long] }), limits)).toEqual(gone);
  });

  test("at once, if a newcomer votes in its place", () => {
    const found = view(four, { d: ["failed", short] }, { newcomers: inPlaceOfD });
    expect(decide(found, limits)).toEqual({ id: "d", silentMs: short, newcomer: "b" });
  });

  test("the one that has been silent for longest first", () => {
    const found = view(five, { d: ["failed", long], e: ["failed", long + 1] });
    expect(decide(found, limits)?.id).toBe("e");
  });

  test("also a learner, whatever the number of voters", () => {
    const found = view(configuration("abc", "d"), { d: ["failed", long] });
    expect(decide(found, limits)?.id).toBe("d");
  });
});

describe("nobody is removed", () => {
  const dead = { d: ["failed", long] } as const;
  test.each<[string, AutopilotView]>([
    ["A1: by a node that is not confirmed as the leader", view(four, dead, { confirmed: false })],
    ["A1: while the configuration is not decided", view(four, dead, { committed: false })],
    ["A1: while it is joint", view(configuration("abcd", "", "abce"), dead)],
    ["A1: while a change is under way", view(four, dead, { busy: true })],
    ["A2: without gossip's word", view(four, { d: [null, long] })],
    ["A2: whom gossip holds for alive", view(four, { d: ["alive", long] })],
    ["A2: whom gossip only suspects", view(four, { d: ["suspect", long] })],
    ["A2: who talks to Raft", view(four, { d: ["failed", 0] })],
    ["A2: of whom Raft knows nothing", view(four, { d: ["failed", null] })],
    ["A2: who is this node", view(four, { a: ["failed", long] })],
    ["A3: before its time", view(four, { d: ["failed", long - 1] })],
    [
      "A3: just after a newcomer's coming",
      view(four, { d: ["failed", short - 1] }, { newcomers: inPlaceOfD }),
    ],
    [
      "A3: for a newcomer in another one's place",
      view(four, { d: ["failed", short] }, { newcomers: [{ id: "b", inPlaceOf: ["c"] }] }),
    ],
    [
      "A3: for a newcomer that is dead itself",
      view(
        five,
        { d: ["failed", short], e: ["alive", short] },
        { newcomers: [{ id: "e", inPlaceOf: ["d"] }] },
      ),
    ],
    [
      "A3: for a newcomer that is no voter any more",
      view(four, { d: ["failed", short] }, { newcomers: [{ id: "x", inPlaceOf: ["d"] }] }),
    ],
    ["A4: out of the last three voters", view(configuration("abd"), dead)],
    [
      "A5: while too many are silent",
      view(five, { ...dead, c: ["alive", short], e: [null, short] }),
    ],
    ["A5: while gossip misses too many", view(four, { ...dead, c: ["failed", 0] })],
    [
      "A6: a learner, for a newcomer",
      view(configuration("abc", "d"), { d: ["failed", short] }, { newcomers: inPlaceOfD }),
    ],
  ])("%s", (_, found) => {
    expect(decide(found, limits)).toBeNull();
  });

  test("A4: out of as few voters as the cluster began with", () => {
    const two = { ...limits, votersMin: 2 };
    expect(decide(view(configuration("abd"), dead), two)?.id).toBe("d");
    expect(decide(view(configuration("ad"), dead), two)).toBeNull();
  });
});

/** Any of it, also what does not go together. */
const views: fc.Arbitrary<AutopilotView> = fc
  .record({
    voters: fc.uniqueArray(fc.constantFrom(...idsIn("abcdefg")), { minLength: 1 }),
    learners: fc.uniqueArray(fc.constantFrom(...idsIn("hij"))),
    confirmed: fc.boolean(),
    committed: fc.boolean(),
    busy: fc.boolean(),
    joint: fc.boolean(),
    standing: fc.dictionary(
      fc.constantFrom(...idsIn("abcdefghij")),
      fc.constantFrom<Standing>("alive", "suspect", "failed", "left", "failed"),
    ),
    silent: fc.dictionary(
      fc.constantFrom(...idsIn("abcdefghij")),
      fc.constantFrom(0, short - 1, short, long - 1, long),
    ),
    newcomers: fc.array(
      fc.record({
        id: fc.constantFrom(...idsIn("abcdefgx")),
        inPlaceOf: fc.uniqueArray(fc.constantFrom(...idsIn("abcdefgx")), { minLength: 1 }),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ voters, learners, joint, standing, silent, ...rest }) => ({
    ...rest,
    self: voters[0]!,
    configuration: configuration(voters.join(""), learners.join(""), joint ? "abc" : ""),
    standing: new Map(Object.entries(standing)),
    silentMs: new Map(Object.entries(silent)),
  }));

describe("whatever is seen", () => {
  test("every removal keeps all of the rules", () => {
    let removals = 0;
    const holds = (found: AutopilotView): void => {
      const removal = decide(found, limits);
      if (removal === null) return;
      removals += 1;
      const { configuration: c, standing, silentMs } = found;
      expect([found.confirmed, found.committed, found.busy]).toEqual([true, true, false]);
      expect(c.outgoing).toEqual([]);
      expect(removal.id).not.toBe(found.self);
      expect(["failed", "left"]).toContain(standing.get(removal.id));
      const silent = silentMs.get(removal.id) ?? 0;
      expect(silent).toBeGreaterThanOrEqual(removal.newcomer === null ? long : short);
      if (!c.voters.includes(removal.id)) return;
      expect(c.voters.length).toBeGreaterThan(limits.votersMin);
      const dead = c.voters.filter((id) => {
        const held = standing.get(id);
        const isSilent = (silentMs.get(id) ?? 0) >= short;
        return id !== found.self && (held === "failed" || held === "left" || isSilent);
      });
      expect(dead.length).toBeLessThanOrEqual(Math.floor((c.voters.length - 1) / 2));
    };
    fc.assert(fc.property(views, holds), { numRuns: 20_000, seed: 22 });
    expect(removals).toBeGreaterThan(100); // it was not all about nothing
  });
});
