/** Sessions: what is asked in one counts once, without a window (N1–N6). */
import { CounterMachine } from "./counter-machine.ts";
import { sweepMaxSessions } from "./limits.ts";
import type { Operation } from "./operations.ts";
import {
  add,
  cas,
  cloneOf,
  closeSession,
  create,
  describeResult,
  feeder,
  inSession,
  key,
  next,
  openSession,
  restore,
  set,
  withKey,
  type Feed,
  type Settings,
} from "./test-support/building.ts";

let machine: CounterMachine;
let feed: Feed;
beforeEach(() => {
  machine = new CounterMachine();
  feed = feeder(machine);
});

function ask(operation: Operation, more: Settings = {}): string {
  return describeResult(feed([operation], more)[0]!);
}

describe("a session", () => {
  it("has a number that no session before it had, also after it has ended", () => {
    expect(ask(openSession())).toBe("session 1");
    expect(ask(openSession())).toBe("session 2");
    ask(closeSession(2));
    expect(ask(openSession())).toBe("session 3");
    expect(ask(inSession("2; seq=1", add(1n)))).toBe("session-unknown");
  });

  it("goes on being counted on a server that has only a snapshot, also if none is left", async () => {
    feed([openSession(), openSession(), closeSession(1), closeSession(2)]);
    const clone = await cloneOf(machine);
    expect(clone.digest()).toBe(machine.digest());
    expect(describeResult(feeder(clone)([openSession()])[0]!)).toBe("session 3");
  });

  it("is its owner's alone, and nobody else can tell that it is there", () => {
    const owner = new Uint8Array(16).fill(7);
    const other = new Uint8Array(16).fill(8);
    ask(openSession({ owner }));
    for (const wrong of [null, other]) {
      expect(ask(inSession("1; seq=1", add(1n), { owner: wrong }))).toBe("session-unknown");
      ask(closeSession(1, wrong));
    }
    expect(ask(inSession("1; seq=1", add(1n), { owner }))).toBe("(0>1)");
    ask(closeSession(1, owner));
    expect(ask(inSession("1; seq=2", add(1n), { owner }))).toBe("session-unknown");
  });

  it("beyond the most that there may be is refused; none ends to make room", () => {
    feed([openSession({ sessionsMax: 2 }), openSession({ sessionsMax: 2 })]);
    expect(ask(openSession({ sessionsMax: 2 }))).toBe("too-many-sessions");
    expect(ask(inSession("1; seq=1", add(1n)))).toBe("(0>1)");
    ask(closeSession(2));
    expect(ask(openSession({ sessionsMax: 2 }))).toBe("session 3");
    expect(machine.stats().sessions).toBe(2);
  });
});

describe("a write of a session", () => {
  beforeEach(() => {
    ask(openSession());
  });

  it("counts once, however often and late it is sent", () => {
    expect(ask(inSession("1; seq=1", next(3n)))).toBe("(0>3 1..3)");
    feed([add(100n)]);
    expect(ask(inSession("1; seq=1", next(3n)))).toBe("(0>3 1..3 again) again");
    feed([restore({ c: 5n })]);
    expect(ask(inSession("1; seq=1", next(3n)), { at: 999 })).toBe("(0>3 1..3 again) again");
    expect(machine.value("c")).toBe(5n);
  });

  it("twice in one command is done once", () => {
    const results = feed([inSession("1; seq=1", add(2n)), inSession("1; seq=1", add(2n))]);
    expect(results.map(describeResult)).toEqual(["(0>2)", "(0>2 again) again"]);
    expect(machine.revision).toBe(1);
  });

  it("with another fingerprint is refused, and the number goes on standing for the first", () => {
    ask(inSession("1; seq=1", add(2n), { print: 1 }));
    expect(ask(inSession("1; seq=1", add(3n), { print: 2 }))).toBe("number-reused");
    expect(ask(inSession("1; seq=1", add(2n), { print: 1 }))).toBe("(0>2 again) again");
    expect(machine.value("c")).toBe(2n);
  });

  it("may overtake one with a lower number", () => {
    expect(ask(inSession("1; seq=3", add(1n)))).toBe("(0>1)");
    expect(ask(inSession("1; seq=1", add(1n)))).toBe("(1>2)");
    expect(ask(inSession("1; seq=3", add(1n)))).toBe("(0>1 again) again");
  });

  it("is forgotten once it is acknowledged, and never done after that", () => {
    ask(inSession("1; seq=1", add(1n)));
    expect(ask(inSession("1; seq=2; ack=1", add(1n)))).toBe("(1>2)");
    expect(machine.stats().sessionResults).toBe(1);
    expect(ask(inSession("1; seq=1", add(1n)))).toBe("number-acknowledged");
    // A copy of an earlier request takes nothing of what was acknowledged back.
    expect(ask(inSession("1; seq=2", add(1n)))).toBe("(1>2 again) again");
    expect(ask(inSession("1; seq=1", add(1n)))).toBe("number-acknowledged");
    expect(machine.value("c")).toBe(2n);
  });

  it("that was never done, and is acknowledged, is never done", () => {
    ask(inSession("1; seq=5; ack=4", add(1n)));
    expect(ask(inSession("1; seq=3", add(1n)))).toBe("number-acknowledged");
    expect(machine.value("c")).toBe(1n);
  });

  it("that was refused stays refused, though it would succeed later", () => {
    expect(ask(inSession("1; seq=1", cas(5n, 6n)))).toBe("(version-mismatch)");
    expect(ask(inSession("1; seq=2", [add(1n), cas(5n, 6n)], { atomic: true }))).toBe(
      "version-mismatch at 1",
    );
    feed([set(5n)]);
    expect(ask(inSession("1; seq=1", cas(5n, 6n)))).toBe("(version-mismatch again) again");
    expect(ask(inSession("1; seq=2", [add(1n), cas(5n, 6n)], { atomic: true }))).toBe(
      "version-mismatch at 1 again",
    );
    expect(machine.value("c")).toBe(5n);
  });

  it("that was refused because of the moment is tried again", () => {
    const write = inSession("1; seq=1", add(1n));
    expect(ask(write, { countersMax: 0 })).toBe("(too-many-counters)");
    expect(ask(write, { countersMax: 1 })).toBe("(0>1)");
  });

  it("of which a part was done is kept as a whole, with what speaks of the moment", async () => {
    const write = inSession("1; seq=1", [add(1n), add(1n, null, "d"), add(1n)]);
    expect(ask(write, { countersMax: 1 })).toBe("(0>1, too-many-counters, 1>2)");
    expect(ask(write)).toBe("(0>1 again, too-many-counters again, 1>2 again) again");
    expect((await cloneOf(machine)).digest()).toBe(machine.digest());
    expect(machine.revision).toBe(2);
  });

  it("has its place among all changes", () => {
    feed([add(1n)]);
    feed([inSession("1; seq=1", [add(1n), cas(0n, 9n), add(1n, null, "d")]), add(1n)]);
    expect(machine.revision).toBe(4);
    expect(machine.counter("d")).toMatchObject({ revision: 3 });
    expect(machine.counter("c")).toMatchObject({ revision: 4, value: 3n });
  });

  it.each([
    { atomic: true, expected: "bound-exceeded at 1", value: 1n },
    { atomic: false, expected: "(1>2, bound-exceeded, 2>3)", value: 3n },
  ])("does all or none if atomic ($atomic)", ({ atomic, expected, value }) => {
    feed([create({ initial: 1n, max: 9n })]);
    expect(ask(inSession("1; seq=1", [add(1n), add(99n), add(1n)], { atomic }))).toBe(expected);
    expect(machine.value("c")).toBe(value);
  });

  it("is refused when too many results are kept, and done when there is room again", () => {
    const settings = { keysMax: 3 };
    ask(inSession("1; seq=1", [add(1n), add(1n)]), settings);
    expect(ask(inSession("1; seq=2", [add(1n), add(1n)]), settings)).toBe("too-many-results");
    expect(ask(inSession("1; seq=3", add(1n)), settings)).toBe("(2>3)");
    expect(ask(inSession("1; seq=4", add(1n)), settings)).toBe("too-many-results");
    // What it acknowledges itself makes room for it.
    expect(ask(inSession("1; seq=2; ack=1", [add(1n), add(1n)]), settings)).toBe("(3>4, 4>5)");
    ask(withKey(add(1n), "a-table-of-their-own"), settings);
    expect(machine.stats()).toMatchObject({ keys: 1, sessionResults: 3 });
  });
});

describe("the end of a session", () => {
  beforeEach(() => {
    feed([openSession({ idleMs: 100 })], { at: 50 });
  });

  it.each([
    { at: 149, answer: "(0>1)", because: "one millisecond is left" },
    { at: 150, answer: "session-unknown", because: "log time has reached it" },
  ])("at $at: $because", ({ at, answer }) => {
    expect(ask(inSession("1; seq=1", add(1n)), { at })).toBe(answer);
  });

  it("is put off by each use, also by one that is answered again or refused", () => {
    ask(inSession("1; seq=1", add(1n)), { at: 140 });
    ask(inSession("1; seq=1", add(1n)), { at: 230 });
    ask(inSession("1; seq=1", add(9n), { print: 2 }), { at: 320 });
    ask(inSession("1; seq=3; ack=1", add(1n)), { at: 410 });
    ask(inSession("1; seq=1", add(1n)), { at: 500 });
    expect(ask(inSession("1; seq=3; ack=1", add(1n)), { at: 599 })).toBe("(1>2 again) again");
    expect(ask(inSession("1; seq=4; ack=1", add(1n)), { at: 699 })).toBe("session-unknown");
    expect(machine.stats()).toMatchObject({ sessions: 0, sessionResults: 0 });
  });

  it("comes with log time alone: a stamp that is behind takes no time back", () => {
    feed([], { at: 149 });
    expect(ask(inSession("1; seq=1", add(1n)), { at: 0 })).toBe("(0>1)");
    feed([], { at: 248 });
    expect(ask(inSession("1; seq=2", add(1n)), { at: 3 })).toBe("(1>2)");
  });

  it("frees its place for another one", () => {
    expect(ask(openSession({ sessionsMax: 1 }), { at: 149 })).toBe("too-many-sessions");
    expect(ask(openSession({ sessionsMax: 1 }), { at: 150 })).toBe("session 2");
  });

  it("is swept by bounded numbers, first what ended first", async () => {
    const many = Array.from({ length: sweepMaxSessions + 10 }, () =>
      openSession({ idleMs: 200, sessionsMax: 999 }),
    );
    feed(many, { at: 60 });
    feed([], { at: 1000 });
    expect(machine.stats().sessions).toBe(11);
    // An expired one that is still here does not come back.
    expect(ask(inSession("267; seq=1", add(1n)))).toBe("session-unknown");
    const clone = await cloneOf(machine);
    feed([], { at: 1000 });
    feeder(clone, {}, 9)([], { at: 1000 });
    expect(machine.stats().sessions).toBe(0);
    expect(clone.digest()).toBe(machine.digest());
  });
});

it("keys and sessions do not know of each other", () => {
  ask(openSession());
  ask(add(1n, key("k")));
  expect(ask(inSession("1; seq=1", add(1n)))).toBe("(1>2)");
  expect(ask(add(1n, key("k")))).toBe("0>1 again");
  expect(machine.value("c")).toBe(2n);
});
