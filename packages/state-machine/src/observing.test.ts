import { CounterMachine } from "./counter-machine.ts";
import {
  add,
  create,
  feeder,
  group,
  inPieces,
  next,
  remove,
  restore,
  set,
  snapshotBytes,
} from "./test-support/building.ts";

function observed(): { machine: CounterMachine; heard: string[] } {
  const heard: string[] = [];
  const machine: CounterMachine = new CounterMachine({
    changed: ({ name, deleted }) => {
      heard.push(deleted ? `-${name}` : `${name}=${machine.value(name)}`);
    },
    replaced: () => heard.push("all"),
  });
  return { machine, heard };
}

it("observers hear of every change, when it shows", () => {
  const { machine, heard } = observed();
  feeder(machine)([add(2n), { ...next(), times: 3 }, remove(), set(1n, null, "d"), remove("d")]);
  expect(heard).toEqual(["c=2", "c=5", "-c", "d=1", "-d"]);
});

it("of a group they hear when it is done, of a refused one not at all", () => {
  const { machine, heard } = observed();
  feeder(machine)([
    group(add(1n), add(1n)),
    group(add(1n), create()),
    group(add(1n, null, "d"), remove("d")),
  ]);
  expect(heard).toEqual(["c=2"]);
});

it("when all is replaced they are told so", async () => {
  const { machine, heard } = observed();
  const feed = feeder(machine);
  feed([add(1n)]);
  feed([restore({ c: 5n, d: 6n })]);
  await machine.restore(inPieces(snapshotBytes(machine)));
  feed([add(1n, null, "d")]);
  expect(heard).toEqual(["c=1", "all", "all", "d=7"]);
});

describe("names in order", () => {
  const names = ["a", "b.1", "b.10", "b.2", "b_", "c"];

  it.each([
    { prefix: "", after: null, limit: 10, page: names, next: null },
    { prefix: "", after: null, limit: 2, page: ["a", "b.1"], next: "b.1" },
    { prefix: "", after: "b.1", limit: 2, page: ["b.10", "b.2"], next: "b.2" },
    { prefix: "b.", after: null, limit: 10, page: ["b.1", "b.10", "b.2"], next: null },
    { prefix: "b.", after: "b.10", limit: 10, page: ["b.2"], next: null },
    { prefix: "b.1", after: null, limit: 1, page: ["b.1"], next: "b.1" },
    { prefix: "b.", after: "a", limit: 3, page: ["b.1", "b.10", "b.2"], next: null },
    { prefix: "b.", after: "c", limit: 3, page: [], next: null },
    { prefix: "x", after: null, limit: 3, page: [], next: null },
  ])("$prefix after $after, at most $limit", ({ prefix, after, limit, page, next: more }) => {
    const machine = new CounterMachine();
    feeder(machine)([...names].reverse().map((name) => add(1n, null, name)));
    expect(machine.namesAfter({ prefix, after, limit })).toEqual({ names: page, after: more });
  });
});
