import { NodeCluster, stopAll, until } from "../test-support/host.ts";

afterEach(stopAll);

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
    for (const address of ["a", "b", "c"]) {
      const node = cluster.node(address);
      await until(() => node.value("likes") === 300n, `${address} knows all`);
    }
  });
});
