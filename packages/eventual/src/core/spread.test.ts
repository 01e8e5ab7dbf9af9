import { configure, drop } from "../test-support/acts.ts";
import { TestCluster, uuidV7 } from "../test-support/cluster.ts";
import { spreadRecordsMax } from "./recent-records.ts";

/** What a node tells of the counter that the tests add to. */
function spreadAt(cluster: TestCluster, name: string): readonly [bigint | null, number] {
  const { stable, behind } = cluster.node(name).core.spreads()("c");
  return [stable, behind.length];
}

/** Two nodes that know that both have 5, and hear nothing of each other from then on. */
function apart(): TestCluster {
  const cluster = TestCluster.of("a", "b");
  cluster.add("a", 5);
  cluster.run(60);
  expect(spreadAt(cluster, "a")).toEqual([5n, 0]);
  cluster.lose = () => true;
  return cluster;
}

describe("what every member is known to have (F1)", () => {
  it("stays what it was, while others cannot be reached", () => {
    const cluster = apart();
    cluster.add("a", 3);
    cluster.add("a", -1, uuidV7(cluster.nowMs));
    expect(cluster.node("a").core.value("c")).toBe(7n);
    expect(spreadAt(cluster, "a")).toEqual([5n, 1]);
    cluster.lose = () => false;
    cluster.run(60);
    expect(spreadAt(cluster, "a")).toEqual([7n, 0]);
  });

  it("is all there is, for a node alone and of a counter that is not there", () => {
    const cluster = new TestCluster();
    cluster.start("a");
    cluster.run(5);
    expect(spreadAt(cluster, "a")).toEqual([0n, 0]);
    cluster.add("a", 5);
    expect(spreadAt(cluster, "a")).toEqual([5n, 0]);
  });

  it("does not follow what happens to other counters", () => {
    const cluster = apart();
    cluster.submit("a", configure("d", null, true));
    cluster.submit("a", { type: "set", counter: "d", value: 9n, key: null });
    expect(spreadAt(cluster, "a")).toEqual([5n, 1]);
  });
});

describe("what cannot be worked out backwards is not told (F2)", () => {
  it.each([
    { what: "a set", act: { type: "set", counter: "c", value: 9n, key: null } as const },
    { what: "a deletion", act: drop("c") },
    { what: "labels", act: configure("c", new Map([["x", "1"]])) },
    { what: "a deletion with a key", act: drop("c", "k") },
  ])("$what", ({ act }) => {
    const cluster = apart();
    cluster.submit("a", act);
    expect(spreadAt(cluster, "a")).toEqual([null, 1]);
  });

  it.each([
    { records: spreadRecordsMax, told: true },
    { records: spreadRecordsMax + 1, told: false },
  ])("after $records records: told: $told", ({ records, told }) => {
    const cluster = apart();
    for (let record = 0; record < records; record += 1) cluster.add("a", 1);
    expect(spreadAt(cluster, "a")).toEqual([told ? 5n : null, 1]);
  });
});
