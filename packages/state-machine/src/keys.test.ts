import { CounterMachine } from "./counter-machine.ts";
import { sweepMaxKeys } from "./limits.ts";
import { add, describeResult, feeder, key, next, restore } from "./test-support/building.ts";
import type { Feed } from "./test-support/building.ts";

const top = 2n ** 1024n - 1n;

function machineWith(settings: Parameters<typeof feeder>[1] = {}): {
  machine: CounterMachine;
  feed: Feed;
} {
  const machine = new CounterMachine();
  return { machine, feed: feeder(machine, settings) };
}

function fill(feed: Feed, count: number, at: number): void {
  const operations = Array.from({ length: count }, (_, index) => add(1n, key(`${at}-${index}`)));
  feed(operations, { at });
}

describe("a key", () => {
  it("gives the same answer again, and nothing is applied", () => {
    const { machine, feed } = machineWith();
    expect(describeResult(feed([next(3n, key("k"))])[0]!)).toBe("0>3 1..3");
    feed([add(100n)]);
    expect(describeResult(feed([next(3n, key("k"))])[0]!)).toBe("0>3 1..3 again");
    expect(machine.value("c")).toBe(103n);
    expect(machine.stats().keys).toBe(1);
  });

  it("twice in one command is applied once", () => {
    const { machine, feed } = machineWith();
    const results = feed([add(2n, key("k")), add(2n, key("k")), add(2n, key("l"))]);
    expect(results.map(describeResult)).toEqual(["0>2", "0>2 again", "2>4"]);
    expect(machine.value("c")).toBe(4n);
  });

  it("with another fingerprint is refused, and goes on standing for the first", () => {
    const { machine, feed } = machineWith();
    feed([add(2n, key("k", 1))]);
    const results = feed([add(3n, key("k", 2)), add(2n, key("k", 1))]);
    expect(results.map(describeResult)).toEqual(["key-reused", "0>2 again"]);
    expect(results[0]).toMatchObject({ status: "refused", replayed: false, code: "key-reused" });
    expect(machine.value("c")).toBe(2n);
  });

  it("belongs to its counter; restores have a scope of their own", () => {
    const { machine, feed } = machineWith();
    const results = feed([
      add(1n, key("k"), "a"),
      add(1n, key("k"), "b"),
      restore({ a: 5n }, key("k")),
      add(1n, key("k"), "a"),
    ]);
    expect(results.map(describeResult)).toEqual(["0>1", "0>1", "0>1", "0>1 again"]);
    expect(machine.stats().keys).toBe(3);
  });

  it("remembers that the value was out of range, though it would fit later", () => {
    const { machine, feed } = machineWith();
    feed([add(top)]);
    expect(describeResult(feed([add(1n, key("k"))])[0]!)).toBe("value-out-of-range");
    feed([add(-5n)]);
    expect(describeResult(feed([add(1n, key("k"))])[0]!)).toBe("value-out-of-range again");
    expect(machine.value("c")).toBe(top - 5n);
  });

  it("does not remember that there were too many counters", () => {
    const { machine, feed } = machineWith();
    const operation = add(1n, key("k"));
    expect(describeResult(feed([operation], { countersMax: 0 })[0]!)).toBe("too-many-counters");
    expect(machine.stats().keys).toBe(0);
    expect(describeResult(feed([operation], { countersMax: 1 })[0]!)).toBe("0>1");
  });
});

describe("a window", () => {
  it.each([
    { at: 1099, result: "0>1 again", because: "one millisecond is left" },
    { at: 1100, result: "1>2", because: "it ends when the log time reaches its end" },
    { at: 1101, result: "1>2", because: "it is over" },
  ])("at $at: $because", ({ at, result }) => {
    const { feed } = machineWith({ keyWindowMs: 1000 });
    feed([add(1n, key("k"))], { at: 100 });
    expect(describeResult(feed([add(1n, key("k"))], { at })[0]!)).toBe(result);
  });

  it("counts from the log time, not from a stamp that is behind", () => {
    const { feed } = machineWith({ keyWindowMs: 10 });
    feed([], { at: 100 });
    feed([add(1n, key("k"))], { at: 5 });
    expect(describeResult(feed([add(1n, key("k"))], { at: 109 })[0]!)).toBe("0>1 again");
    expect(describeResult(feed([add(1n, key("k"))], { at: 110 })[0]!)).toBe("1>2");
  });

  it("is not lengthened by a replay", () => {
    const { feed } = machineWith({ keyWindowMs: 10 });
    feed([add(1n, key("k"))], { at: 0 });
    feed([add(1n, key("k"))], { at: 9 });
    expect(describeResult(feed([add(1n, key("k"))], { at: 10 })[0]!)).toBe("1>2");
  });

  it("that is shorter ends earlier, also behind keys with a longer one", () => {
    const { machine, feed } = machineWith({ keysMax: 2 });
    feed([add(1n, key("long"))], { at: 0, keyWindowMs: 1000 });
    feed([add(1n, key("short"))], { at: 0, keyWindowMs: 10 });
    expect(describeResult(feed([add(1n, key("new"))], { at: 9 })[0]!)).toBe("too-many-keys");
    expect(describeResult(feed([add(1n, key("new"))], { at: 10 })[0]!)).toBe("2>3");
    expect(describeResult(feed([add(1n, key("long"))], { at: 10 })[0]!)).toBe("0>1 again");
    expect(machine.stats().keys).toBe(2);
  });
});

describe("a full table", () => {
  it("refuses new keys, applies nothing of them, and goes on answering old ones", () => {
    const { machine, feed } = machineWith({ keysMax: 2 });
    const results = feed(["a", "b", "c", "a"].map((name) => add(1n, key(name))));
    expect(results.map(describeResult)).toEqual(["0>1", "1>2", "too-many-keys", "0>1 again"]);
    expect(machine.value("c")).toBe(2n);
    expect(describeResult(feed([add(1n)])[0]!)).toBe("2>3");
    expect(describeResult(feed([add(1n, key("c"))], { keysMax: 3 })[0]!)).toBe("3>4");
  });

  it("has room again when keys expire", () => {
    const { machine, feed } = machineWith({ keysMax: 2, keyWindowMs: 10 });
    feed([add(1n, key("a"))], { at: 0 });
    feed([add(1n, key("b"))], { at: 5 });
    const results = feed([add(1n, key("c")), add(1n, key("d"))], { at: 10 });
    expect(results.map(describeResult)).toEqual(["2>3", "too-many-keys"]);
    expect(machine.stats().keys).toBe(2);
  });

  it("of no keys refuses all of them", () => {
    const { feed } = machineWith({ keysMax: 0 });
    expect(describeResult(feed([add(1n, key("a"))])[0]!)).toBe("too-many-keys");
  });
});

describe("sweeping", () => {
  it("removes a bounded number of expired keys a command", () => {
    const { machine, feed } = machineWith({ keysMax: 10_000 });
    fill(feed, 1000, 0);
    feed([], { at: 5000 });
    expect(machine.stats().keys).toBe(1000 - sweepMaxKeys);
    feed([next()], { at: 5000 });
    expect(machine.stats().keys).toBe(1000 - 2 * sweepMaxKeys - 1);
  });

  it("leaves room for every key of the command, so a full table is never in the way", () => {
    const { machine, feed } = machineWith({ keysMax: 1000 });
    fill(feed, 1000, 0);
    const operations = Array.from({ length: 700 }, (_, index) => add(1n, key(`new-${index}`)));
    const results = feed(operations, { at: 5000 });
    expect(results.every(({ status }) => status === "ok")).toBe(true);
    expect(machine.stats().keys).toBe(1000 - sweepMaxKeys);
  });

  it("that has not come to an expired key does not bring it back", () => {
    const { machine, feed } = machineWith({ keysMax: 10_000 });
    fill(feed, 1000, 0);
    // The last ones are still there when the first ones are swept.
    const results = feed([add(1n, key("0-999")), add(1n, key("0-999"))], { at: 1000 });
    expect(results.map(describeResult)).toEqual(["1000>1001", "1000>1001 again"]);
    for (let times = 0; times < 4; times += 1) feed([], { at: 1000 });
    expect(machine.stats().keys).toBe(1);
    expect(describeResult(feed([add(1n, key("0-999"))], { at: 1999 })[0]!)).toBe("1000>1001 again");
  });

  it("comes down to a limit that was lowered", () => {
    const { machine, feed } = machineWith({ keysMax: 10_000 });
    fill(feed, 1000, 0);
    const settings = { at: 5000, keysMax: 10 };
    // Keys that are expired and still here count: refusing is safe, forgetting would not be.
    expect(describeResult(feed([add(1n, key("new"))], settings)[0]!)).toBe("too-many-keys");
    for (let times = 0; times < 4; times += 1) feed([], settings);
    expect(describeResult(feed([add(1n, key("new"))], settings)[0]!)).toBe("1000>1001");
    expect(machine.stats().keys).toBe(1);
  });
});
