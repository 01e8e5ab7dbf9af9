import {
  acquainted,
  address,
  alive,
  Harness,
  letter,
  row,
  tableOf,
} from "../test-support/harness.ts";
import { lanTiming } from "./options.ts";

/** Answers the newest sync that was opened. */
function answer(h: Harness, table: ReturnType<typeof tableOf>): void {
  const { exchange } = h.opened.filter(({ message }) => message.type === "pushPull").at(-1)!;
  h.step({ type: "streamAnswered", exchange, message: table });
}

describe("joining (J1)", () => {
  it("exchanges tables with every address but its own, and says how many answered", () => {
    const h = new Harness();
    h.step({ type: "join", context: 7, addresses: [address(2), address(1), address(3)] });
    expect(h.opened.map(({ to, message }) => [to.host, message.type])).toEqual([
      ["10.0.0.2", "pushPull"],
      ["10.0.0.3", "pushPull"],
    ]);
    expect(h.opened[0]!.message).toMatchObject({ join: true, states: [{ name: "self" }] });
    const [first, second] = h.opened;
    h.step({ type: "streamFailed", exchange: first!.exchange });
    expect(h.outcomes).toEqual([]);
    h.step({ type: "streamAnswered", exchange: second!.exchange, message: tableOf(row("b", 3)) });
    expect(h.outcomes).toEqual([{ type: "joined", context: 7, reached: 1 }]);
    expect(h.story).toEqual(["join b"]);
  });

  it("is over when nobody answers in time, and at once where there is no address", () => {
    const h = new Harness();
    h.step({ type: "join", context: 1, addresses: [] });
    h.step({ type: "join", context: 2, addresses: [address(2)] });
    h.advance(lanTiming.streamTimeoutMs);
    expect(h.outcomes).toEqual([
      { type: "joined", context: 1, reached: 0 },
      { type: "joined", context: 2, reached: 0 },
    ]);
    answer(h, tableOf(row("b", 3))); // too late
    expect(h.core.members()).toHaveLength(1);
  });

  it("has so many exchanges open at a time, and the others wait", () => {
    const h = new Harness({ limits: { exchangesMax: 2 } });
    h.step({ type: "join", context: 1, addresses: [2, 3, 4].map(address) });
    expect(h.opened).toHaveLength(2);
    h.step({ type: "streamFailed", exchange: h.opened[0]!.exchange });
    expect(h.opened).toHaveLength(3);
  });

  it("takes as many addresses as it may, and refuses one more", () => {
    const h = new Harness({ limits: { addressesMax: 2 } });
    h.step({ type: "join", context: 1, addresses: [2, 3, 4].map(address) });
    expect(h.outcomes).toEqual([{ type: "refused", context: 1, reason: "overloaded" }]);
    h.step({ type: "join", context: 2, addresses: [2, 3].map(address) });
    expect(h.opened).toHaveLength(2);
  });

  it("tells on only that the newcomer is there (X3)", () => {
    const h = acquainted(20);
    h.advance(10_000);
    expect(new Set(h.sentOf("alive").map(({ node }) => node))).toEqual(new Set(["self"]));
  });

  it("is answered by the table as it was before, and what it brought is told on", () => {
    const h = acquainted(3);
    h.advance(10_000);
    h.take();
    const message = { ...tableOf(row("n", 9)), join: true, userState: Uint8Array.of(4) };
    h.step({ type: "stream", stream: 5, from: address(9), message });
    const answered = h.effects.find((effect) => effect.type === "answerStream");
    expect(answered).toMatchObject({ stream: 5, message: { type: "pushPull", join: false } });
    expect(JSON.stringify(answered)).not.toContain('"n"');
    expect(h.effects).toContainEqual({
      type: "userState",
      join: true,
      userState: Uint8Array.of(4),
    });
    h.advance(10);
    expect(h.sentOf("alive")).toContainEqual(expect.objectContaining({ node: "n" }));
  });
});

describe("what a table says (X1, X2)", () => {
  it.each([
    { state: "alive", of: "an unknown member", story: ["join n"] },
    { state: "suspect", of: "an unknown member", story: ["join n", "suspect n"] },
    { state: "dead", of: "an unknown member", story: [] },
    { state: "left", of: "an unknown member", story: [] },
  ] as const)("$state of $of makes $story", ({ state, story }) => {
    const h = acquainted(2);
    h.step({
      type: "stream",
      stream: 1,
      from: address(9),
      message: tableOf(row("n", 9, { state })),
    });
    expect(h.story).toEqual(story);
  });

  it.each([
    { state: "dead", story: ["suspect a"] },
    { state: "suspect", story: ["suspect a"] },
    { state: "left", story: ["leave a"] },
  ] as const)("$state of a member that we hold for alive makes $story", ({ state, story }) => {
    const h = acquainted(2);
    h.step({
      type: "stream",
      stream: 1,
      from: address(9),
      message: tableOf(row("a", 2, { state })),
    });
    expect(h.story).toEqual(story);
  });

  it.each([
    { before: "dead", story: [] },
    { before: "left", story: ["failed a"] },
  ] as const)("dead of a later life of a member that is $before makes $story", (about) => {
    const { before, story } = about;
    const h = acquainted(4);
    h.receive({ type: "dead", incarnation: 1, node: "a", from: before === "left" ? "a" : "b" });
    h.take();
    const message = tableOf(row("a", 2, { state: "dead", incarnation: 3 }));
    h.step({ type: "stream", stream: 1, from: address(9), message });
    expect(h.story).toEqual(story);
    h.take();
    h.advance(1);
    expect(h.sentOf("suspect")).toEqual([]);
    h.receive(alive("a", 2, 3)); // what was said before it died does not bring it back
    expect(h.standingOf("a")).toBe("dead");
    h.receive(alive("a", 2, 4));
    expect(h.standingOf("a")).toBe("alive");
  });

  it("dead of a member that is gone is believed no further than a life goes (B3)", () => {
    const h = acquainted(2);
    h.receive({ type: "dead", incarnation: 1, node: "a", from: "b" });
    const message = tableOf(row("a", 2, { state: "dead", incarnation: 2 ** 31 }));
    h.step({ type: "stream", stream: 1, from: address(9), message });
    expect(h.notes.at(-1)).toMatchObject({ type: "rejected", reason: "incarnationJump" });
    h.receive(alive("a", 2, 2));
    expect(h.standingOf("a")).toBe("alive");
  });

  it("dead of ourselves is answered", () => {
    const h = acquainted(2);
    const rows = tableOf(row("self", 1, { state: "dead", incarnation: 8 }));
    h.step({ type: "stream", stream: 1, from: address(9), message: rows });
    expect(h.core.status().incarnation).toBe(9);
  });

  it("suspect again is no confirmation: nobody new has seen anything", () => {
    const h = acquainted(10, { timing: { probeIntervalMs: 100_000 } });
    h.receive({ type: "suspect", incarnation: 1, node: "a", from: "b" });
    for (const from of [20, 21, 22]) {
      const message = tableOf(row("a", 2, { state: "suspect" }));
      h.step({ type: "stream", stream: from, from: address(from), message });
    }
    h.advance(1_000_000);
    expect(h.standingOf("a")).toBe("suspect");
  });

  it("does not fill the notes, however many rows are refused", () => {
    const h = acquainted(1, { limits: { membersMax: 2 } });
    const rows = Array.from({ length: 1000 }, (_, i) => row(`x${i}`, 9));
    h.step({ type: "stream", stream: 1, from: address(9), message: tableOf(...rows) });
    expect(h.notes).toHaveLength(1);
  });
});

describe("the regular exchange", () => {
  it("is with one living member, rarer above 32 of them", () => {
    const count = (members: number): number => {
      const h = acquainted(members, { timing: { probeIntervalMs: 10_000_000 } });
      h.advance(60_000); // it has settled
      h.take();
      h.advance(900_000);
      return h.opened.filter(({ message }) => message.type === "pushPull").length;
    };
    expect(count(10)).toBe(30);
    expect(count(40)).toBe(15);
  });

  it("is followed by another one soon if it brought somebody new, and then by one less soon (X4)", () => {
    const h = acquainted(3);
    const next = (): number => {
      const before = h.now;
      h.take();
      while (!h.opened.some(({ message }) => message.type === "pushPull")) h.advance(10);
      return h.now - before;
    };
    expect(next()).toBeLessThan(1600);
    answer(h, tableOf(row("n", 9)));
    expect(next()).toBeLessThan(3100);
    answer(h, tableOf(row("m", 10)));
    expect(next()).toBeLessThan(6100);
    answer(h, tableOf());
    expect(next()).toBeGreaterThan(20_000);
  });
});

describe("seeds (J2)", () => {
  const syncs = (h: Harness) => h.opened.filter(({ message }) => message.type === "pushPull");

  it("are looked at every second or so while nobody is known", () => {
    const h = new Harness();
    h.step({ type: "seeds", addresses: [address(2), address(1)] });
    h.advance(30_000);
    expect(syncs(h).length).toBeGreaterThan(15);
    expect(syncs(h).every(({ to }) => to.host === "10.0.0.2")).toBe(true);
  });

  it("are looked at now and then while one of them is no living member, and not otherwise", () => {
    const quiet = { timing: { pushPullIntervalMs: 0, suspicionMult: 1000 } };
    const h = acquainted(2, quiet);
    h.step({ type: "seeds", addresses: [address(2), address(50)] });
    h.advance(300_000);
    const looked = syncs(h).map(({ to }) => to.host);
    expect(new Set(looked)).toEqual(new Set(["10.0.0.50"]));
    expect(looked.length).toBeGreaterThan(5);
    expect(looked.length).toBeLessThan(25);
  });

  it("are looked at in their time, however often they are looked up meanwhile", () => {
    const quiet = { timing: { pushPullIntervalMs: 0, suspicionMult: 1000 } };
    const h = acquainted(2, quiet);
    for (let second = 0; second < 300; second += 1) {
      h.step({ type: "seeds", addresses: [address(50)] });
      h.advance(1000);
    }
    expect(syncs(h).length).toBeGreaterThan(5);
    expect(syncs(h).length).toBeLessThan(25);
  });

  it("are looked at again as soon as the last member is gone", () => {
    const h = acquainted(1, { timing: { pushPullIntervalMs: 0 } });
    h.step({ type: "seeds", addresses: [address(2)] });
    h.receive({ type: "dead", incarnation: 1, node: "a", from: "a" });
    h.take();
    h.advance(2000);
    expect(syncs(h).length).toBeGreaterThan(0);
  });
});

describe("who failed (J3)", () => {
  it("is tried again, and who left is not", () => {
    const h = acquainted(2, { timing: { pushPullIntervalMs: 0 } });
    h.receive({ type: "dead", incarnation: 1, node: "a", from: "x" });
    h.receive({ type: "dead", incarnation: 1, node: "b", from: "b" });
    h.advance(300_000);
    const hosts = h.opened.map(({ to }) => to.host);
    expect(hosts.length).toBeGreaterThan(5);
    expect(new Set(hosts)).toEqual(new Set(["10.0.0.2"]));
  });

  it("is tried the less often by each, the more others there are to do it", () => {
    const h = acquainted(30, { timing: { pushPullIntervalMs: 0, suspicionMult: 10_000 } });
    h.receive({ type: "dead", incarnation: 1, node: "a", from: "x" });
    h.advance(600_000);
    expect(h.opened.filter(({ message }) => message.type === "pushPull").length).toBeLessThan(6);
  });

  it("is gossiped to for a while, and forgotten after a long one", () => {
    const h = acquainted(2, { timing: { tombstoneMs: 100_000, suspicionMult: 1000 } });
    h.receive({ type: "dead", incarnation: 1, node: "a", from: "x" });
    h.advance(100);
    expect(h.sent(address(2))).not.toEqual([]);
    h.advance(30_000);
    h.take();
    h.receive(alive("n", 9));
    h.advance(5000);
    expect(h.sent(address(2))).toEqual([]);
    h.advance(100_000);
    expect(h.standingOf("a")).toBeUndefined();
    expect(h.notes).toContainEqual({ type: "forgotten", node: "a" });
  });
});

describe("what a process leaves to the next", () => {
  it("is its incarnation and where living members were", () => {
    const h = acquainted(3);
    h.receive({ type: "dead", incarnation: 1, node: "a", from: "x" });
    h.receive({ type: "suspect", incarnation: 1, node: "self", from: "x" });
    const { incarnation, addresses } = h.core.snapshot();
    expect(incarnation).toBe(2);
    expect(addresses.map(({ host }) => host).sort()).toEqual(["10.0.0.3", "10.0.0.4"]);
    expect(letter(27)).toBe("b1");
  });
});
