import { encodeBatch } from "./command-writer.ts";
import { CounterMachine } from "./counter-machine.ts";
import { CommandFormatError, MachineInvariantError, UnknownCommandError } from "./errors.ts";
import {
  add,
  batch,
  describeCounters,
  describeResult,
  feeder,
  key,
  next,
  restore,
} from "./test-support/building.ts";
import type { Operation } from "./operations.ts";

const top = 2n ** 1024n - 1n;

function resultsOf(operations: readonly Operation[]): string[] {
  return feeder(new CounterMachine())(operations).map(describeResult);
}

describe("counters", () => {
  it.each<{ because: string; operations: Operation[]; results: string[] }>([
    { because: "the first touch creates it", operations: [add(5n)], results: ["0>5"] },
    { because: "zero is a touch", operations: [add(0n)], results: ["0>0"] },
    { because: "it may be negative", operations: [add(-5n), add(2n)], results: ["0>-5", "-5>-3"] },
    { because: "next begins at 1", operations: [next(), next()], results: ["0>1", "1>2"] },
    {
      because: "next may hand out many",
      operations: [next(64n), next(2n)],
      results: ["0>64 1..64", "64>66 65..66"],
    },
    {
      because: "next goes on after an add",
      operations: [add(10n), next(2n), add(5n), next()],
      results: ["0>10", "10>12 11..12", "12>17", "17>18"],
    },
    {
      because: "a negative add does not give numbers back",
      operations: [next(5n), add(-4n), next(2n), add(-100n), next()],
      results: ["0>5 1..5", "5>1", "1>7 6..7", "7>-93", "-93>8"],
    },
    {
      because: "next of a negative counter that never issued starts above its value",
      operations: [add(-5n), next()],
      results: ["0>-5", "-5>-4"],
    },
    {
      because: "2^53 is no border",
      operations: [add(2n ** 53n), next()],
      results: ["0>9007199254740992", "9007199254740992>9007199254740993"],
    },
    {
      because: "counters do not share",
      operations: [next(3n, null, "a"), next(1n, null, "b")],
      results: ["0>3 1..3", "0>1"],
    },
  ])("$because", ({ operations, results }) => {
    expect(resultsOf(operations)).toEqual(results);
  });

  it.each<{ operations: Operation[]; last: string; value: bigint }>([
    { operations: [add(top)], last: `0>${top}`, value: top },
    { operations: [add(-top)], last: `0>${-top}`, value: -top },
    { operations: [add(top), add(1n)], last: "value-out-of-range", value: top },
    { operations: [add(-top), add(-1n)], last: "value-out-of-range", value: -top },
    { operations: [add(top), add(top)], last: "value-out-of-range", value: top },
    { operations: [add(top), next()], last: "value-out-of-range", value: top },
    { operations: [add(1n), next(top)], last: "value-out-of-range", value: 1n },
    { operations: [next(top)], last: `0>${top} 1..${top}`, value: top },
    { operations: [next(top), add(-top), next()], last: "value-out-of-range", value: 0n },
  ])("never wrap ($#)", ({ operations, last, value }) => {
    const machine = new CounterMachine();
    expect(describeResult(feeder(machine)(operations).at(-1)!)).toBe(last);
    expect(machine.value("c")).toBe(value);
  });

  it("are created up to the limit of the command, and existing ones go on", () => {
    const machine = new CounterMachine();
    const feed = feeder(machine, { countersMax: 2 });
    const operations = ["a", "b", "c", "a", "c"].map((name) => add(1n, null, name));
    expect(feed(operations).map(describeResult)).toEqual([
      "0>1",
      "0>1",
      "too-many-counters",
      "1>2",
      "too-many-counters",
    ]);
    expect(describeCounters(machine.counters())).toBe("a=2 b=1");
    expect(describeResult(feed([next(1n, null, "c")], { countersMax: 3 })[0]!)).toBe("0>1");
    expect(describeResult(feed([next(1n, null, "d")], { countersMax: 0 })[0]!)).toBe(
      "too-many-counters",
    );
  });

  it("are not created by a refused operation", () => {
    const machine = new CounterMachine();
    const feed = feeder(machine, { countersMax: 1 });
    feed([restore({ c: top })]);
    feed([add(1n), next(), add(top, null, "d")]);
    expect(describeCounters(machine.counters())).toBe(`c=${top}`);
  });

  it("without a value are 0", () => {
    expect(new CounterMachine().value("nobody")).toBe(0n);
  });
});

describe("a restore", () => {
  it("replaces all values at once and counts an epoch", () => {
    const machine = new CounterMachine();
    const feed = feeder(machine);
    feed([add(1n, null, "a"), add(2n, null, "b")]);
    const [result] = feed([restore({ b: 20n, c: -3n })]);
    expect(describeResult(result!)).toBe("0>1");
    expect(describeCounters(machine.counters())).toBe("b=20 c=-3");
    expect(machine.value("a")).toBe(0n);
    expect(machine.restoreEpoch).toBe(1);
    feed([restore({})]);
    expect(describeCounters(machine.counters())).toBe("");
    expect(machine.stats()).toMatchObject({ counters: 0, retiredCounters: 0, restoreEpoch: 2 });
  });

  it("shows the old value again, but hands out no number again", () => {
    const machine = new CounterMachine();
    const feed = feeder(machine);
    feed([next(100n)]);
    feed([restore({ c: 40n })]);
    expect(machine.value("c")).toBe(40n);
    expect(feed([next(), add(1n), next()]).map(describeResult)).toEqual([
      "40>101",
      "101>102",
      "102>103",
    ]);
  });

  it("to a higher value is what next goes on from", () => {
    const machine = new CounterMachine();
    const feed = feeder(machine);
    feed([next(3n)]);
    feed([restore({ c: 1000n })]);
    expect(describeResult(feed([next()])[0]!)).toBe("1000>1001");
  });

  it("remembers the numbers of a counter that the backup does not name", () => {
    const machine = new CounterMachine();
    const feed = feeder(machine);
    feed([next(7n), add(7n, null, "d")]);
    feed([restore({})]);
    feed([restore({})]);
    expect(machine.value("c")).toBe(0n);
    expect(machine.stats()).toMatchObject({ counters: 0, retiredCounters: 1 });
    expect(feed([add(2n), next(), next(1n, null, "d")]).map(describeResult)).toEqual([
      "0>2",
      "2>8",
      "0>1",
    ]);
    expect(machine.stats()).toMatchObject({ counters: 2, retiredCounters: 0 });
  });

  it("keeps the keys: an answer given before it is given again, and applied no more", () => {
    const machine = new CounterMachine();
    const feed = feeder(machine);
    const operations = [next(2n, key("n")), add(5n, key("a"))];
    feed(operations);
    feed([restore({ c: 0n })]);
    expect(feed(operations).map(describeResult)).toEqual(["0>2 1..2 again", "2>7 again"]);
    expect(machine.value("c")).toBe(0n);
  });

  it("with a key is done once", () => {
    const machine = new CounterMachine();
    const feed = feeder(machine);
    const operation = restore({ c: 9n }, key("once"));
    expect(describeResult(feed([operation])[0]!)).toBe("0>1");
    feed([add(1n)]);
    expect(describeResult(feed([operation])[0]!)).toBe("0>1 again");
    expect(machine.value("c")).toBe(10n);
    expect(machine.restoreEpoch).toBe(1);
  });

  it("of too many counters, removed ones that issued numbers included, changes nothing", () => {
    const machine = new CounterMachine();
    const feed = feeder(machine, { countersMax: 2 });
    feed([next(), add(1n, null, "d")]);
    const before = machine.digest();
    expect(describeResult(feed([restore({ d: 1n, e: 1n })])[0]!)).toBe("too-many-counters");
    expect(machine.digest()).toBe(before);
    expect(describeResult(feed([restore({ e: 1n })])[0]!)).toBe("0>1");
    expect(describeResult(feed([next(1n, null, "f")])[0]!)).toBe("too-many-counters");
  });
});

describe("applying", () => {
  it("gives one list of results a command, in order", () => {
    const machine = new CounterMachine();
    const data = [[next(), next()], [], [next()]].map((list) => encodeBatch(batch(list)));
    const results = machine.apply([
      { index: 3, term: 1, data: data[0]! },
      { index: 5, term: 2, data: data[1]! },
      { index: 6, term: 2, data: data[2]! },
    ]);
    expect(results.map((list) => list.map(describeResult))).toEqual([["0>1", "1>2"], [], ["2>3"]]);
  });

  it("keeps the latest log time", () => {
    const machine = new CounterMachine();
    const feed = feeder(machine);
    for (const at of [5, 3, 5, 9, 0]) feed([], { at });
    expect(machine.logTimeMs).toBe(9);
  });

  it.each([
    { what: "of a newer version", data: Uint8Array.of(4, 0), error: UnknownCommandError },
    { what: "that is malformed", data: Uint8Array.of(1, 0), error: CommandFormatError },
  ])("stops at a command $what", ({ data, error }) => {
    const machine = new CounterMachine();
    const before = machine.digest();
    expect(() => machine.apply([{ index: 1, term: 1, data }])).toThrow(error);
    expect(machine.digest()).toBe(before);
  });

  it("stops at a command that comes again", () => {
    const machine = new CounterMachine();
    const command = { index: 1, term: 1, data: encodeBatch(batch([next()])) };
    machine.apply([command]);
    expect(() => machine.apply([command])).toThrow(MachineInvariantError);
    expect(machine.value("c")).toBe(1n);
  });
});
