import { NodeCluster, idOf, stopAll, until } from "../test-support/host.ts";
import { MemoryJournal } from "./ports.ts";

afterEach(stopAll);

const one = { counter: "likes", delta: 1n };

async function untilAll(cluster: NodeCluster, addresses: readonly string[], value: bigint) {
  for (const address of addresses) {
    await until(() => cluster.node(address).value("likes") === value, `${address} has ${value}`);
  }
}

describe("three nodes", () => {
  it("count every increment once, wherever it was sent", async () => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll();
    const adds = ["a", "b", "c"].flatMap((address, at) => {
      return Array.from({ length: 50 }, () => {
        return cluster.node(address).add({ counter: "likes", delta: BigInt(at + 1) });
      });
    });
    await Promise.all(adds);
    await untilAll(cluster, ["a", "b", "c"], 300n);
    expect([...cluster.node("b").counters()]).toEqual([["likes", 300n]]);
  });

  it("count a key once, however often and wherever it is sent", async () => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll();
    await cluster.placed("a", "b", "c");
    const order = { counter: "likes", delta: 5n, key: "order-1" };
    const first = await cluster.node("a").add(order);
    expect(first).toMatchObject({ value: 5n, replayed: false, acked: 1 });
    await untilAll(cluster, ["a", "b", "c"], 5n);
    for (const address of ["a", "b", "c"]) {
      const again = await cluster.node(address).add(order);
      expect(again).toMatchObject({ value: 5n, replayed: true });
    }
    await expect(cluster.node("b").add({ ...order, delta: 6n })).rejects.toMatchObject({
      code: "EVENTUAL_KEY_REUSED",
      outcome: "not-applied",
    });
    expect(cluster.node("c").value("likes")).toBe(5n);
  });

  it("count a key once that was sent to both sides of a partition", async () => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll();
    await cluster.placed("a", "b", "c");
    cluster.network.split(["a"], ["b", "c"]);
    const order = { counter: "likes", delta: 5n, key: "order-1" };
    await Promise.all([cluster.node("a").add(order), cluster.node("b").add(order)]);
    await cluster.node("a").add(one);
    await untilAll(cluster, ["b", "c"], 5n);
    cluster.network.heal();
    await untilAll(cluster, ["a", "b", "c"], 6n);
  });

  it("reach a node that cannot be dialled", async () => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll();
    cluster.network.cut("a", "b", "one");
    cluster.network.delay("b", "c", 3);
    await cluster.node("a").add(one);
    await untilAll(cluster, ["a", "b", "c"], 1n);
  });

  it("set a counter: what was known counts no longer, what comes later stays", async () => {
    const cluster = new NodeCluster("a", "b");
    await cluster.startAll();
    await cluster.node("a").add({ counter: "likes", delta: 41n });
    await untilAll(cluster, ["a", "b"], 41n);
    expect(await cluster.node("b").set({ counter: "likes", value: 7n })).toMatchObject({
      value: 7n,
    });
    await cluster.node("b").add(one);
    await untilAll(cluster, ["a", "b"], 8n);
    await cluster.node("a").add({ counter: "other", delta: 3n });
    await cluster.node("a").restore(new Map([["likes", -2n]]));
    await untilAll(cluster, ["a", "b"], -2n);
    await until(() => cluster.node("b").value("other") === 0n, "the other one is 0");
  });
});

describe("a node that starts again", () => {
  it("goes on with what it had, under the same writer if all others answer", async () => {
    const cluster = new NodeCluster("a", "b");
    await cluster.startAll();
    await cluster.node("a").add(one, { acks: "all" });
    const { writer, position } = cluster.node("a").status();
    await cluster.stop("a");
    await cluster.node("b").add(one);
    const again = await cluster.start("a");
    await untilAll(cluster, ["a", "b"], 2n);
    await again.add(one);
    await untilAll(cluster, ["a", "b"], 3n);
    expect(again.status()).toMatchObject({ writer, boot: 2 });
    expect(again.status().position).toBeGreaterThan(position);
  });

  it("begins a new writer while another node is silent, and loses nothing", async () => {
    const cluster = new NodeCluster("a", "b");
    await cluster.startAll();
    await cluster.node("a").add(one, { acks: "all" });
    const { writer } = cluster.node("a").status();
    await cluster.stop("b");
    await cluster.stop("a");
    const again = await cluster.start("a");
    await again.add(one);
    expect(again.value("likes")).toBe(2n);
    expect(again.status().writer).not.toBe(writer);
    await cluster.start("b");
    await untilAll(cluster, ["a", "b"], 2n);
  });

  it("is another node when its journal is lost, and gets everything back", async () => {
    const cluster = new NodeCluster("a", "b");
    await cluster.startAll();
    await cluster.node("a").add(one, { acks: "all" });
    await cluster.stop("a");
    const again = await cluster.start("a", { node: idOf("new a"), journal: new MemoryJournal() });
    await untilAll(cluster, ["a", "b"], 1n);
    await again.add(one);
    await untilAll(cluster, ["a", "b"], 2n);
  });

  it("starts from a checkpoint as from all that it stands for", async () => {
    const cluster = new NodeCluster("a");
    const node = await cluster.start("a", { checkpointBytes: 500 });
    const checkpoint = cluster.next("a", "checkpoint");
    while (node.status().checkpointBytes === 0) await node.add(one);
    await checkpoint;
    await node.add(one);
    const value = node.value("likes");
    await cluster.stop("a");
    const again = await cluster.start("a");
    expect(again.value("likes")).toBe(value);
    expect((await again.add(one)).value).toBe(value + 1n);
  });
});
