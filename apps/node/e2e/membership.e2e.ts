/** Clusters of real processes that grow, shrink and are mended while clients count on. */
import { rm } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

import { withCluster, type Cluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster-node.ts";
import { promised, tell } from "./support/figures.ts";
import { History } from "./support/history.ts";
import { freePorts } from "./support/ports.ts";
import { Random } from "./support/random.ts";
import { ServerProcess } from "./support/server-process.ts";
import { until } from "./support/until.ts";

const dataDirCode = 3;
const removedCode = 4;
/** Clients with keys and clients without. */
const clients = { writers: 4, keyedWriters: 4 } as const;

/** Asks the first node to remove the second one, whatever that one is doing. */
async function remove(asked: ClusterNode, removed: ClusterNode): Promise<void> {
  const members = await asked.members();
  const { id } = members.find(({ address }) => address === removed.address)!;
  const reply = await asked.call("DELETE", `/v1/cluster/members/${encodeURIComponent(id)}`);
  if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
}

async function expectRemoved(node: ClusterNode): Promise<void> {
  expect((await node.process.end()).code).toBe(removedCode);
  expect(node.process.lines.at(-1)).toContain("the cluster has removed this node");
}

/** Nothing was counted twice or lost, and all nodes say the same. */
async function expectCounted(cluster: Cluster, history: History): Promise<void> {
  expect(history.violations(await cluster.values())).toEqual([]);
}

test("a cluster grows from one to three to five and shrinks to three while clients count", () =>
  withCluster({ nodes: 1 }, async (cluster) => {
    const [first] = cluster.nodes;
    await cluster.start();
    const [second, third] = [await cluster.joiner(first!), await cluster.joiner(first!)];
    const [fourth, fifth] = [await cluster.joiner(second, third), await cluster.joiner(third)];
    const history = new History();
    const load = cluster.load({ history, ...clients });
    await history.writeBegunAfter(performance.now());
    const from = performance.now();

    second.start();
    third.start();
    await cluster.haveVoters(first!, second, third);
    fourth.start();
    fifth.start();
    await cluster.haveVoters(first!, second, third, fourth, fifth);
    tell("1 to 5 nodes", `${Math.round(performance.now() - from)} ms`);
    const leader = await cluster.leader();
    const [asked, other] = await cluster.followers();
    await remove(asked!, leader);
    await remove(asked!, other!);
    await Promise.all([expectRemoved(leader), expectRemoved(other!)]);
    const left = cluster.running;
    expect(left).toHaveLength(3);
    await cluster.haveVoters(...left);

    const to = performance.now();
    await load.stop();
    const gap = history.longestGap(from, to);
    const writes = history.acknowledged("write").length;
    tell("longest gap while growing and shrinking", `${Math.round(gap)} ms, ${writes} writes`);
    await expectCounted(cluster, history);
    expect(gap).toBeLessThan(promised(2000));
  }));

test("the leader can be removed under load, again and again down to one node", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const history = new History();
    const load = cluster.load({ history, ...clients });
    while (cluster.running.length > 1) {
      const leader = await cluster.leader();
      const [asked] = await cluster.followers();
      await history.writeBegunAfter(performance.now());
      const from = performance.now();
      await remove(asked!, leader);
      await expectRemoved(leader);
      await history.writeBegunAfter(performance.now());
      const gap = history.longestGap(from, performance.now());
      tell("gap when the leader is removed", `${Math.round(gap)} ms`);
      expect(gap).toBeLessThan(promised(2000));
    }
    await load.stop();
    await expectCounted(cluster, history);
  }));

test("a node that died with its disk is replaced at the same address by itself", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const history = new History();
    const load = cluster.load({ history, ...clients });
    const dead = cluster.nodes[2]!;
    await history.writeBegunAfter(performance.now());
    await dead.kill();
    await rm(dead.dataDir, { recursive: true });
    const others = cluster.running;
    const from = performance.now();
    const replacement = cluster.successor(dead, ...others);
    replacement.start();
    await cluster.haveVoters(...others, replacement);
    tell("replaced", `${Math.round(performance.now() - from)} ms`);
    const ids = (await replacement.members()).map(({ id }) => id);
    expect(ids).not.toContain(dead.address); // that one is used up
    await others[0]!.kill(); // the new one counts as well as any
    await history.writeBegunAfter(performance.now());
    await load.stop();
    await expectCounted(cluster, history);
  }));

test("a node that was removed while it was down ends with 4 by itself when it is back, and ever after", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const [first, second, away] = cluster.nodes;
    expect(await first!.next()).toBe(1);
    await away!.kill();
    await remove(first!, away!);
    await cluster.haveVoters(first!, second!);
    away!.start();
    await expectRemoved(away!);
    const again = away!.start();
    expect((await again.end()).code).toBe(removedCode);
    expect(again.lines.join("\n")).toContain("was removed from its cluster for good");
    expect(await second!.next()).toBe(2);
  }));

test("a node joins while a member is down, also if that is the one that is asked first", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const [first, second, down] = cluster.nodes;
    await down!.kill();
    const fourth = await cluster.joiner(down!, second!);
    fourth.start();
    await cluster.haveVoters(first!, second!, down!, fourth);
    expect(await fourth.next()).toBe(1);
    await second!.kill(); // two of four are no majority
    const refused = await first!.post("/next", { timeoutMs: 10_000 });
    expect([503, 504]).toContain(refused.status);
    down!.start();
    await cluster.ready();
    await cluster.haveVoters(first!, second!, down!, fourth);
    const values = await cluster.values();
    expect(new Set(values).size).toBe(1);
  }));

test("a node that is killed at any moment of its joining finishes it after a restart", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const random = new Random(20_251);
    const members = [...cluster.nodes];
    const history = new History();
    const load = cluster.load({ history, writers: 2, keyedWriters: 2 });
    for (let round = 0; round < 3; round += 1) {
      const joiner = await cluster.joiner(members[round]!);
      for (let kill = 0; kill < 2; kill += 1) {
        const run = joiner.start();
        // Half of them in the time in which it reads, asks and catches up, the others before.
        if (kill === 1) await run.logged(/looking for a cluster|no member of a cluster yet/);
        await pause(random.below(700));
        await joiner.kill();
      }
      joiner.start();
      members.push(joiner);
      await cluster.haveVoters(...members);
    }
    await load.stop();
    await expectCounted(cluster, history);
    const ids = (await members[0]!.members()).map(({ id }) => id);
    expect(new Set(ids).size).toBe(6); // none of them came twice
  }));

test("a wiped disk does not get its old place back without --join, and the others go on", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const [first, second, removed] = cluster.nodes;
    const fourth = await cluster.joiner(first!);
    fourth.start();
    await cluster.haveVoters(first!, second!, removed!, fourth);
    await remove(first!, removed!);
    await expectRemoved(removed!);
    await rm(removed!.dataDir, { recursive: true });
    const wiped = removed!.start(); // with the first list of members
    expect((await wiped.end()).code).toBe(dataDirCode);
    expect(wiped.lines.join("\n")).toContain("with another data directory");

    await fourth.kill();
    await rm(fourth.dataDir, { recursive: true });
    const all = [first!, second!, fourth].map(({ port }) => port).join(",");
    const flags = [`--port=${fourth.port}`, `--data-dir=${fourth.dataDir}`, `--peers=${all}`];
    const posing = new ServerProcess(flags);
    expect((await posing.end()).code).toBe(dataDirCode);
    expect(posing.lines.join("\n")).toContain("belongs to another cluster");
    expect(await first!.next()).toBe(1);
  }));

test("a node that finds no cluster says so, and ends at once with 0 when it is asked to", () =>
  withCluster({ nodes: 1 }, async (cluster) => {
    const [nobody] = cluster.nodes; // never started
    const node = await cluster.joiner(nobody!);
    await node.start().logged(/cannot join yet: .*cannot be reached \(ECONNREFUSED\)/);
    const readiness = await node.get("/readyz");
    expect([readiness.status, readiness.text]).toEqual([
      503,
      expect.stringContaining("cannot join yet"),
    ]);
    const { code, tookMs } = await node.terminate();
    expect(code).toBe(0);
    tell("stopped while looking for a cluster", `${Math.round(tookMs)} ms`);
    expect(tookMs).toBeLessThan(promised(1000));
  }));

test("one --cluster-id does not make one cluster of two lists of members: exit 3 and both lists", () =>
  withCluster({ nodes: 3, flags: ["--cluster-id=counting"] }, async (cluster) => {
    const [first, second, third] = cluster.nodes;
    third!.start();
    await third!.answers();
    const flags = [`--port=${first!.port}`, `--peers=${third!.port}`, "--cluster-id=counting"];
    const wrong = new ServerProcess([...flags, `--data-dir=${first!.dataDir}`]);
    expect((await wrong.end()).code).toBe(dataDirCode);
    const told = wrong.lines.join("\n");
    const all = cluster.nodes.map(({ address }) => address).sort();
    const two = [first!.address, third!.address].sort();
    expect(told).toContain(`whose members are ${all.join(", ")};`);
    expect(told).toContain(`whose members are ${two.join(", ")}:`);
    expect(told).toMatch(/counting~[0-9a-f]{16}.* belongs to counting~[0-9a-f]{16}/);

    await rm(first!.dataDir, { recursive: true }); // as it says
    await cluster.start();
    expect(await second!.next()).toBe(1);
    const [port] = await freePorts(1);
    const stranger = new ServerProcess([
      `--port=${port!}`,
      `--join=${first!.port}`,
      "--cluster-id=other",
      `--data-dir=${cluster.folder}/stranger`,
    ]);
    expect((await stranger.end()).code).toBe(dataDirCode);
    expect(stranger.lines.join("\n")).toMatch(/is counting~[0-9a-f]{16}, not other/);
    await until("it is gone", () => !stranger.running);
  }));
