/** What Prometheus makes of a node: its metrics after real traffic, the rules that are shipped. */
import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";

import { withCluster } from "./support/cluster.ts";
import { withEventual } from "./support/eventual.ts";
import { until } from "./support/until.ts";

const root = join(__dirname, "../../..");
const promtool = process.env["PROMTOOL"] ?? "promtool";
const here = spawnSync(promtool, ["--version"]).status === 0;
// Debian has it in the package prometheus; CI installs that.
const withPromtool = here ? test : test.skip;
if (!here) console.log("promtool is not installed: what it checks is left out");

interface Said {
  readonly code: number | null;
  readonly text: string;
}

function ask(args: readonly string[], input: string = ""): Promise<Said> {
  return new Promise((resolve) => {
    const child = execFile(promtool, [...args], (_error, out, err) => {
      resolve({ code: child.exitCode, text: `${out}${err}` });
    });
    child.stdin?.end(input);
  });
}

withPromtool("promtool has nothing to say against the metrics of a cluster in Raft mode", () =>
  withCluster({ flags: ["--metrics-counters=default"] }, async (cluster) => {
    await cluster.start();
    const [first, second] = cluster.nodes;
    for (let i = 0; i < 5; i += 1) await first!.next({ "idempotency-key": `k${i}` });
    await first!.next({ "idempotency-key": "k0" });
    await second!.get("/nowhere");
    for (const node of cluster.nodes) {
      const { text } = await node.get("/metrics");
      expect(await ask(["check", "metrics"], text)).toEqual({ code: 0, text: "" });
      expect(text).toMatch(/counter_raft_has_leader 1\n/);
      const peers = text.match(/counter_peer_up\{peer="[^"]+"\} 1\n/g);
      expect(peers).toHaveLength(cluster.nodes.length - 1);
    }
    const lag = async (): Promise<boolean> => {
      const leader = await cluster.leader();
      const { text } = await leader.get("/metrics");
      return (
        (text.match(/counter_raft_peer_match_lag_entries\{peer="[^"]+"\} 0\n/g) ?? []).length === 2
      );
    };
    await until("the leader says that nobody is behind", lag);
  }),
);

withPromtool("promtool has nothing to say against the metrics of nodes in eventual mode", () =>
  withEventual({}, async (cluster) => {
    await cluster.start();
    const [first] = cluster.nodes;
    for (let i = 0; i < 5; i += 1) await first!.post("/increment?ack=all");
    for (const node of cluster.nodes) {
      const { text } = await node.get("/metrics");
      expect(await ask(["check", "metrics"], text)).toEqual({ code: 0, text: "" });
    }
  }),
);

withPromtool("the alerts that are shipped are valid, and fire when they should", async () => {
  const rules = join(root, "ops/prometheus/alerts.yml");
  expect(await ask(["check", "rules", rules])).toMatchObject({ code: 0 });
  const tests = join(root, "ops/prometheus/alerts.test.yml");
  const { code, text } = await ask(["test", "rules", tests]);
  expect(text).toContain("SUCCESS");
  expect(code).toBe(0);
});
