import { TestCluster, defaultLimits, uuidV7 } from "../test-support/cluster.ts";

function keysOf(cluster: TestCluster): number[] {
  return [...cluster.nodes.values()].map(({ core }) => core.status().keys);
}

describe("what a restart leaves of the promises", () => {
  it("K2: keys from a checkpoint are forgotten without another key after them", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("a", 3, uuidV7(cluster.nowMs));
    for (const name of ["a", "b", "c"]) {
      const checkpoint = [...cluster.node(name).core.checkpoint()];
      cluster.crash(name);
      cluster.restart(name, {}, checkpoint);
    }
    cluster.run(10);
    expect(keysOf(cluster)).toEqual([1, 1, 1]);
    cluster.run(200);
    expect(keysOf(cluster)).toEqual([0, 0, 0]);
    expect(cluster.values()).toEqual([3n, 3n, 3n]);
  });

  it("K3: keys that were forgotten before it are forgotten again at once", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.add("a", 3, uuidV7(cluster.nowMs));
    cluster.run(200);
    expect(keysOf(cluster)).toEqual([0, 0]);
    cluster.crash("a");
    cluster.restart("a"); // from the log, which has them all
    expect(keysOf(cluster)).toEqual([0, 0]);
  });

  it("K2: a clock that ran ahead at the first start closes no door to keys", () => {
    const cluster = new TestCluster();
    cluster.start("a", ["b"]);
    cluster.start("b", ["a"]);
    const { nowMs } = cluster;
    cluster.nowMs += 365 * 86_400_000;
    cluster.run(20, "a");
    cluster.nowMs = nowMs;
    cluster.run(60);
    expect(cluster.add("a", 3, uuidV7(cluster.nowMs))).toMatchObject({ type: "written" });
  });

  it("K2: nor does one that ran ahead when a snapshot with keys came in", () => {
    const cluster = new TestCluster();
    cluster.start("a", [], { limits: { ...defaultLimits, retainedMaxBytes: 100 } });
    cluster.run(5);
    cluster.add("a", 1, uuidV7(cluster.nowMs));
    cluster.start("b", ["a"]);
    const { nowMs } = cluster;
    cluster.nowMs += 365 * 86_400_000;
    cluster.run(30, "b");
    cluster.nowMs = nowMs + 3000;
    cluster.run(30);
    expect(cluster.node("b").notes).toContainEqual(
      expect.objectContaining({ type: "snapshot", what: "ended" }),
    );
    expect(cluster.add("b", 3, uuidV7(cluster.nowMs))).toMatchObject({ type: "written" });
  });
});
