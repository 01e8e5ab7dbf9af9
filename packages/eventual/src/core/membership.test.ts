import { TestCluster, uuidV7 } from "../test-support/cluster.ts";

function idsOf(cluster: TestCluster): string[] {
  return [...cluster.nodes.values()].map(({ core }) => core.status().clusterId);
}

describe("meetings of clusters (M2)", () => {
  it("M2: a cluster id that was given is taken by those who only guessed theirs", () => {
    const cluster = new TestCluster();
    cluster.start("a", ["b"], { cluster: { id: "given", fixed: true } });
    cluster.start("b", ["a"]);
    cluster.run(30);
    expect(idsOf(cluster)).toEqual(["given", "given"]);
    cluster.add("a", 1);
    cluster.add("b", 1);
    expect(cluster.values()).toEqual([2n, 2n]);
  });

  it("M2: three that only guessed agree on the smallest", () => {
    const cluster = new TestCluster();
    cluster.start("a", ["b"]);
    cluster.start("b", ["a", "c"]);
    cluster.start("c", ["b"]);
    cluster.run(60);
    expect(idsOf(cluster)).toEqual(["cluster-a", "cluster-a", "cluster-a"]);
    expect(cluster.nodes.get("c")?.core.status().provisional).toBe(false);
  });

  it("M2: who names nodes of two clusters joins one, and is no bridge between them", () => {
    const cluster = new TestCluster();
    cluster.start("a", ["b"]);
    cluster.start("b", ["a"]);
    cluster.start("d", ["e"]);
    cluster.start("e", ["d"]);
    cluster.run(30);
    cluster.add("a", 1);
    cluster.add("d", 10);
    cluster.start("p", ["a", "d"]);
    cluster.run(100);
    expect(idsOf(cluster)).toEqual([
      "cluster-a",
      "cluster-a",
      "cluster-d",
      "cluster-d",
      "cluster-a",
    ]);
    expect(cluster.values()).toEqual([1n, 1n, 10n, 10n, 1n]);
    const changes = cluster.node("p").notes.filter(({ type }) => type === "cluster");
    expect(changes).toHaveLength(1);
  });

  it("M2: whoever counted keys alone does not join a cluster that may have forgotten theirs", () => {
    const cluster = new TestCluster();
    cluster.start("a", ["b"]);
    cluster.start("b", ["a"]);
    cluster.run(30);
    cluster.lose = (from, to) => "ab".includes(from) !== "ab".includes(to);
    cluster.start("p", ["q", "a"]);
    cluster.start("q", ["p", "a"]);
    cluster.run(20);
    expect(cluster.add("p", 5, uuidV7(cluster.nowMs))).toMatchObject({ type: "written" });
    cluster.run(1);
    cluster.add("a", 1, uuidV7(cluster.nowMs, 11));
    cluster.run(200);
    expect(cluster.node("a").core.status().keys).toBe(0);
    cluster.lose = () => false;
    cluster.run(100);
    expect(cluster.values()).toEqual([1n, 1n, 5n, 5n]);
    expect(cluster.node("a").notes).toContainEqual(
      expect.objectContaining({ type: "refusedTo", why: { code: "foreign-cluster" } }),
    );
  });
});
