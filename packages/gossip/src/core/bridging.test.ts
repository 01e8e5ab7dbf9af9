/** Two networks that meet through somebody who joins both (X5), and any that grow so (X6). */
import { acquainted, address, Harness, letter, row, tableOf } from "../test-support/harness.ts";
import type { Overrides } from "../test-support/harness.ts";
import { lanTiming } from "./options.ts";

/** Only what a join brings about: nothing is exchanged regularly, nobody is suspected. */
const quiet = { pushPullIntervalMs: 0, reconnectIntervalMs: 0, probeIntervalMs: 1_000_000 };
const { gossipIntervalMs } = lanTiming;

/** Joins through the seeds at 10.0.0.2, 3 … at once. */
function joining(seeds: number, overrides: Overrides = {}): Harness {
  const h = new Harness({ ...overrides, timing: { ...quiet, ...overrides.timing } });
  const addresses = Array.from({ length: seeds }, (_, i) => address(i + 2));
  h.step({ type: "join", context: 1, addresses });
  return h;
}

/** What was sent to open tables since they were looked at last, and to whom. */
function tables(h: Harness): { to: string; names: string[] }[] {
  const sent = h.opened.flatMap(({ to, message }) =>
    message.type !== "pushPull"
      ? []
      : [{ to: to.host, names: message.states.map(({ name }) => name).sort() }],
  );
  h.take();
  return sent;
}

/** The exchange numbered so, from 1, is answered. */
function answer(h: Harness, exchange: number, ...names: string[]): void {
  const rows = names.map((name, i) => row(name, name.charCodeAt(0) + i));
  h.step({ type: "streamAnswered", exchange, message: tableOf(...rows) });
}

describe("joins that overlap (X5)", () => {
  it("are followed by another table for each who lacks what the others brought", () => {
    const h = joining(2);
    h.take();
    answer(h, 1, "a", "b");
    answer(h, 2, "x", "y");
    h.advance(gossipIntervalMs - 1);
    expect(tables(h)).toEqual([]);
    h.advance(1);
    expect(tables(h)).toEqual([
      { to: "10.0.0.2", names: ["a", "b", "self", "x", "y"] },
      { to: "10.0.0.3", names: ["a", "b", "self", "x", "y"] },
    ]);
    answer(h, 3, "a", "b", "x");
    answer(h, 4, "x", "y");
    h.advance(100_000);
    expect(tables(h)).toEqual([]);
  });

  it("are followed by nothing where all know the same", () => {
    const h = joining(3);
    h.take();
    for (const exchange of [1, 2, 3]) answer(h, exchange, "a", "b", "c");
    h.advance(100_000);
    expect(tables(h)).toEqual([]);
  });

  it("spare whoever lacks nobody, and whoever did not answer", () => {
    const h = joining(3);
    h.take();
    answer(h, 1, "a", "x");
    h.step({ type: "streamFailed", exchange: 2 });
    answer(h, 3, "x");
    h.advance(1000);
    expect(tables(h).map(({ to }) => to)).toEqual(["10.0.0.4"]);
  });

  it("count members alike when a table comes in pieces", () => {
    const h = joining(2);
    h.take();
    const piece = (exchange: number, name: string) =>
      h.step({ type: "rows", from: address(9), exchange, states: [row(name, 50)] });
    piece(1, "a");
    piece(2, "a");
    piece(1, "b");
    answer(h, 1, "c");
    piece(2, "b");
    answer(h, 2, "c");
    h.advance(1000);
    expect(tables(h)).toEqual([]);
  });

  it("do not count a member that somebody takes for dead", () => {
    const h = joining(2);
    h.take();
    answer(h, 1, "a");
    const message = tableOf(row("a", 97, { state: "dead" }));
    h.step({ type: "streamAnswered", exchange: 2, message });
    h.advance(1000);
    expect(tables(h).map(({ to }) => to)).toEqual(["10.0.0.3"]);
  });

  it("do not send what was known before, as the first table had it", () => {
    const h = acquainted(3, { timing: quiet });
    h.step({ type: "join", context: 2, addresses: [address(2), address(30)] });
    h.take();
    answer(h, 2, "a", "b", "c");
    answer(h, 3, "x");
    h.advance(1000);
    expect(tables(h).map(({ to }) => to)).toEqual(["10.0.0.2"]);
  });

  it("are followed by further rounds while others answer, each twice as late as the one before", () => {
    const h = joining(4);
    h.take();
    const waits: number[] = [];
    answer(h, 1, "a");
    for (const [exchange, name] of [
      [2, "b"],
      [3, "c"],
      [4, "d"],
    ] as const) {
      answer(h, exchange, name);
      const began = h.now;
      while (!h.opened.some(({ message }) => message.type === "pushPull")) h.advance(1);
      waits.push(h.now - began);
      h.take();
    }
    expect(waits).toEqual([1, 2, 4].map((times) => times * gossipIntervalMs));
  });

  it("wait for no one who does not answer", () => {
    const h = joining(3);
    h.take();
    answer(h, 1, "a");
    answer(h, 3, "x");
    h.advance(gossipIntervalMs);
    expect(tables(h).map(({ to }) => to)).toEqual(["10.0.0.2", "10.0.0.4"]);
  });

  it("wait while there is no room for another exchange", () => {
    const h = joining(4, { limits: { exchangesMax: 4 } });
    h.take();
    answer(h, 1, "a");
    answer(h, 2, "b");
    h.step({ type: "join", context: 2, addresses: [address(60), address(61)] });
    h.take();
    h.advance(gossipIntervalMs);
    expect(tables(h)).toEqual([]); // four joins are under way
    h.step({ type: "streamFailed", exchange: 3 });
    h.advance(gossipIntervalMs);
    expect(tables(h).map(({ to }) => to)).toEqual(["10.0.0.2"]);
    h.step({ type: "streamFailed", exchange: 4 });
    h.advance(2 * gossipIntervalMs);
    expect(tables(h).map(({ to }) => to)).toEqual(["10.0.0.3"]);
  });

  it("remember as many who answered as a join has addresses, and the others hear of it by rumour", () => {
    const addressesMax = 3;
    const h = joining(3, { limits: { addressesMax } });
    h.step({ type: "join", context: 2, addresses: [address(20)] });
    h.take();
    for (const exchange of [1, 2, 3, 4]) answer(h, exchange, letter(exchange));
    h.advance(10_000);
    expect(h.sentOf("alive").map(({ node }) => node)).toContain(letter(4));
    expect(tables(h).map(({ to }) => to)).toEqual(["10.0.0.2", "10.0.0.3", "10.0.0.4"]);
  });

  it("are over for whoever leaves (B5)", () => {
    const h = joining(3);
    answer(h, 1, "a");
    answer(h, 2, "b");
    h.step({ type: "leave", context: 9 });
    h.take();
    answer(h, 3, "c");
    h.advance(100_000);
    expect(tables(h)).toEqual([]);
  });
});

describe("a table that grows by what is told (X6)", () => {
  const rare = { probeIntervalMs: 1_000_000, reconnectIntervalMs: 0 };
  const telling = (h: Harness, count: number): void => {
    for (let i = 0; i < count; i += 1) {
      const { name: node, address: at, meta, versions, incarnation } = row(`new${i}`, 100 + i);
      h.receive({ type: "alive", node, address: at, meta, versions, incarnation });
    }
  };
  /** A member that knows so many, whose last exchange is a while ago. */
  const settled = (count: number, timing: Overrides["timing"] = {}): Harness => {
    const h = acquainted(count, { timing: { ...rare, ...timing } });
    h.advance(2000);
    for (const { exchange } of h.opened) {
      h.step({ type: "streamAnswered", exchange, message: tableOf() });
    }
    h.take();
    return h;
  };

  it.each([
    { known: 20, told: 1, soon: true, because: "it is small" },
    { known: 30, told: 1, soon: true, because: "all of them are 32" },
    { known: 31, told: 1, soon: false, because: "all of them are 33" },
    { known: 40, told: 10, soon: false, because: "it grew by no more than a quarter" },
    { known: 40, told: 11, soon: true, because: "it grew by more than a quarter" },
  ])("from $known by $told is exchanged soon: $soon, as $because", ({ known, told, soon }) => {
    const h = settled(known);
    telling(h, told);
    h.advance(1500);
    expect(tables(h)).toHaveLength(soon ? 1 : 0);
  });

  it("by what somebody else's exchange brought is exchanged soon as well", () => {
    const h = settled(20);
    const message = tableOf(row("new", 100));
    h.step({ type: "stream", stream: 1, from: address(100), message });
    h.advance(1500);
    expect(tables(h)).toHaveLength(1);
  });

  it("is exchanged never where there are no regular exchanges", () => {
    const h = settled(20, { pushPullIntervalMs: 0 });
    telling(h, 20);
    h.advance(60_000);
    expect(tables(h)).toEqual([]);
  });

  it("is exchanged with one that did not answer yet, if there is one", () => {
    const partners: string[] = [];
    for (let seed = 1; seed <= 10; seed += 1) {
      const h = acquainted(8, { seed, timing: { pushPullIntervalMs: 1_000_000 } });
      // Everybody known answers its probe, so that only newcomers are hearsay.
      for (let second = 0; second < 20; second += 1) {
        for (const ping of h.sentOf("ping")) {
          h.receive({ type: "ack", seqNo: ping.seqNo, payload: new Uint8Array(0) });
        }
        h.take();
        h.advance(1000);
      }
      h.take();
      telling(h, 3);
      h.advance(600);
      for (const ping of h.sentOf("ping")) {
        h.receive({ type: "ack", seqNo: ping.seqNo, payload: new Uint8Array(0) });
      }
      h.advance(900);
      partners.push(...tables(h).map(({ to }) => to));
    }
    expect(partners.length).toBeGreaterThanOrEqual(10);
    for (const to of partners) expect(to).toMatch(/^10\.0\.0\.10[012]$/);
  });
});
