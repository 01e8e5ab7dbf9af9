/** Nodes of eventual mode that find each other: by --join, by gossip, and when gossip is no help. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { z } from "zod";

import { withCluster, type Cluster } from "../support/cluster.ts";
import type { ClusterNode } from "../support/cluster-node.ts";
import { agree, countOf, Counting, increment, viewOf, withEventual } from "../support/eventual.ts";
import { tell } from "../support/figures.ts";
import { codeOf } from "../support/http.ts";
import { Random } from "../support/random.ts";
import { patienceMs, until } from "../support/until.ts";

const membersSchema = z.object({
  members: z.array(
    z.object({
      id: z.string().nullable(),
      up: z.boolean().optional(),
      gossip: z.object({ standing: z.string(), state: z.string().nullable() }).nullable(),
    }),
  ),
});

type Row = z.infer<typeof membersSchema>["members"][number];

async function rowsOf(node: ClusterNode): Promise<readonly Row[]> {
  const reply = await node.get("/v1/members", { timeoutMs: 2000 });
  return membersSchema.parse(JSON.parse(reply.text)).members;
}

/** All of these, and nobody else, are members and up for each of them, by heartbeats and by gossip. */
function allKnowEachOther(nodes: readonly ClusterNode[]): Promise<unknown> {
  return until(
    `${nodes.length} know each other`,
    async () => {
      const views = await Promise.all(nodes.map(rowsOf));
      return views.every((rows) => {
        const there = rows.filter((row) => row.up === true && row.gossip?.standing === "alive");
        return there.length === nodes.length && rows.every(({ up }) => up !== false);
      });
    },
    patienceMs,
  );
}

/** How this member stands in the gossip of a node. */
async function standingAt(node: ClusterNode, id: string): Promise<string | null> {
  const row = (await rowsOf(node)).find((one) => one.id === id);
  return row?.gossip?.standing ?? null;
}

/**
 * Increments without a key, as fast as they are answered, from before the process listens. Only what
 * certainly did not count is sent again.
 */
async function countFromTheStart(node: ClusterNode, times: number): Promise<void> {
  const giveUpMs = performance.now() + patienceMs;
  for (let counted = 0; counted < times;) {
    try {
      await increment(node, { timeoutMs: 30_000 });
      counted += 1;
    } catch (error) {
      const mayHaveCounted =
        codeOf(error) !== "ECONNREFUSED" && !String(error).startsWith("Error: 503 ");
      if (mayHaveCounted || performance.now() > giveUpMs) throw error;
      await pause(20);
    }
  }
}

/** One node that knows nobody, and others that are only told where that one is. */
async function joiners(cluster: Cluster, count: number): Promise<ClusterNode[]> {
  const [first] = cluster.nodes;
  return Promise.all(Array.from({ length: count }, () => cluster.joiner(first!)));
}

const eventual = "--mode=eventual";

/** Two that know one, which knows nobody; all of them know each other now. */
async function threeThatMet(cluster: Cluster): Promise<readonly ClusterNode[]> {
  await joiners(cluster, 2);
  for (const node of cluster.nodes) node.start(eventual);
  await cluster.ready(patienceMs);
  await allKnowEachOther(cluster.nodes);
  return cluster.nodes;
}

test("three of which two know one, started at random, count from the start and agree exactly", () =>
  withCluster({ nodes: 1 }, async (cluster) => {
    const random = new Random(7);
    await joiners(cluster, 2);
    const times = 60;
    await Promise.all(
      cluster.nodes.map(async (node) => {
        const counting = countFromTheStart(node, times);
        await pause(random.below(1500));
        node.start(eventual);
        await counting;
      }),
    );
    const tookMs = await agree(cluster.nodes, 3 * times, patienceMs);
    tell("three that met by --join, until they agree", `${Math.round(tookMs)} ms`);
    await allKnowEachOther(cluster.nodes);
    const clusters = await Promise.all(cluster.nodes.map(viewOf));
    expect(new Set(clusters.map(({ clusterId }) => clusterId)).size).toBe(1);

    const fourth = await cluster.joiner(cluster.nodes[2]!);
    const load = new Counting(() => cluster.nodes.slice(0, 3), random);
    fourth.start(eventual);
    await fourth.ready(patienceMs);
    await until("clients go on", () => load.operations >= 50, patienceMs);
    await load.stop();
    await agree(cluster.nodes, 3 * times + load.total, patienceMs);
    await allKnowEachOther(cluster.nodes);
  }));

test("a removed node is not taken back because gossip tells of it", () =>
  withCluster({ nodes: 1 }, async (cluster) => {
    const [a, b, c] = await threeThatMet(cluster);
    const { id } = await viewOf(c!);
    c!.process.signal("SIGSTOP");
    const removal = await a!.call("DELETE", `/v1/cluster/members/${id}`);
    expect(removal.status).toBe(200);
    c!.process.signal("SIGCONT"); // it objects to what gossip says of it, and is heard there
    expect((await c!.process.end(patienceMs)).code).toBe(4);
    await until(
      "it has said goodbye",
      async () => (await standingAt(a!, id)) === "left",
      patienceMs,
    );
    await increment(b!);
    await agree([a!, b!], 1);
    for (const node of [a!, b!]) {
      expect((await viewOf(node)).peers.map((peer) => peer.address)).not.toContain(c!.address);
    }
  }));

test("one that leaves shows as left, and what it has counted stays", () =>
  withCluster({ nodes: 1 }, async (cluster) => {
    const [a, b, c] = await threeThatMet(cluster);
    await increment(c!, { delta: 5 });
    const { id } = await viewOf(c!);
    expect((await c!.call("DELETE", `/v1/cluster/members/${id}`)).status).toBe(200);
    await c!.process.end(patienceMs);
    for (const node of [a!, b!]) {
      await until("it has left", async () => (await standingAt(node, id)) === "left", patienceMs);
    }
    await agree([a!, b!], 5);
  }));

test("one that is killed shows as failed, and is back under its name when it is", () =>
  withEventual({}, async (cluster) => {
    await cluster.start();
    await allKnowEachOther(cluster.nodes);
    const [a, b, c] = cluster.nodes;
    const { id } = await viewOf(c!);
    await c!.kill();
    await until("it has failed", async () => (await standingAt(a!, id)) === "failed", patienceMs);
    await increment(b!, { query: "?ack=majority" });
    c!.start();
    await c!.ready(patienceMs);
    await allKnowEachOther(cluster.nodes);
    expect((await viewOf(c!)).id).toBe(id);
  }));

test("nodes that do not understand each other's gossip, or have none, count together all the same", () =>
  withEventual({}, async (cluster) => {
    const [a, b, c] = cluster.nodes;
    for (const node of [a!, b!]) {
      const file = join(cluster.folder, `keys-${node.port}.json`);
      await writeFile(file, JSON.stringify([randomBytes(32).toString("base64")]));
      node.start(`--gossip-key-file=${file}`);
    }
    c!.start("--gossip-port=off");
    await cluster.ready(patienceMs);
    for (const node of cluster.nodes) await increment(node);
    await agree(cluster.nodes, 3);
    const added = await cluster.joiner();
    await c!.terminate();
    c!.start("--gossip-port=off", `--newnode=${added.port}`);
    added.start(eventual);
    await Promise.all([c!, added].map((node) => node.ready(patienceMs)));
    await until("it has everything", async () => (await countOf(added)) === 3, patienceMs);
    await increment(added);
    await agree(cluster.nodes, 4);
    const views = await Promise.all([a!, b!, c!].map(rowsOf));
    for (const rows of views) {
      expect(rows.filter(({ gossip }) => gossip !== null).length).toBeLessThan(2);
      expect(rows).toHaveLength(4);
    }
  }));
