/** A majority whose disks are gone: the way out, and that the old cluster does not come in by it. */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { withCluster, type Cluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster-node.ts";
import { recover } from "./support/tool.ts";
import { until } from "./support/until.ts";

const counted = 12;

/** Three nodes that have all applied what was counted; then all of them are killed at once. */
async function countAndKill(cluster: Cluster): Promise<void> {
  await cluster.start();
  for (let number = 1; number <= counted; number += 1) {
    expect(await cluster.nodes[number % 3]!.next()).toBe(number);
  }
  for (const node of cluster.nodes) {
    await until("it has everything", async () => (await node.value("local")) === counted);
  }
  await Promise.all(cluster.nodes.map((node) => node.kill()));
}

/** The cluster id that the tool shows. */
async function clusterIdOf(node: ClusterNode): Promise<string> {
  const { code, text } = await recover(node.dataDir);
  expect(code).toBe(0);
  return /--confirm=(\S+)/.exec(text)![1]!;
}

test("a node whose two peers are gone for good goes on alone with every number, also after a restart", () =>
  withCluster({}, async (cluster) => {
    const [survivor, ...lost] = cluster.nodes;
    await countAndKill(cluster);
    for (const node of lost) await rm(node.dataDir, { recursive: true });

    const clusterId = await clusterIdOf(survivor!);
    const unconfirmed = await recover(survivor!.dataDir, "--as-single-node");
    expect(unconfirmed.code).toBe(2);
    const alone = [survivor!.dataDir, "--as-single-node", `--confirm=${clusterId}`];
    const done = await recover(...alone);
    expect(done).toMatchObject({ code: 0 });
    expect(done.text).toContain("RECOVERY BREAKS THE PROMISE");
    expect((await readdir(cluster.folder)).sort()).toContain(
      `node-${survivor!.port}.before-recovery-1`,
    );

    for (let round = 0; round < 2; round += 1) {
      survivor!.start();
      await survivor!.ready();
      expect(await survivor!.value()).toBe(counted + round);
      expect(await survivor!.next()).toBe(counted + round + 1);
      await survivor!.kill();
    }
  }));

test("an old member that is brought back is refused, and cannot change anything", () =>
  withCluster({}, async (cluster) => {
    const [survivor, old, lost] = cluster.nodes;
    await countAndKill(cluster);
    await rm(lost!.dataDir, { recursive: true });
    const clusterId = await clusterIdOf(survivor!);
    await recover(survivor!.dataDir, "--as-single-node", `--confirm=${clusterId}`);
    survivor!.start();
    await survivor!.ready();

    old!.start();
    await old!.process.logged(/belongs to another cluster/);
    await survivor!.process.logged(new RegExp(`refused ${old!.address}: foreign-cluster`));
    expect((await old!.get("/get")).status).toBe(503);
    expect((await old!.post("/next")).status).toBe(503);
    const numbers = [await survivor!.next(), await survivor!.next()];
    expect(numbers).toEqual([counted + 1, counted + 2]);
    expect(await survivor!.value()).toBe(counted + 2);
    expect((await survivor!.status()).state).toBe("Leader");
  }));

test("of two survivors out of five the more up-to-date one is shown, and its numbers are kept", () =>
  withCluster({ nodes: 5 }, async (cluster) => {
    await cluster.start();
    expect(await cluster.nodes[0]!.next()).toBe(1);
    const [behind, ahead, ...lost] = [...(await cluster.followers()), await cluster.leader()];
    await until("it has the first", async () => (await behind.value("local")) === 1);
    await behind.kill();
    expect(await ahead!.next()).toBe(2);
    await until("it has the second", async () => (await ahead!.value("local")) === 2);
    for (const node of lost) {
      await node.kill();
      await rm(node.dataDir, { recursive: true });
    }
    await ahead!.kill();

    const shown = await recover(behind.dataDir, ahead!.dataDir);
    expect(shown.code).toBe(0);
    expect(shown.text).toContain(`  1. ${ahead!.dataDir}`);
    const command = /npm run recover -- (\S+) --as-single-node (--confirm=\S+)/.exec(shown.text)!;
    expect(command[1]).toBe(ahead!.dataDir);
    const done = await recover(command[1]!, "--as-single-node", command[2]!);
    expect(done.code).toBe(0);
    ahead!.start();
    await ahead!.ready();
    expect(await ahead!.value()).toBe(2);
    expect(await ahead!.next()).toBe(3);
  }));

test("two empty servers join the lone one, and the three count on", () =>
  withCluster({}, async (cluster) => {
    const [survivor] = cluster.nodes;
    await countAndKill(cluster);
    const clusterId = await clusterIdOf(survivor!);
    await recover(survivor!.dataDir, "--as-single-node", `--confirm=${clusterId}`);
    survivor!.start();
    await survivor!.ready();
    expect(await survivor!.next()).toBe(counted + 1);
    for (const lost of cluster.nodes.slice(1)) cluster.successor(lost, survivor!).start();
    await cluster.haveVoters(...cluster.nodes);
    expect(await cluster.nodes[1]!.next()).toBe(counted + 2);
    await survivor!.kill(); // it is one of three again
    expect(await cluster.nodes[2]!.next()).toBe(counted + 3);
    expect(await cluster.nodes[1]!.value()).toBe(counted + 3);
  }));

test("a damaged node is set aside; what starts in its place is refused, or joins as a new server", () =>
  withCluster({}, async (cluster) => {
    await countAndKill(cluster);
    const damaged = cluster.nodes[2]!;
    await rm(join(damaged.dataDir, "raft", "anchor"));
    expect((await damaged.start().end()).code).toBe(3);
    const identity = await readFile(join(damaged.dataDir, "identity.json"), "utf8");

    expect((await recover(damaged.dataDir, "--set-aside")).code).toBe(0);
    const kept = await readFile(join(damaged.dataDir, "identity.json.damaged-1"), "utf8");
    expect(kept).toBe(identity);
    await cluster.back(cluster.nodes);
    expect((await damaged.process.end()).code).toBe(3);
    expect(damaged.process.lines.join("\n")).toContain("with another data directory");
    const others = cluster.nodes.filter((node) => node !== damaged);
    await Promise.all(others.map((node) => node.ready()));
    expect(await others[0]!.next()).toBe(counted + 1);
    const replacement = cluster.successor(damaged, ...others);
    replacement.start();
    await cluster.haveVoters(...others, replacement);
    expect(await replacement.next()).toBe(counted + 2);
  }));
