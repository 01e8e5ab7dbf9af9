/** Snapshots as large as a cluster may be, on real processes. */
import { createHash } from "node:crypto";
import { openAsBlob } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";

import type { ClusterNode } from "./support/cluster-node.ts";
import { withCluster } from "./support/cluster.ts";
import { until } from "./support/until.ts";

jest.setTimeout(400_000);

const type = "application/vnd.counter.backup";
const many = 100_000;

/** A backup file of so many counters with labels, as any node would have written it. */
async function fileOf(folder: string, count: number, value: number): Promise<string> {
  const path = join(folder, `made-${count}-${value}.backup`);
  const lines: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const labels = `[["team","blue"],["shard","${at % 64}"]]`;
    lines.push(`{"name":"counter-${at}","value":"${value + at}","labels":${labels}}`);
  }
  const body = `[\n${lines.join(",\n")}\n]\n`;
  const sha256 = createHash("sha256").update(body).digest("hex");
  const header = { format: "counter-backup", version: 2, clusterId: "x", index: 7, sha256 };
  const file = await open(path, "w");
  await file.writeFile(`${JSON.stringify(header)}\n${body}`);
  await file.close();
  return path;
}

async function clusterOf(node: ClusterNode): Promise<{ clusterId: string; epoch: number }> {
  const reply = await fetch(`http://${node.address}/v1/cluster`);
  return (await reply.json()) as { clusterId: string; epoch: number };
}

async function put(
  node: ClusterNode,
  file: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const { clusterId } = await clusterOf(node);
  const url = `http://${node.address}/v1/snapshot?confirm=${encodeURIComponent(clusterId)}`;
  const reply = await fetch(url, {
    method: "PUT",
    headers: { "content-type": type, ...headers },
    body: await openAsBlob(file),
  });
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
}

async function valueOf(node: ClusterNode, name: string): Promise<string | null> {
  const reply = await fetch(`http://${node.address}/v1/counters/${name}?consistency=local`);
  if (reply.status === 404) return null;
  return ((await reply.json()) as { value: string }).value;
}

async function metric(node: ClusterNode, name: string): Promise<number> {
  const text = await (await fetch(`http://${node.address}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(name) && !one.startsWith("#"));
  return Number(line?.split(" ").at(-1));
}

/** The longest that any node's loop was late, as the nodes themselves measure it, in ms. */
async function watchingLag<T>(
  nodes: readonly ClusterNode[],
  work: () => Promise<T>,
): Promise<{ result: T; ms: number; lagMs: number }> {
  const ended = new AbortController();
  let lag = 0;
  const watching = (async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const lags = await Promise.all(
        nodes.map((node) => metric(node, "counter_event_loop_lag_seconds")),
      );
      lag = Math.max(lag, ...lags.filter((one) => one >= 0));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  const began = performance.now();
  try {
    const result = await work();
    return { result, ms: performance.now() - began, lagMs: lag * 1000 };
  } finally {
    ended.abort();
    await watching;
  }
}

test("a hundred thousand counters with labels are restored, saved and restored again", () =>
  withCluster({ deadlineMs: 390_000 }, async (cluster) => {
    await cluster.start();
    const [follower] = await cluster.followers();
    const file = await fileOf(cluster.folder, many, 5);
    const restored = await watchingLag(cluster.nodes, () => put(follower!, file));
    expect(restored.result).toMatchObject({ status: 200, body: { counters: many, epoch: "1" } });
    for (const node of cluster.nodes) {
      await until("it has the last one", async () => {
        return (await valueOf(node, `counter-${many - 1}`)) === String(many + 4) || null;
      });
      expect((await clusterOf(node)).epoch).toBe(1);
    }

    const saved = await watchingLag(cluster.nodes, async () => {
      const reply = await fetch(`http://${follower!.address}/v1/snapshot`);
      const bytes = Buffer.from(await reply.arrayBuffer());
      const digest = createHash("sha256").update(bytes).digest("base64");
      expect(reply.headers.get("content-digest")).toBe(`sha-256=:${digest}:`);
      expect(Number(reply.headers.get("content-length"))).toBe(bytes.length);
      return bytes;
    });
    const lines = saved.result.toString().split("\n");
    expect(lines.length).toBeGreaterThan(many);
    expect(lines[2]).toContain('"labels":[["shard","0"],["team","blue"]]');
    const path = join(cluster.folder, "saved.backup");
    const copy = await open(path, "w");
    await copy.writeFile(saved.result);
    await copy.close();
    expect(await put(await cluster.leader(), path)).toMatchObject({
      status: 200,
      body: { counters: many, epoch: "2" },
    });
    const figures = [restored, saved].map(({ ms, lagMs }) => {
      return `${Math.round(ms)} ms, lag ${Math.round(lagMs)} ms`;
    });
    console.log(`${saved.result.length} bytes; restored in ${figures[0]}; saved in ${figures[1]}`);
  }));

test("a leader that is killed in the middle of a restore does not end it, and nothing is half done", () =>
  withCluster({ deadlineMs: 390_000 }, async (cluster) => {
    await cluster.start();
    const leader = await cluster.leader();
    const [follower] = await cluster.followers();
    await follower!.post("/v1/counters/before/increment");
    const file = await fileOf(cluster.folder, 30_000, 5);
    const log = async (): Promise<number> => (await follower!.status()).lastIndex;
    const before = await log();
    const putting = put(follower!, file, { "idempotency-key": "restore-1" });
    await until("some parts are in the log", async () => (await log()) > before + 5 || null);
    expect(await valueOf(follower!, "counter-1")).toBeNull();
    await leader.kill();
    const done = await putting;
    expect(done).toMatchObject({ status: 200, body: { counters: 30_000 } });
    expect(await valueOf(follower!, "before")).toBeNull();
    await cluster.start();
    for (const node of cluster.nodes) {
      await until("it has all of them", async () => {
        return (await valueOf(node, "counter-29999")) === "30004" || null;
      });
    }
    expect(await put(leader, file, { "idempotency-key": "restore-1" })).toMatchObject(done);
    expect((await clusterOf(follower!)).epoch).toBe(1);
  }));

test("what is cut off, too large, or overtaken by another restore changes nothing", () =>
  withCluster({ flags: ["--restore-max=2MiB"] }, async (cluster) => {
    await cluster.start();
    const [node] = cluster.nodes;
    const file = await fileOf(cluster.folder, 15_000, 5);
    const cut = join(cluster.folder, "cut.backup");
    const whole = Buffer.from(await (await openAsBlob(file)).arrayBuffer());
    const copy = await open(cut, "w");
    await copy.writeFile(whole.subarray(0, whole.length - 1000));
    await copy.close();
    expect(await put(node!, cut)).toMatchObject({
      status: 400,
      body: { code: "snapshot-invalid", outcome: "not-applied" },
    });
    const large = await fileOf(cluster.folder, 40_000, 5);
    expect(await put(node!, large)).toMatchObject({
      status: 413,
      body: { code: "payload-too-large" },
    });
    expect(await clusterOf(node!)).toMatchObject({ epoch: 0 });
    const other = await fileOf(cluster.folder, 15_000, 1_000_000);
    const both = await Promise.all([put(node!, file), put(cluster.nodes[1]!, other)]);
    const done = both.filter(({ status }) => status === 200);
    const overtaken = both.filter(({ status }) => status !== 200);
    expect(done.length).toBeGreaterThan(0);
    for (const { body } of overtaken) {
      expect(body).toMatchObject({ code: "restore-superseded", outcome: "not-applied" });
    }
    // The answer may have come through another node, and this one hears of it a little later.
    await until("it has what was restored", async () => {
      return (await clusterOf(node!)).epoch === done.length;
    });
    const values = await Promise.all(
      ["counter-0", "counter-14999"].map((name) => valueOf(node!, name)),
    );
    expect([
      ["5", "15004"],
      ["1000000", "1014999"],
    ]).toContainEqual(values);
  }));
