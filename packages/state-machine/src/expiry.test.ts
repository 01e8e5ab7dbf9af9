/** Counters that live for a time (T1, T2). */
import { CounterMachine } from "./counter-machine.ts";
import { sweepMaxCounters } from "./limits.ts";
import {
  add,
  cloneOf,
  configure,
  create,
  describeResult,
  feeder,
  ifRevision,
  next,
  restore,
  set,
} from "./test-support/building.ts";
import type { CounterChange } from "./types.ts";

it("a counter is absent from the end of its time on", () => {
  const machine = new CounterMachine();
  const feed = feeder(machine);
  feed([create({ ttlMs: 100 })], { at: 50 });
  feed([], { at: 149 });
  expect(machine.counter("c")).toMatchObject({ expiresAtMs: 150 });
  feed([], { at: 150 });
  expect(machine.counter("c")).toBeNull();
  expect(machine.stats().counters).toBe(0);
});

it.each([
  { what: "an add", write: add(0n) },
  { what: "next", write: next() },
  { what: "a set", write: set(1n) },
  { what: "a change of its configuration", write: configure({}) },
])("every write gives it a new time: $what", ({ write }) => {
  const machine = new CounterMachine();
  const feed = feeder(machine);
  feed([create({ ttlMs: 100 })]);
  feed([write], { at: 60 });
  expect(machine.counter("c")).toMatchObject({ expiresAtMs: 160 });
});

it("a refused write does not", () => {
  const machine = new CounterMachine();
  const feed = feeder(machine);
  feed([create({ ttlMs: 100 })]);
  feed([ifRevision(set(1n), 99)], { at: 60 });
  expect(machine.counter("c")).toMatchObject({ expiresAtMs: 100 });
});

it("can be given and taken away later, and a restore begins it again", () => {
  const machine = new CounterMachine();
  const feed = feeder(machine);
  feed([add(1n), configure({ ttlMs: 100 })], { at: 10 });
  expect(machine.counter("c")).toMatchObject({ expiresAtMs: 110 });
  const backup = [...machine.backup()];
  feed([configure({ ttlMs: null })], { at: 20 });
  expect(machine.counter("c")).toMatchObject({ expiresAtMs: null });
  feed([{ ...restore({}), counters: backup }], { at: 30 });
  expect(machine.counter("c")).toMatchObject({ expiresAtMs: 130 });
});

it("its issued numbers stay remembered", () => {
  const machine = new CounterMachine();
  const feed = feeder(machine);
  feed([create({ ttlMs: 5 }), next(7n)]);
  const [result] = feed([next()], { at: 9 });
  expect(describeResult(result!)).toBe("0>8");
});

it("that it is gone is a change: another revision, and observers hear of it", () => {
  const changes: CounterChange[] = [];
  const machine = new CounterMachine({ changed: (change) => changes.push(change) });
  const feed = feeder(machine);
  feed([create({ ttlMs: 5 })]);
  feed([], { at: 5 });
  expect(machine.revision).toBe(2);
  expect(changes).toEqual([
    { name: "c", deleted: false },
    { name: "c", deleted: true },
  ]);
});

it("a command sweeps a bounded number, and the others count as absent all the same", async () => {
  const machine = new CounterMachine();
  const feed = feeder(machine, { countersMax: 2000 });
  const names = Array.from({ length: 1000 }, (_, at) => `n${at}`);
  feed(names.map((name) => create({ ttlMs: 10 }, name)));
  feed([], { at: 10 });
  expect(machine.stats().counters).toBe(1000 - sweepMaxCounters);
  expect([...machine.counters()]).toEqual([]);
  expect([...machine.backup()]).toEqual([]);
  expect(machine.namesAfter({ prefix: "", after: null, limit: 10 }).names).toEqual([]);
  const clone = await cloneOf(machine);
  expect(clone.digest()).toBe(machine.digest());
  // A counter that waits to be swept is created anew like any other, and makes room for others.
  const results = feed([create({}, "n999"), create({}, "new")], { countersMax: 744 });
  expect(results.map(({ status }) => status)).toEqual(["ok", "ok"]);
  feed([]);
  feed([]);
  expect(machine.stats()).toMatchObject({ counters: 2, retiredCounters: 0 });
});
