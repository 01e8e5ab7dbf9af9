import { NodeCluster, fast, stopAll, until } from "../test-support/host.ts";
import { clusterTag, encodeToken } from "../wire/token.ts";

afterEach(stopAll);

async function two(): Promise<NodeCluster> {
  const cluster = new NodeCluster("a", "b");
  await cluster.startAll();
  return cluster;
}

describe("a feed of counters", () => {
  it("tells of the writes of every node, once for all of a turn, until it is ended", async () => {
    const cluster = await two();
    const told: string[][] = [];
    const end = cluster.node("b").feed.follow(({ names }) => told.push([...names]));
    const plain = (counter: string) => ({ counter, delta: 1n });
    await Promise.all(["x", "y", "x"].map((name) => cluster.node("a").add(plain(name))));
    await cluster.node("b").add(plain("z"));
    await until(() => told.flat().includes("x") && told.flat().includes("y"), "both are told");
    expect(new Set(told.flat())).toEqual(new Set(["x", "y", "z"]));
    expect(told.flat().filter((name) => name === "x")).toHaveLength(1);
    end();
    const { token } = await cluster.node("a").add(plain("later"));
    await cluster.node("b").read("later", { atLeast: token, timeoutMs: 20_000 });
    expect(told.flat()).not.toContain("later");
  });

  it("has told everything that its token stands for, once it is settled", async () => {
    const cluster = await two();
    const { feed } = cluster.node("b");
    const told = new Map<string, bigint>();
    feed.follow(({ names }) => {
      for (const name of names) told.set(name, feed.look(name).value);
    });
    let written = 0;
    const writing = (async () => {
      for (; written < 200; written += 1) {
        await cluster.node(written % 3 === 0 ? "b" : "a").add({ counter: "x", delta: 1n });
      }
    })();
    while (written < 200) {
      feed.settle();
      expect(told.get("x") ?? 0n).toBe(feed.look("x").value);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writing;
  });

  it("knows the tokens of what it has, and not those of what is still to come", async () => {
    const cluster = await two();
    cluster.network.cut("a", "b");
    const { token } = await cluster.node("a").add({ counter: "x", delta: 1n });
    const { feed } = cluster.node("b");
    expect([feed.knows(feed.token()), feed.knows(token)]).toEqual([true, false]);
    cluster.network.heal();
    await until(() => feed.knows(token) === true, "it has come");
    const foreign = encodeToken({ cluster: clusterTag("another"), positions: new Map() });
    expect(feed.knows(foreign)).toBeNull();
    expect(() => feed.knows("no token")).toThrow();
  });

  it("gives the names of those that exist in order, as many as are asked for", async () => {
    const cluster = new NodeCluster("a");
    const node = await cluster.start("a", { timing: fast });
    for (const counter of ["b2", "a1", "b1", "b3", "c1"]) await node.add({ counter, delta: 1n });
    await node.delete({ counter: "b2" });
    const { feed } = node;
    const names = (prefix: string, after: string | null, limit: number) =>
      feed.namesAfter({ prefix, after, limit });
    expect(names("", null, 10)).toEqual(["a1", "b1", "b3", "c1"]);
    expect(names("b", null, 1)).toEqual(["b1"]);
    expect(names("b", "b1", 1)).toEqual(["b3"]);
    expect(names("b", "b3", 1)).toEqual([]);
    expect(names("b", "a", 9)).toEqual(["b1", "b3"]);
    expect(names("d", null, 9)).toEqual([]);
  });
});
