import { NodeCluster, idOf, stopAll, until } from "../test-support/host.ts";

afterEach(stopAll);

const one = { counter: "likes", delta: 1n };

describe("a node is ready", () => {
  it("when it has exchanged what it knows with those who answer", async () => {
    const cluster = new NodeCluster("a", "b");
    await cluster.startAll();
    await cluster.node("a").add(one, { acks: "all" });
    const third = await cluster.start("c", { peers: [], seeds: ["a"] });
    await third.ready;
    expect(third.value("likes")).toBe(1n);
    expect(third.status().ready).toBe(true);
  });

  it("never, if it stops before, and says why", async () => {
    const cluster = new NodeCluster("a");
    const node = await cluster.start("a", { peers: ["b"] });
    expect(node.status().ready).toBe(false);
    await node.stop();
    await expect(node.ready).rejects.toMatchObject({ code: "EVENTUAL_STOPPED" });
  });

  it("never, if it was removed", async () => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll();
    const removed = cluster.node("c");
    await cluster.node("a").deregisterPeers(["c"]);
    await removed.stopped;
    await removed.ready; // it was, before
    const again = await cluster.start("c");
    await expect(again.ready).rejects.toMatchObject({ code: "EVENTUAL_REMOVED" });
  });
});

describe("members", () => {
  it("find each other by a hint", async () => {
    const cluster = new NodeCluster("a", "b");
    const first = await cluster.start("a", { peers: [] });
    const second = await cluster.start("b", { peers: [] });
    await Promise.all([first.ready, second.ready]);
    await first.add(one);
    first.probe("b");
    await until(() => second.value("likes") === 1n, "b has everything");
    expect(() => first.probe("no address")).toThrow(RangeError);
    await first.stop();
    first.probe("b"); // nothing is there to follow it, and nothing breaks
  });

  it("are looked for where one node was told to", async () => {
    const cluster = new NodeCluster("a", "b");
    await cluster.startAll();
    await cluster.node("a").add(one);
    await cluster.start("c", { peers: [] });
    await cluster.node("b").registerPeers(["c"]);
    await until(() => cluster.node("c").value("likes") === 1n, "c has everything");
    await until(() => cluster.node("a").status().members.length === 3, "a knows c");
  });

  it("are removed for good, by whoever reaches a majority", async () => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll();
    const removed = cluster.node("c");
    await removed.add(one, { acks: "all" });
    await cluster.node("a").deregisterPeers(["c"]);
    expect(await removed.stopped).toMatchObject({ code: "EVENTUAL_REMOVED" });
    expect(cluster.node("a").value("likes")).toBe(1n); // what it has counted stays
    const again = await cluster.start("c");
    expect(await again.stopped).toMatchObject({ code: "EVENTUAL_REMOVED" });
  });

  it("are not removed by a side without a majority, unless it is forced", async () => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll();
    cluster.network.split(["a"], ["b", "c"]);
    await until(
      () =>
        cluster
          .node("a")
          .status()
          .peers.every(({ up }) => !up),
      "a is alone",
    );
    await expect(cluster.node("a").deregisterPeers(["b"])).rejects.toMatchObject({
      code: "EVENTUAL_NO_MAJORITY",
      outcome: "not-applied",
    });
    await expect(cluster.node("b").deregisterPeers(["nobody"])).rejects.toMatchObject({
      code: "EVENTUAL_UNKNOWN_MEMBER",
    });
    await cluster.node("a").deregisterPeers(["b"], { force: true });
    cluster.network.heal();
    expect(await cluster.node("b").stopped).toMatchObject({ code: "EVENTUAL_REMOVED" });
  });

  it("leave with everything handed over, and stop", async () => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll();
    const leaver = cluster.node("a");
    await leaver.add(one);
    const leaving = leaver.leave({ timeoutMs: 20_000 });
    await expect(leaver.add(one)).rejects.toMatchObject({ code: "EVENTUAL_LEAVING" });
    await leaving;
    expect(await leaver.stopped).toBeNull();
    for (const address of ["b", "c"]) {
      await until(() => cluster.node(address).value("likes") === 1n, `${address} has it`);
      await until(() => {
        const { members } = cluster.node(address).status();
        return members.some(({ id, status }) => id === idOf("a") && status === "removed");
      }, `${address} knows that it left`);
    }
    expect((await cluster.node("b").add(one, { acks: "all", timeoutMs: 20_000 })).acked).toBe(2);
  });
});
