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

describe("two processes of one node", () => {
  it("the later one goes on, the earlier one stops, and everything that both wrote counts", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("c", 1);
    const first = cluster.node("c");
    cluster.nodes.set("old", first);
    cluster.restart("c");
    cluster.run(20);
    expect(first.notes).toContainEqual({ type: "mustStop", why: "duplicate-identity" });
    cluster.nodes.delete("old");
    cluster.add("c", 10);
    cluster.run(20);
    expect(cluster.values()).toEqual([11n, 11n, 11n]);
  });

  it("B2: seals what earlier processes wrote where its disk ends; B3: higher if more turns up", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("c", 1);
    const copy = [...cluster.node("c").disk];
    cluster.lose = (from, to) => from === "b" || to === "b";
    cluster.add("c", 10);
    cluster.crash("a", "c");
    cluster.lose = () => false;
    cluster.restart("c", {}, copy);
    cluster.run(2);
    cluster.add("c", 100);
    cluster.run(20);
    cluster.restart("a");
    cluster.run(100);
    cluster.add("a", 1000, "k");
    cluster.run(200);
    expect(cluster.values()).toEqual([1111n, 1111n, 1111n]);
    // Keys are forgotten only when every writer that ended is known to its end.
    const keys = [...cluster.nodes.values()].map(({ core }) => core.status().keys);
    expect(keys).toEqual([0, 0, 0]);
  });

  it("B4: waits for nobody when something is to be written and `resumeTicks` are over", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.add("a", 1);
    cluster.crash("a", "b");
    cluster.restart("a");
    cluster.run(50);
    expect(cluster.node("a").core.status().writer).toBeNull();
    cluster.add("a", 10);
    cluster.run(1);
    expect(cluster.value("a")).toBe(11n);
  });
});
