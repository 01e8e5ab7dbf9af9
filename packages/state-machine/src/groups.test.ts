/** All or nothing (M4). */
import { CounterMachine } from "./counter-machine.ts";
import type { CounterOperation } from "./operations.ts";
import {
  add,
  cas,
  configure,
  create,
  describeResult,
  feeder,
  group,
  ifRevision,
  next,
  remove,
  reset,
  set,
  snapshotBytes,
  withKey,
  type Feed,
} from "./test-support/building.ts";

let machine: CounterMachine;
let feed: Feed;
beforeEach(() => {
  machine = new CounterMachine();
  feed = feeder(machine, { countersMax: 6, keysMax: 6 });
});

function ask(...operations: readonly CounterOperation[]): string {
  return describeResult(feed([group(...operations)])[0]!);
}

describe("a group", () => {
  it("is done in order, each on what those before it left", () => {
    expect(ask(create({ max: 5n }), add(5n), add(-2n), next(), cas(4n, 0n))).toBe(
      "[0>0, 0>5, 5>3, 3>4, 4>0]",
    );
    expect(machine.revision).toBe(5);
    expect(machine.counter("c")).toMatchObject({ value: 0n, issued: 4n, revision: 5 });
  });

  it("may look at versions that it makes itself", () => {
    expect(ask(set(1n), ifRevision(set(2n), 1), ifRevision(set(3n), 2))).toBe("[0>1, 1>2, 2>3]");
  });

  it.each<{ what: string; last: CounterOperation; code: string }>([
    { what: "a bound", last: add(99n, null, "bounded"), code: "bound-exceeded" },
    { what: "a condition", last: ifRevision(set(0n), 1), code: "version-mismatch" },
    { what: "a counter that exists", last: create({}, "bounded"), code: "counter-exists" },
    { what: "one counter too many", last: add(1n, null, "g"), code: "too-many-counters" },
  ])("leaves no trace when it is refused because of $what", ({ last, code }) => {
    feed([create({ max: 9n }, "bounded"), next(3n, null, "a"), add(1n, null, "b")]);
    feed([create({ ttlMs: 900 }, "timed"), remove("b"), next(1n, null, "d")]);
    const before = Buffer.from(snapshotBytes(machine));
    const refused = ask(
      remove("a"),
      remove("timed"),
      create({ initial: 7n, ttlMs: 5 }, "a"),
      add(1n, null, "timed"),
      configure({ step: 2n, labels: [{ key: "l", value: "v" }] }, "bounded"),
      reset(1n, "d"),
      add(1n, null, "e"),
      add(1n, null, "f"),
      last,
    );
    expect(refused).toBe(`${code} at 8`);
    expect(Buffer.compare(Buffer.from(snapshotBytes(machine)), before)).toBe(0);
    expect(machine.namesAfter({ prefix: "", after: null, limit: 9 }).names).toEqual([
      "a",
      "bounded",
      "d",
      "timed",
    ]);
  });

  it("that deletes and creates again is the same as one by one", () => {
    const operations = [
      add(1n, null, "a"),
      add(1n, null, "b"),
      remove("a"),
      add(1n, null, "e"),
      add(2n, null, "a"),
    ];
    const single = new CounterMachine();
    feeder(single)(operations);
    feed([group(...operations)]);
    expect(machine.digest()).toBe(single.digest());
  });
});

describe("the keys of a group", () => {
  const keyed = [withKey(add(1n), "g#0"), withKey(next(), "g#1")];

  it("are known all together: the whole group is answered again", () => {
    expect(ask(...keyed)).toBe("[0>1, 1>2]");
    const before = machine.digest();
    expect(ask(...keyed)).toBe("[0>1 again, 1>2 again]");
    expect(feed([group(...keyed)])[0]).toMatchObject({ status: "group", replayed: true });
    expect(machine.digest()).toBe(before);
  });

  it.each<{ what: string; operations: CounterOperation[]; at: number }>([
    { what: "one of them is new", operations: [keyed[0]!, withKey(next(), "g#2")], at: 1 },
    {
      what: "one stands for something else",
      operations: [keyed[0]!, withKey(next(), "g#1", 2)],
      at: 1,
    },
    { what: "the other way round", operations: [withKey(add(1n), "new"), keyed[1]!], at: 0 },
  ])("if $what, nothing is done", ({ operations, at }) => {
    ask(...keyed);
    const before = machine.digest();
    expect(ask(...operations)).toBe(`key-reused at ${at}`);
    expect(machine.digest()).toBe(before);
  });

  it("remember a refusal, so that no late repetition is done after all", () => {
    const operations = [withKey(add(1n), "g#0"), withKey(cas(5n, 6n), "g#1")];
    expect(ask(...operations)).toBe("version-mismatch at 1");
    feed([set(4n)]);
    expect(ask(...operations)).toBe("version-mismatch at 1 again");
    expect(machine.value("c")).toBe(4n);
  });

  it("do not remember that there was no room", () => {
    feed(["1", "2", "3", "4", "5"].map((name) => withKey(add(0n), name)));
    expect(ask(...keyed)).toBe("too-many-keys at 0");
    expect(describeResult(feed([group(...keyed)], { keysMax: 7 })[0]!)).toBe("[0>1, 1>2]");
  });
});
