import { TestCluster, defaultLimits, defaultTiming } from "../test-support/cluster.ts";
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
