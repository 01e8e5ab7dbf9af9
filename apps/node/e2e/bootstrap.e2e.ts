/** Clusters that nobody has listed: nodes find each other, and agree on who begins. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { z } from "zod";

import { withCluster, type Cluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster-node.ts";
import { Random } from "./support/random.ts";
import { until } from "./support/until.ts";

/** Discovery takes its time, and so does a machine on which everything starts at once. */
const formingMs = 60_000;

const stateSchema = z.object({
  directoryId: z.string(),
  state: z.enum(["candidate", "pledged", "member"]),
  clusterId: z.string().nullable(),
});

async function stateOf(node: ClusterNode): Promise<z.infer<typeof stateSchema> | null> {
  const reply = await node.get("/v1/cluster/bootstrap", { timeoutMs: 1000 });
  return reply.status === 200 ? stateSchema.parse(JSON.parse(reply.text)) : null;
}

async function clustersOf(nodes: readonly ClusterNode[]): Promise<ReadonlySet<string | null>> {
  const states = await Promise.all(nodes.map(stateOf));
  return new Set(states.map((state) => state?.clusterId ?? null));
}

/** Who began, as a node that began wrote it down. */
async function firstMembersOf(nodes: readonly ClusterNode[]): Promise<readonly string[]> {
  for (const node of nodes) {
    const text = await readFile(join(node.dataDir, "identity.json"), "utf8");
    const { members } = z.object({ members: z.array(z.string()) }).parse(JSON.parse(text));
    if (members.length > 0) return members;
  }
  return [];
}

/** Starts all, each after a time of its own. */
async function startScattered(
  nodes: readonly ClusterNode[],
  random: Random,
  withinMs: number,
): Promise<void> {
  await Promise.all(
    nodes.map(async (node) => {
      await pause(random.below(withinMs));
      node.start();
    }),
  );
}

/** One cluster, in which each node hands out the next number. */
async function expectOneCluster(cluster: Cluster): Promise<void> {
  const { nodes } = cluster;
  await cluster.ready(formingMs);
  const clusters = await clustersOf(nodes);
  expect(clusters.size).toBe(1);
  expect(clusters).not.toContain(null);
  const numbers: number[] = [];
  for (const node of nodes) {
    numbers.push(await until("it hands out a number", () => node.next(), formingMs));
  }
  expect([...numbers].sort((a, b) => a - b)).toEqual(numbers);
  expect(new Set(numbers).size).toBe(nodes.length);
}

test("three nodes that know of one other each become one cluster, whenever they start", () =>
  withCluster({ expect: 3 }, async (cluster) => {
    const { nodes } = cluster;
    nodes[0]!.start();
    const waiting = await until("it says what it waits for", async () => {
      const { status, text } = await nodes[0]!.get("/readyz");
      return status === 503 && text.includes("1 of 3 candidates found") ? text : null;
    });
    expect(waiting).toContain("waiting for 2 more started with --bootstrap-expect=3");
    expect((await nodes[0]!.get("/livez")).status).toBe(200);
    await startScattered(nodes.slice(1), new Random(1), 3000);
    await expectOneCluster(cluster);
    await cluster.haveVoters(...nodes);
    expect(await firstMembersOf(nodes)).toHaveLength(3);
  }));

test("two nodes that start at the same moment with --bootstrap-expect=2 become one cluster", () =>
  withCluster({ nodes: 2, expect: 2 }, async (cluster) => {
    for (const node of cluster.nodes) node.start();
    await expectOneCluster(cluster);
    await cluster.haveVoters(...cluster.nodes);
  }));

test("of five nodes three begin, and the others join them", () =>
  withCluster({ nodes: 5, expect: 3 }, async (cluster) => {
    await startScattered(cluster.nodes, new Random(2), 2000);
    await expectOneCluster(cluster);
    await cluster.haveVoters(...cluster.nodes);
    expect(await firstMembersOf(cluster.nodes)).toHaveLength(3);
  }));

test("a node that comes later joins the cluster that is there, and begins none, whatever it expects", () =>
  withCluster({ nodes: 1, expect: 1 }, async (cluster) => {
    const [first] = cluster.nodes;
    first!.start();
    await cluster.ready(formingMs);
    expect(await first!.next()).toBe(1);
    for (const flag of ["--bootstrap-expect=1", "--bootstrap-expect=3"]) {
      const later = await cluster.further([first!], flag);
      later.start();
      await later.ready(formingMs);
    }
    await cluster.haveVoters(...cluster.nodes);
    expect((await clustersOf(cluster.nodes)).size).toBe(1);
    expect(await cluster.nodes.at(-1)!.value()).toBe(1);
  }));

/** Kills a candidate around the time at which the others are pledged. */
async function killInBetween(nodes: readonly ClusterNode[], random: Random): Promise<ClusterNode> {
  const victim = random.pick(nodes);
  await until(
    "somebody is pledged, or has begun",
    async () => {
      const states = await Promise.allSettled(nodes.map(stateOf));
      return states.some((one) => one.status === "fulfilled" && one.value?.state !== "candidate");
    },
    formingMs,
  );
  await pause(random.below(30));
  await victim.kill();
  return victim;
}

test.each([3, 4, 5, 6])(
  "a candidate that is killed between pledge and decision comes back to one cluster (seed %i)",
  (seed) =>
    withCluster({ expect: 3 }, async (cluster) => {
      const random = new Random(seed);
      for (const node of cluster.nodes) node.start();
      const victim = await killInBetween(cluster.nodes, random);
      await pause(random.below(1000));
      victim.start();
      await expectOneCluster(cluster);
    }),
);
