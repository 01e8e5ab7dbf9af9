import { TestCluster, uuidV7 } from "../test-support/cluster.ts";

describe("keys that waited for a writer", () => {
  it("K1: are refused when the new writer promises not to take any so old", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("a");
    cluster.crash("a", "c");
    cluster.run(60);
    cluster.restart("a");
    cluster.run(1);
    const old = uuidV7(cluster.nowMs - 1500);
    expect(cluster.add("a", 5, old)).toBeNull();
    cluster.run(10);
    expect(cluster.node("a").outcomes).toContainEqual(
      expect.objectContaining({ type: "refused", reason: "key-expired" }),
    );
    expect(cluster.values()).toEqual([1n, 1n]);
  });

  it("M3: are refused when the disk turns out to be an older copy", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("a");
    const copy = [...cluster.node("a").disk];
    cluster.add("a", 10);
    cluster.crash("a");
    cluster.restart("a", {}, copy);
    expect(cluster.add("a", 5, "k")).toBeNull();
    cluster.run(20);
    expect(cluster.node("a").outcomes).toContainEqual(
      expect.objectContaining({ type: "refused", reason: "starting" }),
    );
    expect(cluster.values()).toEqual([11n, 11n, 11n]);
    expect(cluster.add("a", 5, "k")).toMatchObject({ type: "written" });
    expect(cluster.values()).toEqual([16n, 16n, 16n]);
  });
});
