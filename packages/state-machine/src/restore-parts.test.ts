/** Restores in parts (S1 to S5 of staged-restore.ts). */
import fc from "fast-check";

import { CounterMachine } from "./counter-machine.ts";
import { restoreCarryMax, stageIdleMaxMs } from "./limits.ts";
import type { RestoreStep } from "./operations.ts";
import {
  add,
  cloneOf,
  describeCounters,
  describeResult,
  feeder,
  key,
  next,
  plainBackup,
  remove,
  restore,
  type Feed,
} from "./test-support/building.ts";
import { stepsOf } from "./test-support/restore-steps.ts";

const two = [[plainBackup("a", 7n), plainBackup("b", 8n)], [plainBackup("c", 9n)]];

function fed(): { machine: CounterMachine; feed: Feed; say: (step: RestoreStep) => string } {
  const machine = new CounterMachine();
  const feed = feeder(machine);
  return { machine, feed, say: (step) => describeResult(feed([step])[0]!) };
}

describe("a restore in parts", () => {
  it("shows nothing before its commit, and then everything (S1)", () => {
    const { machine, feed, say } = fed();
    feed([add(1n, null, "a"), add(1n, null, "x")]);
    const { begin, parts, commit } = stepsOf(two);
    for (const step of [begin, ...parts]) {
      expect(say(step)).toBe("0>0");
      expect(describeCounters(machine.counters())).toBe("a=1 x=1");
      expect(machine.restoreEpoch).toBe(0);
    }
    expect(machine.revision).toBe(2);
    expect(say(commit)).toBe("0>1");
    expect(describeCounters(machine.counters())).toBe("a=7 b=8 c=9");
    expect([machine.restoreEpoch, machine.revision]).toEqual([1, 3]);
    expect(machine.counter("a")).toMatchObject({ epoch: 1, value: 7n });
  });

  it("tells observers once, at the commit", () => {
    let replaced = 0;
    const machine = new CounterMachine({ replaced: () => (replaced += 1) });
    const feed = feeder(machine);
    const { begin, parts, commit } = stepsOf(two);
    feed([begin, ...parts]);
    expect(replaced).toBe(0);
    feed([commit]);
    expect(replaced).toBe(1);
  });

  it("is refused at its commit when a part is missing, and is gone then (S2)", () => {
    const { machine, say } = fed();
    const { begin, parts, commit } = stepsOf(two);
    say(begin);
    say(parts[0]!);
    expect(say(commit)).toBe("restore-damaged");
    expect(say(parts[1]!)).toBe("restore-not-staged");
    expect(machine.restoreEpoch).toBe(0);
  });

  it("is refused when its parts are not those that were announced (S2)", () => {
    const { machine, say } = fed();
    const { begin, parts, commit } = stepsOf(two);
    const others = stepsOf([two[0]!, [plainBackup("c", 8n)]]);
    say(begin);
    say(parts[0]!);
    say(others.parts[1]!);
    expect(say(commit)).toBe("restore-damaged");
    expect(machine.restoreEpoch).toBe(0);
  });

  it("is refused as soon as more comes than was announced (S2)", () => {
    const { say } = fed();
    const { begin, parts } = stepsOf([two[0]!]);
    const more = stepsOf(two);
    say(begin);
    say(parts[0]!);
    expect(say(more.parts[1]!)).toBe("restore-damaged");
    say(begin);
    expect(say(stepsOf([[...two[0]!, ...two[1]!]]).parts[0]!)).toBe("restore-damaged");
  });

  it("takes a part that comes twice once, and no part before its turn", () => {
    const { machine, say } = fed();
    const { begin, parts, commit } = stepsOf(two);
    say(begin);
    expect(say(parts[1]!)).toBe("restore-not-staged");
    say(parts[0]!);
    expect(say(parts[0]!)).toBe("0>0");
    say(parts[1]!);
    expect(say(parts[0]!)).toBe("0>0");
    expect(say(commit)).toBe("0>1");
    expect(say(commit)).toBe("restore-not-staged");
    expect(machine.restoreEpoch).toBe(1);
  });

  it.each([
    { what: "the beginning of another one", other: [stepsOf([], "t").begin] },
    { what: "a restore in one command", other: [restore({ z: 1n })] },
  ])("is dropped by $what (S3)", ({ other }) => {
    const { feed, say } = fed();
    const { begin, parts, commit } = stepsOf(two);
    say(begin);
    say(parts[0]!);
    feed(other);
    expect(say(parts[1]!)).toBe("restore-not-staged");
    expect(say(commit)).toBe("restore-not-staged");
  });

  it("is dropped after ten minutes of log time without a part, not before (S3)", () => {
    const { feed, say } = fed();
    const { begin, parts } = stepsOf(two);
    say(begin);
    expect(feed([parts[0]!], { at: stageIdleMaxMs - 1 })[0]).toMatchObject({ status: "ok" });
    feed([], { at: 2 * stageIdleMaxMs - 2 });
    expect(say(parts[0]!)).toBe("0>0");
    feed([], { at: 2 * stageIdleMaxMs - 1 });
    expect(say(parts[1]!)).toBe("restore-not-staged");
  });

  it("goes on at a server that has read a snapshot in the middle of it (S4)", async () => {
    const machine = new CounterMachine();
    const feed = feeder(machine);
    const { begin, parts, commit } = stepsOf(two);
    feed([next(5n, null, "a"), begin, parts[0]!]);
    const clone = await cloneOf(machine);
    expect(clone.digest()).toBe(machine.digest());
    const rest = [next(1n, null, "b"), parts[1]!, commit, next(1n, null, "b")];
    expect(feeder(clone, {}, 1)(rest)).toEqual(feed(rest));
    expect(describeCounters(clone.counters())).toBe("a=7 b=9 c=9");
    expect(clone.digest()).toBe(machine.digest());
  });

  it("has no number issued again that was issued before it or meanwhile (S5)", () => {
    const { machine, feed, say } = fed();
    const { begin, parts, commit } = stepsOf(two);
    feed([next(20n, null, "a"), next(30n, null, "gone"), remove("gone")]);
    say(begin);
    say(parts[0]!);
    feed([next(5n, null, "b"), next(12n, null, "b"), next(40n, null, "new")]);
    say(parts[1]!);
    feed([next(50n, null, "c")]);
    say(commit);
    expect(describeCounters(machine.counters())).toBe("a=7 b=8 c=9");
    const issued = ["a", "b", "c", "gone", "new"].map((name) => {
      return describeResult(feed([next(1n, null, name)])[0]!);
    });
    expect(issued).toEqual(["7>21", "8>18", "9>51", "0>31", "0>41"]);
  });

  it("asks for its commit again while there are more numbers to carry over", async () => {
    const settings = { countersMax: 20_000 };
    const machine = new CounterMachine();
    const feed = feeder(machine, settings);
    const many = restoreCarryMax + 2;
    for (let from = 0; from < many; from += 1000) {
      const names = Array.from({ length: Math.min(1000, many - from) }, (_, at) => `n${from + at}`);
      feed(names.map((name) => next(3n, null, name)));
    }
    const { begin, parts, commit } = stepsOf(two, "s", key("k"));
    feed([begin, ...parts]);
    expect(describeResult(feed([commit])[0]!)).toBe("restore-not-ready");
    const clone = await cloneOf(machine);
    const rest = [remove("n0"), next(1n, null, "n1"), commit, commit];
    const answers = feed(rest, settings);
    expect(answers.map(describeResult).slice(2)).toEqual(["0>1", "0>1 again"]);
    expect(feeder(clone, settings, 100)(rest)).toEqual(answers);
    expect(clone.digest()).toBe(machine.digest());
    for (const name of ["n0", `n${many - 1}`]) {
      expect(describeResult(feed([next(1n, null, name)])[0]!)).toBe("0>4");
    }
    // It was carried over already when it was issued once more.
    expect(describeResult(feed([next(1n, null, "n1")])[0]!)).toBe("0>5");
    expect(machine.stats().counters).toBe(6);
  });

  it("counts once with a key, whose answer is told at the beginning already", () => {
    const { machine, feed, say } = fed();
    const one = stepsOf(two, "s", key("k"));
    feed([one.begin, ...one.parts, one.commit, add(1n, null, "a")]);
    expect(say(stepsOf(two, "t", key("k")).begin)).toBe("0>1 again");
    expect(say(stepsOf(two, "t", key("k")).parts[0]!)).toBe("restore-not-staged");
    expect(say(stepsOf(two, "t", key("k", 2)).begin)).toBe("key-reused");
    expect(say(stepsOf(two, "t", key("k")).commit)).toBe("0>1 again");
    expect(machine.value("a")).toBe(8n);
  });

  it("is refused as a whole when it makes too many counters", () => {
    const { machine, feed } = fed();
    const { begin, parts, commit } = stepsOf(two);
    const results = feed([begin, ...parts, commit], { countersMax: 2 });
    expect(results.map(describeResult).slice(2)).toEqual([
      "too-many-counters",
      "restore-not-staged",
    ]);
    feed([next(1n, null, "x"), begin, ...parts]);
    expect(describeResult(feed([commit], { countersMax: 3 })[0]!)).toBe("too-many-counters");
    expect(machine.restoreEpoch).toBe(0);
  });

  it("leaves what a restore in one command leaves", () => {
    const backups = fc.uniqueArray(
      fc.record({
        name: fc.constantFrom("a", "b", "c", "d", "e"),
        value: fc.bigInt({ min: 0n, max: 30n }),
        issued: fc.option(fc.bigInt({ min: 0n, max: 60n })),
      }),
      { selector: ({ name }) => name },
    );
    const names = fc.array(fc.constantFrom("a", "b", "c", "f"), { maxLength: 6 });
    fc.assert(
      fc.property(backups, names, names, fc.nat(5), (list, before, during, cut) => {
        const counters = list.map((one) => ({ ...plainBackup(one.name, one.value), ...one }));
        const atOnce = fed();
        const staged = fed();
        const nexts = before.map((name) => next(1n, null, name));
        const meanwhile = during.map((name) => next(2n, null, name));
        const { begin, parts, commit } = stepsOf([counters.slice(0, cut), counters.slice(cut)]);
        atOnce.feed([...nexts, ...meanwhile, { type: "restore", counters, key: null }]);
        staged.feed([...nexts, begin, parts[0]!, ...meanwhile, parts[1]!, commit]);
        const contents = [atOnce, staged].map(({ machine }) => {
          const all = [...machine.backup()].map(({ name, value, issued }) => ({
            name,
            value,
            issued,
          }));
          return all.sort((a, b) => (a.name < b.name ? -1 : 1));
        });
        expect(contents[1]).toEqual(contents[0]);
      }),
      { numRuns: 200 },
    );
  });
});
