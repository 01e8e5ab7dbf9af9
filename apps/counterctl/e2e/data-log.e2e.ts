/** Who asked for what, told by the logs of real nodes that are stopped. */
import { withCluster } from "../../node/e2e/support/cluster.ts";
import { until } from "../../node/e2e/support/until.ts";
import { printed, run, type Terminal } from "./counterctl.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";
const offline: Terminal = { endpoints: [] };

async function addWithTrace(address: string, delta: string, trace: string): Promise<void> {
  const reply = await fetch(`http://${address}/v1/counters/orders/add`, {
    method: "POST",
    headers: { "content-type": "application/json", traceparent: `00-${trace}-${spanId}-01` },
    body: JSON.stringify({ delta }),
  });
  expect([reply.status, await reply.text()]).toEqual([200, expect.any(String)]);
}

function rows(text: string): readonly unknown[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
}

describe("counterctl data log", () => {
  it("finds in the log of every node what one request did, also where another node was asked", () =>
    withCluster({ nodes: 3, flags: ["--keep-traces=given"] }, async (cluster) => {
      await cluster.start();
      const [first] = cluster.nodes;
      const [follower] = await cluster.followers();
      const on: Terminal = { endpoints: [first!.address] };
      await printed(on, "add", "orders", "1");
      await addWithTrace(follower!.address, "5", traceId);
      await addWithTrace(first!.address, "7", "a".repeat(32));
      await printed(on, "add", "orders", "2");
      for (const { address } of cluster.nodes) {
        const at: Terminal = { endpoints: [address] };
        await until("it has applied the last write", async () => {
          return (await printed(at, "get", "orders", "--consistency", "local")) === "15";
        });
      }
      for (const node of cluster.nodes) await node.terminate();

      for (const { dataDir } of cluster.nodes) {
        const found = await printed(
          offline,
          "data",
          "log",
          dataDir,
          "--trace",
          traceId,
          "-o",
          "json",
        );
        expect(rows(found)).toMatchObject([
          { counter: "orders", operation: "add", delta: "5", traces: [{ traceId }] },
        ]);
        const table = await printed(offline, "data", "log", dataDir, "--counter", "orders");
        const lines = table.split("\n");
        expect(lines[0]).toMatch(/^ENTRY +KIND +COUNTER +WHAT +KEY +TRACE$/);
        expect(lines.filter((line) => line.includes(traceId))).toHaveLength(1);
        expect(lines).toHaveLength(5);
      }
    }));

  it("says what is not there, and what it was asked for wrongly", () =>
    withCluster({ nodes: 1 }, async (cluster) => {
      await cluster.start();
      const [node] = cluster.nodes;
      const { address, dataDir } = node!;
      const on: Terminal = { endpoints: [address] };
      for (const delta of ["1", "2", "3"]) await printed(on, "add", "orders", delta);
      await addWithTrace(address, "4", traceId); // not kept: nobody has asked for it
      await node!.terminate();
      expect((await run(offline, "data", "log", dataDir, "--trace", traceId)).code).toBe(3);
      expect((await run(offline, "data", "log", dataDir, "--counter", "none")).code).toBe(3);
      expect((await run(offline, "data", "log", dataDir, "--trace", "4bf9")).code).toBe(2);
      expect((await run(offline, "data", "log", dataDir, "--limit", "0")).code).toBe(2);
      expect((await run(offline, "data", "log", "/nonexistent")).code).toBe(2);
      const two = await run(offline, "data", "log", dataDir, "--counter", "orders", "--limit", "2");
      expect(two.code).toBe(0);
      expect(two.error).toContain("only the first 2; go on with --from");
    }));
});
