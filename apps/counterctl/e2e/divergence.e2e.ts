import { join } from "node:path";
import { pathToFileURL } from "node:url";

import type { ClusterNode } from "../../node/e2e/support/cluster-node.ts";
import { withCluster } from "../../node/e2e/support/cluster.ts";
import { printed, run, type Terminal } from "./counterctl.ts";

/** Starts a node whose state will not be that of the others. */
function startDiverging(node: ClusterNode): void {
  const before = process.env["NODE_OPTIONS"];
  const fault = pathToFileURL(join(__dirname, "diverging.mjs")).href;
  process.env["NODE_OPTIONS"] = `--import ${fault}`;
  try {
    node.start();
  } finally {
    if (before === undefined) delete process.env["NODE_OPTIONS"];
    else process.env["NODE_OPTIONS"] = before;
  }
}

describe("the doctor", () => {
  it("finds that all nodes have the same state, at one index of the log", () =>
    withCluster({ nodes: 3 }, async (cluster) => {
      await cluster.start();
      const on: Terminal = { endpoints: cluster.nodes.map(({ address }) => address) };
      await printed(on, "add", "orders", "1");
      const said = await run(on, "doctor");
      expect(said.out).toMatch(/ok +same state: 3 nodes, digest [0-9a-f]{16} at index \d+/);
      expect(said.code).toBe(0);
    }));

  it("says loudly that a node has another state", () =>
    withCluster({ nodes: 3 }, async (cluster) => {
      const [odd, ...others] = cluster.nodes;
      startDiverging(odd!);
      for (const node of others) node.start();
      await cluster.ready();
      const on: Terminal = { endpoints: cluster.nodes.map(({ address }) => address) };
      await printed(on, "add", "orders", "1");
      const { code, out } = await run(on, "doctor");
      expect(out).toMatch(/failed +same state: DIVERGED at index \d+/);
      expect(code).toBe(1);
    }));
});
