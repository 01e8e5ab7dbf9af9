import { TestCluster, defaultLimits, defaultTiming, idOf } from "../test-support/cluster.ts";
import { hintsMax } from "./peers.ts";
import { heldPerMember } from "./requests.ts";

function isUp(cluster: TestCluster, name: string, peer: string): boolean {
  const { peers } = cluster.node(name).core.status();
  return peers.find(({ address }) => address === peer)?.up === true;
}

describe("who is there", () => {
  it("P1: a peer is down after three checks in a row without an answer, not before", () => {
    const cluster = TestCluster.of("a", "b");
    let lost = 0;
    cluster.lose = (from, _to, message) => {
      if (from === "a" && message.kind === "request") lost += 1;
      return true;
    };
    for (let tick = 0; tick < 100 && isUp(cluster, "a", "b"); tick += 1) cluster.run(1, "a");
    expect(isUp(cluster, "a", "b")).toBe(false);
    expect(lost).toBeGreaterThanOrEqual(3);
  });

  it("P2: a peer that is down is asked more and more rarely, and never given up", () => {
    const cluster = TestCluster.of("a", "b");
    let asked: number[] = [];
    cluster.lose = (_from, _to, message) => {
      if (message.kind === "request") asked.push(cluster.nowMs);
      return true;
    };
    cluster.run(200, "a");
    asked = [];
    cluster.run(200, "a");
    const expected = 200 / defaultTiming.probeMaxTicks;
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.length).toBeLessThanOrEqual(Math.ceil(expected) + 1);
    cluster.lose = () => false;
    cluster.run(defaultTiming.probeMaxTicks + defaultTiming.heartbeatTicks, "a");
    expect(isUp(cluster, "a", "b")).toBe(true);
  });

  it("P3: a peer that is heard of is up, and synced with at once", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.lose = () => true;
    cluster.add("a", 1);
    cluster.run(60);
    expect([isUp(cluster, "a", "b"), isUp(cluster, "b", "a")]).toEqual([false, false]);
    cluster.lose = () => false;
    const ticks = defaultTiming.probeMaxTicks + defaultTiming.heartbeatTicks;
    for (let tick = 0; tick < ticks && !isUp(cluster, "a", "b"); tick += 1) cluster.run(1, "b");
    expect(isUp(cluster, "a", "b")).toBe(true);
    expect(cluster.values()).toEqual([1n, 1n]);
  });

  it("refuses what would wait for the disk when too much does already", () => {
    const cluster = new TestCluster();
    cluster.start("b", ["a"]);
    cluster.start("a", ["b"], { limits: { ...defaultLimits, membersMax: 2 } });
    cluster.run(30);
    const node = cluster.node("a");
    node.isDiskSlow = true;
    cluster.add("a", 1);
    const sample = cluster.delivered.findLast(({ to, body }) => to === "a" && body.type === "sync");
    const most = heldPerMember * 2;
    for (let exchange = 1; exchange <= most + 1; exchange += 1) {
      node.core.step({ type: "receive", message: { ...sample!.message, exchange } });
    }
    const early = node.core.ready()?.messages ?? [];
    expect(early.map(({ exchange, body }) => [exchange, body.type])).toEqual([
      [most + 1, "refused"],
    ]);
    node.isDiskSlow = false;
    cluster.persist("a");
    cluster.run(40);
    expect(cluster.values()).toEqual([1n, 1n]);
  });
});

function addressesAsked(cluster: TestCluster, name: string): string[] {
  return cluster
    .node(name)
    .core.status()
    .peers.map(({ address }) => address)
    .sort();
}

function hint(cluster: TestCluster, name: string, address: string): void {
  cluster.node(name).core.step({ type: "probe", address });
  cluster.settle();
}

describe("hints (P4)", () => {
  it("P4: two nodes that nobody told of each other meet by one, and count as one cluster", () => {
    const cluster = new TestCluster();
    cluster.start("a");
    cluster.start("b");
    cluster.run(10);
    hint(cluster, "a", "b");
    cluster.run(40);
    cluster.add("a", 1);
    cluster.add("b", 1);
    expect(cluster.values()).toEqual([2n, 2n]);
    const statuses = [...cluster.nodes.values()].map(({ core }) => core.status());
    expect(statuses.map(({ clusterId }) => clusterId)).toEqual(["cluster-a", "cluster-a"]);
    expect(statuses.map(({ named }) => named)).toEqual([[], []]);
  });

  it("P4: at which nobody answers are forgotten after three checks, and leave no trace", () => {
    const cluster = TestCluster.of("a", "b");
    const { core, disk } = cluster.node("a");
    const entries = disk.length;
    hint(cluster, "a", "nobody");
    expect(addressesAsked(cluster, "a")).toEqual(["b", "nobody"]);
    expect(core.memberCount()).toBe(2);
    cluster.run(60);
    expect(addressesAsked(cluster, "a")).toEqual(["b"]);
    expect(core.status().keepsKeys).toEqual([]);
    expect(disk.length).toBe(entries);
    cluster.add("a");
    expect(addressesAsked(cluster, "b")).toEqual(["a"]);
  });

  it("P4: make a peer that is down be asked at once, and one that is up no more than before", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.lose = () => true;
    cluster.run(200, "a");
    expect(isUp(cluster, "a", "b")).toBe(false);
    cluster.lose = () => false;
    hint(cluster, "a", "b");
    cluster.run(1, "a");
    expect(isUp(cluster, "a", "b")).toBe(true);
    cluster.run(1, "a");
    cluster.delivered.length = 0;
    hint(cluster, "a", "b");
    cluster.run(1, "a");
    expect(cluster.delivered.filter(({ body }) => body.type === "health").length).toBeLessThan(2);
  });

  it("P4: of deregistered addresses, of this node itself and of one that leaves are not followed", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.crash("b");
    cluster.run(60, "a");
    const deregistered = cluster.ask("a", (context) => {
      return { type: "deregister", context, addresses: ["b"], force: true };
    });
    expect(deregistered).toMatchObject({ type: "written" });
    cluster.restart("b", { node: idOf("another"), peers: [] }, []);
    hint(cluster, "a", "b");
    hint(cluster, "a", "a");
    cluster.run(40);
    expect(addressesAsked(cluster, "a")).toEqual([]);
  });

  it("P4: a removed member is refused wherever it is said to be", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.crash("c");
    cluster.run(60);
    const { core } = cluster.node("a");
    core.step({ type: "deregister", context: 9, addresses: [idOf("c")], force: false });
    cluster.run(10);
    cluster.start("c2", [], { node: idOf("c") });
    hint(cluster, "a", "c2");
    cluster.run(30, "a", "b");
    expect(core.status().members.find(({ id }) => id === idOf("c"))?.status).toBe("removed");
    expect(addressesAsked(cluster, "a")).not.toContain("c2");
  });

  it("hintsMax: so many are followed at a time, and never more peers than may be", () => {
    const cluster = new TestCluster();
    cluster.start("a", [], { limits: { ...defaultLimits, membersMax: hintsMax + 1 } });
    cluster.start("b", ["c"], { limits: { ...defaultLimits, membersMax: 2 } });
    cluster.run(1);
    for (let at = 0; at <= hintsMax; at += 1) hint(cluster, "a", `n${at}`);
    expect(addressesAsked(cluster, "a")).toHaveLength(hintsMax);
    for (let at = 0; at < 3; at += 1) hint(cluster, "b", `n${at}`);
    expect(addressesAsked(cluster, "b")).toEqual(["c", "n0"]);
  });
});

describe("seeds", () => {
  it("are asked by one node, and bring it into a cluster that tells all", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.add("a", 3);
    cluster.start("c", [], { seeds: ["a"] });
    cluster.run(40);
    cluster.add("c", 1);
    expect(cluster.values()).toEqual([4n, 4n, 4n]);
    expect(addressesAsked(cluster, "b")).toEqual(["a", "c"]);
  });

  it("M2: keep a node provisional that counts before it has met them", () => {
    const cluster = new TestCluster();
    cluster.start("z", [], { seeds: ["a"] });
    cluster.run(100);
    cluster.add("z", 5);
    expect(cluster.node("z").core.status()).toMatchObject({ provisional: true, ready: true });
    cluster.start("b", []);
    cluster.add("b", 7); // alone for good: its cluster is established
    cluster.start("a", ["b"]);
    cluster.run(100);
    expect(cluster.values()).toEqual([12n, 12n, 12n]);
    expect(cluster.node("z").core.status().clusterId).toBe("cluster-b");
  });

  it("of which one never answers are nobody's burden once the cluster is established", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.start("c", [], { seeds: ["a", "dead"] });
    cluster.run(60);
    const { core } = cluster.node("c");
    expect(core.status()).toMatchObject({ provisional: false, ready: true, keepsKeys: [] });
    expect(core.memberCount()).toBe(3);
    expect(addressesAsked(cluster, "a")).toEqual(["b", "c"]);
    expect(addressesAsked(cluster, "c")).toContain("dead"); // for ever: it may come
  });

  it("that are deregistered are asked no longer", () => {
    const cluster = new TestCluster();
    cluster.start("a", [], { seeds: ["dead"] });
    cluster.run(60);
    const outcome = cluster.ask("a", (context) => {
      return { type: "deregister", context, addresses: ["dead"], force: false };
    });
    expect(outcome).toMatchObject({ type: "written" });
    cluster.run(10);
    expect(addressesAsked(cluster, "a")).toEqual([]);
  });
});
