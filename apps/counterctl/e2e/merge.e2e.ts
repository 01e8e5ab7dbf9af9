/** Two clusters that count on their own, and are made one. */
import { withCluster } from "../../node/e2e/support/cluster.ts";
import type { Cluster } from "../../node/e2e/support/cluster.ts";
import { withEventual } from "../../node/e2e/support/eventual.ts";
import { printed, run, type Terminal } from "./counterctl.ts";

const addressesOf = ({ nodes }: Cluster): readonly string[] => nodes.map(({ address }) => address);

async function idOf(on: Terminal): Promise<string> {
  const said: unknown = JSON.parse(await printed(on, "node", "status", "-o", "json"));
  expect(said).toMatchObject({ clusterId: expect.any(String) as unknown });
  return (said as { readonly clusterId: string }).clusterId;
}

async function mergesOnce(source: Cluster, target: Cluster): Promise<void> {
  await Promise.all([source.start(), target.start()]);
  const from: Terminal = { endpoints: addressesOf(source) };
  const into: Terminal = { endpoints: addressesOf(target) };
  await printed(from, "add", "likes", "5", "--ack", "all");
  await printed(from, "add", "debts", "-7", "--ack", "all");
  await printed(from, "create", "empty", "--label", "team=a");
  await printed(into, "add", "likes", "100", "--ack", "all");

  const words = ["merge", "--from", from.endpoints[0]!];
  const id = await idOf(from);
  const unconfirmed = await run(into, ...words);
  expect([unconfirmed.code, unconfirmed.error]).toEqual([2, expect.stringContaining(id)]);
  expect((await run(into, "merge", "--from", into.endpoints[0]!)).code).toBe(4);

  const report: unknown = JSON.parse(await printed(into, ...words, "--confirm", id, "-o", "json"));
  expect(report).toMatchObject({ counters: 3, added: 2, labelsKept: [] });
  for (const endpoint of into.endpoints) {
    const values = ["likes", "debts", "empty"].map((name) =>
      printed({ endpoints: [endpoint] }, "get", name, "--consistency", "all"),
    );
    expect(await Promise.all(values)).toEqual(["105", "-7", "0"]);
  }
  expect(await printed(into, "describe", "empty", "-o", "json")).toContain('"team": "a"');
  // What was merged counts no further where it was, and is not merged again.
  expect((await run(from, "add", "likes", "1", "--timeout", "2")).code).toBe(5);
  const again = await run(into, ...words, "--confirm", id);
  expect([again.code, again.error]).toEqual([4, expect.stringContaining("was merged before")]);
  // As after a merge that was broken off before its end: nothing counts a second time.
  const { marker } = report as { readonly marker: string };
  await printed(into, "configure", marker, "--label", "state=begun");
  await printed(into, ...words, "--confirm", id);
  expect(await printed(into, "get", "likes", "--consistency", "all")).toBe("105");
}

async function waitsForAll(source: Cluster, target: Cluster): Promise<void> {
  await Promise.all([source.start(), target.start()]);
  const from: Terminal = { endpoints: addressesOf(source) };
  await printed(from, "add", "likes", "5");
  const id = await idOf(from);
  await source.nodes[1]!.kill();
  const on: Terminal = { endpoints: addressesOf(target) };
  const refused = await run(on, "merge", "--from", from.endpoints[0]!, "--confirm", id);
  expect([refused.code, refused.error]).toEqual([4, expect.stringContaining("left out")]);
  expect((await run(on, "get", "likes")).code).toBe(3);
}

describe("two clusters in eventual mode", () => {
  it("become one, with the sum of both, once", () =>
    withEventual({ nodes: 2 }, (source) =>
      withEventual({ nodes: 2 }, (target) => mergesOnce(source, target)),
    ));

  it("are not merged while a node that may know more does not answer", () =>
    withEventual({ nodes: 2 }, (source) =>
      withEventual({ nodes: 1 }, (target) => waitsForAll(source, target)),
    ));
});

describe("two clusters in strong mode", () => {
  it("stay two: numbers that both have given cannot be taken back", () =>
    withCluster({ nodes: 1 }, (source) =>
      withCluster({ nodes: 1 }, async (target) => {
        await Promise.all([source.start(), target.start()]);
        const from = addressesOf(source)[0]!;
        const refused = await run({ endpoints: addressesOf(target) }, "merge", "--from", from);
        expect([refused.code, refused.error]).toEqual([4, expect.stringContaining("given twice")]);
      }),
    ));
});
