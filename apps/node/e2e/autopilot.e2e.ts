/** Nodes that die, are replaced, move and leave, while clients count on, and nobody does anything. */
import { cp } from "node:fs/promises";

import { z } from "zod";

import { withCluster, type Cluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster-node.ts";
import { agree, Counting, withEventual } from "./support/eventual.ts";
import { promised, tell } from "./support/figures.ts";
import { History } from "./support/history.ts";
import { freePorts } from "./support/ports.ts";
import { Random } from "./support/random.ts";
import { ServerProcess } from "./support/server-process.ts";
import { until } from "./support/until.ts";

const dataDirCode = 3;
const removedCode = 4;
/** Clients with keys and clients without. */
const clients = { writers: 3, keyedWriters: 3 } as const;

const rowsSchema = z.object({
  members: z.array(
    z.object({
      id: z.string().nullable(),
      role: z.string().nullish(), // in raft mode only
      gossip: z.object({ standing: z.string() }).nullable(),
    }),
  ),
});

/** What this node sees of a member: its part in Raft and how it stands in gossip, `voter alive`. */
async function seenBy(node: ClusterNode, id: string): Promise<string> {
  const reply = await node.get("/v1/members", { timeoutMs: 1000 });
  const { members } = rowsSchema.parse(JSON.parse(reply.text));
  const row = members.find((member) => member.id === id);
  return `${row?.role ?? "nobody"} ${row?.gossip?.standing ?? "unknown"}`;
}

/** Starts all, and waits until they have met in gossip: of a stranger it has no opinion. */
async function startAndMeet(cluster: Cluster): Promise<void> {
  await cluster.start();
  await until("all have met in gossip", async () => {
    const replies = await Promise.all(cluster.nodes.map((node) => node.get("/v1/members")));
    return replies.every(({ text }) => {
      const { members } = rowsSchema.parse(JSON.parse(text));
      const alive = members.filter(({ gossip }) => gossip?.standing === "alive");
      return alive.length === cluster.nodes.length;
    });
  });
}

function allSee(nodes: readonly ClusterNode[], id: string, what: string): Promise<boolean> {
  return until(`all see ${id} as ${what}`, async () => {
    const seen = await Promise.all(nodes.map((node) => seenBy(node, id)));
    return seen.every((found) => found === what);
  });
}

async function idOf(node: ClusterNode): Promise<string> {
  const members = await node.members();
  return members.find(({ address }) => address === node.address)!.id;
}

/** Asks a node to leave, again while nobody can say that it has, and waits for its end. */
async function leave(node: ClusterNode): Promise<void> {
  await until(`${node.address} has left`, async () => {
    if (!node.running) return true; // it was done after all, when the answer was late
    const { status, text } = await node.post("/v1/cluster/leave", { timeoutMs: 10_000 });
    if (status === 503 || status === 504) return false;
    expect([status, text]).toEqual([200, expect.stringContaining('{"left":')]);
    return true;
  });
  expect((await node.process.end()).code).toBe(0);
}

/** Nothing was counted twice or lost, and all nodes say the same. */
async function expectCounted(cluster: Cluster, history: History): Promise<void> {
  expect(history.violations(await cluster.values())).toEqual([]);
}

test("a newcomer takes the place of a voter that is dead for good, and then another one may be lost", () =>
  withCluster({}, async (cluster) => {
    await startAndMeet(cluster);
    const history = new History();
    const load = cluster.load({ history, ...clients });
    const dead = await cluster.leader(); // the hardest one to lose
    const id = await idOf(dead);
    const others = await cluster.followers();
    await history.writeBegunAfter(performance.now());
    await dead.kill();
    const from = performance.now();
    const newcomer = await cluster.joiner(...others);
    newcomer.start();
    await cluster.haveVoters(...others, newcomer);
    tell("a dead voter was replaced", `${Math.round(performance.now() - from)} ms after its death`);
    const lines = cluster.running.flatMap((node) => node.lines).join("\n");
    expect(lines).toMatch(
      /has failed, and has not been heard of for \d+ s, and .* votes in its pl/,
    );
    expect(await seenBy(newcomer, id)).toBe("nobody failed");

    await others[0]!.kill(); // two of three are left
    await history.writeBegunAfter(performance.now());
    await load.stop();
    await expectCounted(cluster, history);
    dead.start();
    expect((await dead.process.end()).code).toBe(removedCode);
  }));

test("a node that is killed and is back within --dead-server-after keeps its place", () =>
  withCluster({ nodes: 4, flags: ["--dead-server-after=1m"] }, async (cluster) => {
    await startAndMeet(cluster);
    const back = cluster.nodes[3]!;
    const id = await idOf(back);
    await back.kill();
    await allSee(cluster.running, id, "voter failed");
    back.start();
    await allSee(cluster.nodes, id, "voter alive");
    await until("the leader has looked several times since", async () => {
      const { text } = await back.get("/status");
      return z.object({ uptimeMs: z.number() }).parse(JSON.parse(text)).uptimeMs > 8000;
    });
    await cluster.haveVoters(...cluster.nodes);
    expect(cluster.logs()).not.toContain("it is removed from the cluster");
  }));

test("a node that is not back within --dead-server-after is removed, while three are left", () =>
  withCluster({ nodes: 4, flags: ["--dead-server-after=10s"] }, async (cluster) => {
    await startAndMeet(cluster);
    const [first, second, third, dead] = cluster.nodes;
    await dead!.kill();
    await cluster.haveVoters(first!, second!, third!);
    expect(await first!.next()).toBe(1);
    const id = await idOf(third!);
    await third!.kill();
    await allSee([first!, second!], id, "voter failed");
    expect(await first!.next()).toBe(2);
  }));

test("a node that was moved takes its place at its new port under load", () =>
  withCluster({}, async (cluster) => {
    await startAndMeet(cluster);
    const history = new History();
    const load = cluster.load({ history, ...clients });
    const [first, second, third] = cluster.nodes;
    await history.writeBegunAfter(performance.now());
    expect((await third!.terminate()).code).toBe(0);
    const moved = await cluster.moved(third!);
    const from = performance.now();
    moved.start();
    await cluster.haveVoters(first!, second!, moved);
    tell("a moved node is known", `${Math.round(performance.now() - from)} ms after its start`);
    expect(await idOf(moved)).toBe(third!.address); // a name, not an address
    await second!.kill(); // it counts as well as any
    await history.writeBegunAfter(performance.now());
    await load.stop();
    await expectCounted(cluster, history);
    await moved.process.logged(/the cluster looks for this node at/);
    expect((await moved.terminate()).code).toBe(0);
    moved.start(); // it is at home there now
    await cluster.ready();
    await expectCounted(cluster, history);
  }));

test("a copy of a directory is refused, also while the original is only paused", () =>
  withCluster({}, async (cluster) => {
    await startAndMeet(cluster);
    const [first, , third] = cluster.nodes;
    expect(await first!.next()).toBe(1);
    await third!.terminate();
    const copy = `${cluster.folder}/copy`;
    await cp(third!.dataDir, copy, { recursive: true });
    third!.start();
    await cluster.ready();
    const [port] = await freePorts(1);
    const start = (): ServerProcess => new ServerProcess([`--port=${port!}`, `--data-dir=${copy}`]);
    const refused = start();
    expect((await refused.end()).code).toBe(dataDirCode);
    expect(refused.lines.join("\n")).toContain(`runs at ${third!.address} already`);

    third!.process.signal("SIGSTOP");
    const waiting = start();
    await waiting.logged(/waiting for somebody who does not answer there/);
    third!.process.signal("SIGCONT");
    expect((await waiting.end()).code).toBe(dataDirCode);
    await cluster.haveVoters(...cluster.nodes);
    expect(await third!.next()).toBe(2);
  }));

test("a follower and then the leader leave under load: exit code 0, and nothing is lost", () =>
  withCluster({ nodes: 4 }, async (cluster) => {
    await startAndMeet(cluster);
    const history = new History();
    const load = cluster.load({ history, ...clients });
    for (const leads of [false, true]) {
      await history.writeBegunAfter(performance.now());
      const leaver = leads ? await cluster.leader() : (await cluster.followers())[0]!;
      const id = await idOf(leaver);
      const from = performance.now();
      await leave(leaver);
      await cluster.haveVoters(...cluster.running);
      await history.writeBegunAfter(performance.now());
      const gap = history.longestGap(from, performance.now());
      tell(
        leads ? "gap when the leader leaves" : "gap when a follower leaves",
        `${Math.round(gap)} ms`,
      );
      expect(gap).toBeLessThan(promised(2000));
      await allSee(cluster.running, id, "nobody left");
      leaver.start();
      expect((await leaver.process.end()).code).toBe(removedCode);
    }
    await load.stop();
    await expectCounted(cluster, history);
  }));

test("in eventual mode a node leaves under load as well, and hands over what only it has", () =>
  withEventual({}, async (cluster) => {
    await startAndMeet(cluster);
    const [leaver, ...others] = cluster.nodes;
    const load = new Counting(() => cluster.running, new Random(7));
    await until("clients count", () => load.operations > 50);
    const { id } = z
      .object({ id: z.string() })
      .parse(JSON.parse((await leaver!.get("/status")).text));
    await leave(leaver!);
    const after = load.operations;
    await until("clients go on", () => load.operations > after + 50);
    await load.stop();
    await agree(others, load.total);
    await allSee(others, id, "nobody left");
    leaver!.start();
    expect((await leaver!.process.end()).code).toBe(removedCode);
  }));
