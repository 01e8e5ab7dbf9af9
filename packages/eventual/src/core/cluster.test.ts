import { TestCluster, idOf, uuidV7 } from "../test-support/cluster.ts";

describe("three nodes", () => {
  it("find each other, agree on one cluster, and are ready", () => {
    const cluster = TestCluster.of("a", "b", "c");
    const statuses = [...cluster.nodes.values()].map(({ core }) => core.status());
    expect(new Set(statuses.map(({ clusterId }) => clusterId))).toEqual(new Set(["cluster-a"]));
    expect(statuses.map(({ ready, provisional }) => [ready, provisional])).toEqual(
      [0, 1, 2].map(() => [true, false]),
    );
    for (const { members } of statuses)
      expect(members.map(({ status }) => status)).toEqual(["up", "up", "up"]);
  });

  it("take increments everywhere and agree", () => {
    const cluster = TestCluster.of("a", "b", "c");
    for (const name of ["a", "b", "c", "a"]) {
      expect(cluster.add(name)).toMatchObject({ type: "written", replayed: false });
    }
    expect(cluster.values()).toEqual([4n, 4n, 4n]);
  });

  it("count a key once, wherever it is repeated, and refuse it for something else", () => {
    const cluster = TestCluster.of("a", "b", "c");
    expect(cluster.add("a", 5, "k")).toMatchObject({ type: "written", value: 5n, replayed: false });
    expect(cluster.add("b", 5, "k")).toMatchObject({ type: "written", value: 5n, replayed: true });
    expect(cluster.add("c", 6, "k")).toMatchObject({ type: "refused", reason: "key-reused" });
    expect(cluster.values()).toEqual([5n, 5n, 5n]);
  });

  it("converge after a partition in which both sides counted, and one key on both", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.lose = (from, to) => (from === "c") !== (to === "c");
    cluster.run(20);
    cluster.add("a", 1);
    cluster.add("b", 10, "k");
    cluster.add("c", 10, "k");
    cluster.add("c", 100);
    expect(cluster.values()).toEqual([11n, 11n, 110n]);
    cluster.lose = () => false;
    cluster.run(60);
    expect(cluster.values()).toEqual([111n, 111n, 111n]);
  });

  it("never pass on what was pushed to them", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.delivered.length = 0;
    cluster.add("a");
    const pushes = cluster.delivered.filter(({ body }) => body.type === "push");
    expect(pushes.map(({ from, to }) => `${from}${to}`).sort()).toEqual(["ab", "ac"]);
  });
});

describe("a restart", () => {
  it("with its disk resumes the writer once everybody has confirmed it", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("a");
    const { writer } = cluster.node("a").core.status();
    cluster.crash("a");
    cluster.restart("a");
    cluster.run(10);
    cluster.add("a");
    expect(cluster.node("a").core.status().writer).toBe(writer);
    expect(cluster.values()).toEqual([2n, 2n, 2n]);
  });

  it("while somebody is silent mints a writer, and the old one is final when all are back", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("a");
    const { writer } = cluster.node("a").core.status();
    cluster.crash("a", "c");
    cluster.restart("a");
    cluster.run(1);
    expect(cluster.add("a")).toBeNull();
    cluster.run(10);
    expect(cluster.value("a")).toBe(2n);
    expect(cluster.node("a").core.status().writer).not.toBe(writer);
    cluster.restart("c");
    cluster.run(60);
    expect(cluster.values()).toEqual([2n, 2n, 2n]);
  });

  it("without its disk is another node, and nothing is lost or doubled", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("a", 7);
    cluster.crash("a");
    cluster.restart("a", { node: idOf("A") }, []);
    cluster.run(60);
    cluster.add("a", 1);
    expect(cluster.values()).toEqual([8n, 8n, 8n]);
  });

  it("on an older copy of its disk gets the rest from its peers and mints a writer", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("a");
    const copy = [...cluster.node("a").disk];
    cluster.add("a", 10);
    const { writer } = cluster.node("a").core.status();
    cluster.crash("a");
    cluster.restart("a", {}, copy);
    cluster.run(20);
    cluster.add("a", 100);
    cluster.run(20);
    expect(cluster.node("a").core.status().writer).not.toBe(writer);
    expect(cluster.values()).toEqual([111n, 111n, 111n]);
  });
});

describe("a node that was added", () => {
  it("gets everything before it is ready, and changes no value", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("b", 5);
    cluster.start("d");
    const { core } = cluster.node("a");
    core.step({ type: "register", context: 77, addresses: ["d"] });
    cluster.run(40);
    expect(cluster.values()).toEqual([5n, 5n, 5n, 5n]);
    cluster.add("d", 1);
    expect(cluster.values()).toEqual([6n, 6n, 6n, 6n]);
    expect(cluster.node("d").core.status()).toMatchObject({ ready: true, clusterId: "cluster-a" });
  });

  it("too late for the records gets a snapshot", () => {
    const cluster = new TestCluster();
    const limits = { ...cluster.start("a").options.limits, retainedMaxBytes: 500 };
    cluster.start("a", ["b"], { limits });
    cluster.start("b", ["a"], { limits });
    cluster.run(20);
    for (let count = 0; count < 100; count += 1)
      cluster.add("a", 1, count % 2 === 0 ? `k${count}` : null);
    cluster.start("c", ["a"], { limits });
    cluster.run(60);
    expect(cluster.node("c").notes).toContainEqual(
      expect.objectContaining({ type: "snapshot", direction: "in", what: "ended" }),
    );
    expect(cluster.values()).toEqual([100n, 100n, 100n]);
  });
});

describe("keys", () => {
  it("are forgotten when their window is over everywhere, and are refused then", () => {
    const cluster = TestCluster.of("a", "b", "c");
    const key = uuidV7(cluster.nowMs);
    cluster.add("a", 3, key);
    expect(cluster.node("b").core.status().keys).toBe(1);
    cluster.run(200);
    expect([...cluster.nodes.values()].map(({ core }) => core.status().keys)).toEqual([0, 0, 0]);
    expect(cluster.add("b", 3, key)).toMatchObject({ type: "refused", reason: "key-expired" });
    expect(cluster.values()).toEqual([3n, 3n, 3n]);
  });
});

describe("a set", () => {
  it("replaces what was known, and keeps what was not", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("a", 5);
    cluster.add("a", 6, "k");
    cluster.lose = (from, to) => (from === "c") !== (to === "c");
    cluster.add("c", 1000);
    cluster.submit("a", { type: "set", counter: "c", value: 1n, key: null });
    expect(cluster.value("b")).toBe(1n);
    cluster.lose = () => false;
    cluster.run(60);
    expect(cluster.values()).toEqual([1001n, 1001n, 1001n]);
  });
});

describe("members", () => {
  it("that were removed are refused and stop", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.crash("c");
    cluster.run(20);
    const { core } = cluster.node("a");
    core.step({ type: "deregister", context: 9, addresses: ["c"], force: false });
    cluster.run(10);
    expect(core.status().members.find(({ address }) => address === "c")?.status).toBe("removed");
    const back = cluster.restart("c");
    cluster.run(20);
    expect(back.notes).toContainEqual({ type: "mustStop", why: "removed" });
  });

  it("leave when a majority has everything they wrote", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("c", 4);
    const { core, notes } = cluster.node("c");
    core.step({ type: "leave", context: 5 });
    cluster.run(10);
    expect(notes).toContainEqual({ type: "mustStop", why: "removed" });
    cluster.crash("c");
    cluster.add("a");
    expect(cluster.values()).toEqual([5n, 5n]);
  });
});
