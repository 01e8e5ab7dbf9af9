import { appendFile, cp } from "node:fs/promises";
import { join } from "node:path";

import { withCluster, type Cluster } from "../../node/e2e/support/cluster.ts";
import { withEventual } from "../../node/e2e/support/eventual.ts";
import { printed, run, type Terminal } from "./counterctl.ts";

describe("files of a cluster", () => {
  it("are saved, looked at, and put back where one says so", () =>
    withCluster({ nodes: 1 }, async (cluster) => {
      await cluster.start();
      const on: Terminal = { endpoints: cluster.nodes.map(({ address }) => address) };
      const file = join(cluster.folder, "all.backup");
      await printed(on, "add", "orders", "18446744073709551616");
      await printed(on, "next", "numbers");
      await printed(on, "snapshot", "save", file);
      expect(await printed(on, "snapshot", "verify", file)).toContain("sound: 2 counters");
      expect(await printed(on, "snapshot", "inspect", file)).toContain("18446744073709551616");
      await printed(on, "add", "orders", "1");

      expect((await run(on, "snapshot", "restore", file)).code).toBe(2);
      expect((await run(on, "snapshot", "restore", file, "--confirm", "other")).code).toBe(4);
      const { clusterId } = JSON.parse(await printed(on, "node", "status", "-o", "json")) as {
        readonly clusterId: string;
      };
      await printed(on, "snapshot", "restore", file, "--confirm", clusterId);
      expect(await printed(on, "get", "orders")).toBe("18446744073709551616");
      expect(await printed(on, "next", "numbers")).toBe("2"); // never one twice

      await appendFile(file, " ");
      expect((await run(on, "snapshot", "verify", file)).code).toBe(1);
    }));

  it("are checked, and shown, where the node is stopped", () =>
    withCluster({ nodes: 1 }, async (cluster) => {
      const [node] = cluster.nodes;
      await cluster.start();
      const on: Terminal = { endpoints: [node!.address] };
      await printed(on, "add", "orders", "5");
      await node!.terminate();
      const dump = await printed(on, "data", "dump", node!.dataDir);
      expect(dump).toContain("command");
      await printed(on, "data", "verify", node!.dataDir);
      expect(await printed(on, "data", "recover", node!.dataDir)).toContain(node!.dataDir);
      expect((await run(on, "data", "verify", "/nonexistent")).code).toBe(2);
    }));
});

describe("the directory of a node of eventual mode", () => {
  it("is checked like any other, and has nothing to recover", () =>
    withEventual({ nodes: 1 }, async (cluster) => {
      await cluster.start();
      const [node] = cluster.nodes;
      const on: Terminal = { endpoints: [node!.address] };
      await printed(on, "add", "orders", "5");
      await node!.terminate();
      expect(await printed(on, "data", "verify", node!.dataDir)).toContain("sound");
      const told = await run(on, "data", "recover", node!.dataDir);
      expect([told.code, told.error]).toEqual([1, expect.stringContaining("of eventual mode")]);
    }));
});

/** What somebody does who has cloned the machine of a node. */
async function startCopy(cluster: Cluster, ...flags: readonly string[]): Promise<void> {
  await cluster.start();
  const [first] = cluster.nodes;
  const on: Terminal = { endpoints: [first!.address] };
  await printed(on, "add", "orders", "5");
  const { id } = JSON.parse(await printed(on, "node", "status", "-o", "json")) as {
    readonly id: string;
  };
  await first!.terminate();
  const second = await cluster.further([first!], ...flags);
  const copy = second.dataDir;
  await cp(first!.dataDir, copy, { recursive: true });
  first!.start();
  await cluster.ready();

  expect((await run(on, "data", "reidentify", first!.dataDir, "--confirm", id)).code).toBe(1);
  const told = await run(on, "data", "reidentify", copy);
  expect([told.code, told.error]).toEqual([2, expect.stringContaining(`--confirm=${id}`)]);
  await printed(on, "data", "reidentify", copy, "--confirm", id);
  second.start();
  await cluster.ready();
  const both: Terminal = { endpoints: [first!.address, second.address] };
  const nodes = JSON.parse(await printed(both, "status", "-o", "json")) as readonly {
    readonly status: { readonly id: string };
  }[];
  expect(new Set(nodes.map(({ status }) => status.id)).size).toBe(2);
  await printed(both, "doctor");
  expect(await printed({ endpoints: [second.address] }, "get", "orders")).toBe("5");
}

describe("the copy of a data directory", () => {
  it("becomes another node of its cluster in strong mode", () =>
    withCluster({ nodes: 1 }, (cluster) => startCopy(cluster)));

  it("becomes another node of its cluster in eventual mode", () =>
    withEventual({ nodes: 1 }, (cluster) => startCopy(cluster, "--mode=eventual")));
});
