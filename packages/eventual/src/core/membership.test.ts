import { TestCluster, defaultLimits, uuidV7 } from "../test-support/cluster.ts";

function idsOf(cluster: TestCluster): string[] {
  return [...cluster.nodes.values()].map(({ core }) => core.status().clusterId);
}

describe("other names of an address", () => {
  it("R3: a peer and this node itself are met under whatever address they were named by", () => {
    const cluster = new TestCluster();
    cluster.aliases.set("bee", "b").set("ay", "a");
    cluster.start("a", ["bee", "ay"]);
    cluster.start("b", ["a"]);
    cluster.run(40);
    const { core } = cluster.node("a");
    expect(core.status().provisional).toBe(false);
    expect(core.memberCount()).toBe(2);
    cluster.add("a", 3, uuidV7(cluster.nowMs));
    cluster.run(200);
    const keys = [...cluster.nodes.values()].map((node) => node.core.status().keys);
    expect(keys).toEqual([0, 0]);
    cluster.delivered.length = 0;
    cluster.add("a", 1);
    const pushes = cluster.delivered.filter(({ body }) => body.type === "push");
    expect(pushes.map(({ to }) => to)).toEqual(["b"]);
    expect(cluster.values()).toEqual([4n, 4n]);
  });
});

describe("the number of members", () => {
  it("membersMax: so many can be named, and those that were removed leave their places", () => {
    const cluster = new TestCluster();
    cluster.start("a", [], { limits: { ...defaultLimits, membersMax: 3 } });
    cluster.run(5);
    const register = (...addresses: readonly string[]): unknown =>
      cluster.ask("a", (context) => ({ type: "register", context, addresses }));
    const deregister = (...addresses: readonly string[]): unknown =>
      cluster.ask("a", (context) => ({ type: "deregister", context, addresses, force: false }));
    expect(register("n1", "n2")).toMatchObject({ type: "written" });
    expect(register("n3")).toMatchObject({ type: "refused", reason: "too-many-members" });
    expect(deregister("n1")).toMatchObject({ type: "written" });
    expect(register("n3")).toMatchObject({ type: "written" });
    expect(deregister("n9")).toMatchObject({ type: "refused", reason: "unknown-member" });
  });
});

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

describe("removals (M1)", () => {
  it("M1: during a split in two halves neither side can remove the other, unless it is forced", () => {
    const cluster = TestCluster.of("a", "b", "c", "d");
    cluster.lose = (from, to) => "ab".includes(from) !== "ab".includes(to);
    cluster.run(40);
    const deregister = (name: string, address: string, force: boolean): unknown =>
      cluster.ask(name, (context) => ({
        type: "deregister",
        context,
        addresses: [address],
        force,
      }));
    expect(deregister("a", "c", false)).toMatchObject({ reason: "no-majority" });
    expect(deregister("c", "a", false)).toMatchObject({ reason: "no-majority" });
    expect(deregister("a", "c", true)).toMatchObject({ type: "written" });
    expect(deregister("c", "a", true)).toMatchObject({ type: "written" });
    cluster.add("b", 1);
    cluster.add("d", 10);
    cluster.lose = () => false;
    cluster.run(100);
    // Both removals hold: those who are left are one cluster, and lost nothing.
    expect([cluster.value("b"), cluster.value("d")]).toEqual([11n, 11n]);
    for (const name of ["a", "c"]) {
      expect(cluster.node(name).notes).toContainEqual({ type: "mustStop", why: "removed" });
    }
    const statuses = cluster.node("b").core.status().members;
    expect(statuses.filter(({ status }) => status === "removed")).toHaveLength(2);
  });

  it("M1: late messages of a removed node change nothing", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.hold = (from) => from === "c";
    cluster.add("c", 100);
    cluster.crash("b");
    cluster.restart("b");
    const late = cluster.delivered.filter(({ from }) => from === "c");
    const { core } = cluster.node("a");
    core.step({ type: "deregister", context: 9, addresses: ["c"], force: true });
    cluster.settle();
    cluster.hold = () => false;
    cluster.release();
    for (const delivered of late) cluster.deliverAgain(delivered);
    cluster.run(40, "a", "b");
    expect([cluster.value("a"), cluster.value("b")]).toEqual([0n, 0n]);
  });
});
