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

describe("a node that finds a later writer of its own (B5)", () => {
  it("M3: needs its place anew, whatever place the writer before had", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("c", 3);
    cluster.crash("a", "b", "c");
    cluster.restart("a");
    cluster.restart("b");
    const { core, notes } = cluster.restart("c", {}, []);
    const isMinted = (times: number): boolean =>
      notes.filter((note) => note.type === "writer").length >= times;
    cluster.lose = () => !isMinted(1);
    cluster.run(1, "c");
    cluster.lose = (from, to) => isMinted(2) && (from === "c" || to === "c");
    cluster.run(10);
    expect(isMinted(2)).toBe(true);
    for (let count = 0; count < 9; count += 1) cluster.add("c", 1);
    expect(core.status().position).toBeGreaterThan(8);
    expect(cluster.add("c", 5, "k")).toMatchObject({ type: "refused", reason: "starting" });
    cluster.lose = () => false;
    cluster.run(60);
    expect(cluster.add("c", 5, "k")).toMatchObject({ type: "written" });
    expect(cluster.values()).toEqual([17n, 17n, 17n]);
  });
});
