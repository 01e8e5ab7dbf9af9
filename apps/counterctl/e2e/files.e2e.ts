import { appendFile } from "node:fs/promises";
import { join } from "node:path";

import { withCluster } from "../../node/e2e/support/cluster.ts";
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
