/** The operations one by one: what each does, and what it is refused for. */
import { CounterMachine } from "./counter-machine.ts";
import type { Operation } from "./operations.ts";
import {
  add,
  cas,
  configure,
  create,
  describeResult,
  feeder,
  ifRevision,
  next,
  provided,
  remove,
  reset,
  restore,
  set,
} from "./test-support/building.ts";
import type { CounterConfig } from "./types.ts";

function resultsOf(...operations: readonly Operation[]): string[] {
  return feeder(new CounterMachine())(operations).map(describeResult);
}

const absent = { type: "absent" } as const;
const present = { type: "present" } as const;
const seats: Partial<CounterConfig> = { min: 0n, max: 10n, initial: 8n };

describe("what an operation does", () => {
  it.each<{ because: string; operations: Operation[]; results: string[] }>([
    { because: "set gives a value", operations: [set(7n), set(-7n)], results: ["0>7", "7>-7"] },
    {
      because: "cas changes only what is as expected",
      operations: [set(7n), cas(7n, 9n), cas(7n, 10n)],
      results: ["0>7", "7>9", "version-mismatch"],
    },
    {
      because: "cas of what is not there has nothing to compare with",
      operations: [cas(0n, 1n)],
      results: ["version-mismatch"],
    },
    {
      because: "reset goes back to the initial value, or to another one",
      operations: [create({ initial: 100n }), add(5n), reset(), reset(3n)],
      results: ["100>100", "100>105", "105>100", "100>3"],
    },
    {
      because: "a counter is created once",
      operations: [create({ initial: 5n }), create()],
      results: ["5>5", "counter-exists"],
    },
    {
      because: "the first number of next comes after the initial value, a step further",
      operations: [create({ initial: 1000n, step: 10n }), next(), next(3n)],
      results: ["1000>1000", "1000>1010", "1010>1040 1020..1040"],
    },
    {
      because: "a sequence only hands out numbers, and may be reset",
      operations: [
        create({ kind: "sequence" }),
        next(),
        add(1n),
        set(1n),
        cas(1n, 2n),
        reset(),
        next(),
      ],
      results: ["0>0", "0>1", "kind-mismatch", "kind-mismatch", "kind-mismatch", "1>0", "0>2"],
    },
    {
      because: "what was deleted begins again, and hands out no number again",
      operations: [next(5n), remove(), remove(), next(), remove(), create({ initial: 2n }), next()],
      results: ["0>5 1..5", "5>5", "counter-not-found", "0>6", "6>6", "2>2", "2>7"],
    },
    {
      because: "a configuration can be changed of what is there",
      operations: [configure({ max: 1n }), add(0n), configure({ max: 1n }), add(2n)],
      results: ["counter-not-found", "0>0", "0>0", "bound-exceeded"],
    },
  ])("$because", ({ operations, results }) => {
    expect(resultsOf(...operations)).toEqual(results);
  });
});

describe("bounds", () => {
  it.each<{ because: string; operations: Operation[]; results: string[] }>([
    {
      because: "the bounds themselves are allowed, and nothing beyond",
      operations: [create(seats), add(2n), add(1n), add(-10n), add(-1n)],
      results: ["8>8", "8>10", "bound-exceeded", "10>0", "bound-exceeded"],
    },
    {
      because: "what saturates stops there",
      operations: [create({ ...seats, onBound: "saturate" }), add(100n), add(-100n), add(-1n)],
      results: ["8>8", "8>10", "10>0", "0>0"],
    },
    {
      because: "an operation may choose for itself",
      operations: [
        create(seats),
        { ...add(5n), onBound: "saturate" },
        configure({ onBound: "saturate" }),
        { ...add(5n), onBound: "reject" },
      ],
      results: ["8>8", "8>10", "10>10", "bound-exceeded"],
    },
    {
      because: "next never saturates",
      operations: [create({ ...seats, onBound: "saturate" }), next(3n), next(2n), next()],
      results: ["8>8", "bound-exceeded", "8>10 9..10", "bound-exceeded"],
    },
    {
      because: "nothing is set beyond them",
      operations: [create(seats), set(11n), cas(8n, -1n), reset(11n), configure({ max: 7n })],
      results: ["8>8", "bound-exceeded", "bound-exceeded", "bound-exceeded", "bound-exceeded"],
    },
    {
      because: "an initial value beyond them creates nothing",
      operations: [create({ initial: 5n, max: 4n }), remove()],
      results: ["bound-exceeded", "counter-not-found"],
    },
  ])("$because", ({ operations, results }) => {
    expect(resultsOf(...operations)).toEqual(results);
  });

  it("are part of the refusal, with the value that is there", () => {
    const results = feeder(new CounterMachine())([create(seats), add(3n)]);
    expect(results[1]).toEqual({
      status: "refused",
      replayed: false,
      code: "bound-exceeded",
      current: 8n,
      currentVersion: { epoch: 0, revision: 1 },
      min: 0n,
      max: 10n,
      index: null,
    });
  });
});

describe("conditions", () => {
  it.each<{ because: string; operations: Operation[]; results: string[] }>([
    {
      because: "one of several versions is enough",
      operations: [add(1n), ifRevision(add(1n), 7, 1), ifRevision(add(1n), 1)],
      results: ["0>1", "1>2", "version-mismatch"],
    },
    {
      because: "a change of the configuration is another version",
      operations: [add(1n), configure({ step: 2n }), ifRevision(set(5n), 1)],
      results: ["0>1", "1>1", "version-mismatch"],
    },
    {
      because: "settings that stay as they were are the same version",
      operations: [add(1n), configure({}), configure({ min: null, step: 1n }), add(1n)],
      results: ["0>1", "1>1", "1>1", "1>2"],
    },
    {
      because: "a version is that of the last change, also when nothing was changed since",
      operations: [add(1n), configure({}), ifRevision(set(5n), 1), ifRevision(set(6n), 2)],
      results: ["0>1", "1>1", "1>5", "5>6"],
    },
    {
      because: "the same value again is another version",
      operations: [set(1n), set(1n), ifRevision(set(2n), 1), ifRevision(set(2n), 2)],
      results: ["0>1", "1>1", "version-mismatch", "1>2"],
    },
    {
      because: "a change of another counter is not",
      operations: [set(1n), set(1n, null, "d"), ifRevision(remove(), 1)],
      results: ["0>1", "0>1", "1>1"],
    },
    {
      because: "absent means absent, present means present",
      operations: [
        provided(set(1n), present),
        provided(set(1n), absent),
        provided(set(2n), absent),
        provided(set(2n), present),
      ],
      results: ["version-mismatch", "0>1", "version-mismatch", "1>2"],
    },
    {
      because: "a restore is another version of everything",
      operations: [set(1n), restore({ c: 1n }), ifRevision(set(2n), 1, 2)],
      results: ["0>1", "0>1", "version-mismatch"],
    },
    {
      because: "of what is not there, nothing is compared",
      operations: [ifRevision(remove(), 1), ifRevision(configure({}), 1), ifRevision(set(1n), 1)],
      results: ["counter-not-found", "counter-not-found", "version-mismatch"],
    },
  ])("$because", ({ operations, results }) => {
    expect(resultsOf(...operations)).toEqual(results);
  });
});

describe("labels", () => {
  const label = (key: string, value: string | null) => ({ key, value });

  it("are set and taken away one by one, or all at once", () => {
    const machine = new CounterMachine();
    const feed = feeder(machine);
    feed([create({ labels: [{ key: "b", value: "1" }] })]);
    feed([configure({ labels: [label("c", "2"), label("a", "3"), label("x", null)] })]);
    expect(machine.counter("c")?.labels).toEqual([
      { key: "a", value: "3" },
      { key: "b", value: "1" },
      { key: "c", value: "2" },
    ]);
    feed([configure({ labels: [label("b", null)] }), configure({ step: 3n })]);
    expect(machine.counter("c")?.labels).toHaveLength(2);
    feed([configure({ labels: null })]);
    expect(machine.counter("c")).toMatchObject({ labels: [], step: 3n });
  });

  it("are sixteen at most", () => {
    const machine = new CounterMachine();
    const feed = feeder(machine);
    const named = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, at) => label(`l${from + at}`, ""));
    const results = feed([
      create(),
      configure({ labels: named(0, 16) }),
      configure({ labels: named(16, 17) }),
      configure({ labels: [label("l0", null), ...named(16, 17)] }),
    ]);
    expect(results.map(describeResult)).toEqual(["0>0", "0>0", "too-many-labels", "0>0"]);
    expect(machine.counter("c")?.labels).toHaveLength(16);
  });
});
