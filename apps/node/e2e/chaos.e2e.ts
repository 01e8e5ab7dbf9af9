/**
 * Kills, pauses, restarts and cuts drawn from a seed, under load, for a given time; then the history
 * is checked. `CHAOS_SECONDS` and `CHAOS_SEED` choose; `CHAOS_PROGRESS` is the number of an open file
 * descriptor that gets one line a fault, for people. `tools/chaos.mjs` sets them.
 */
import { writeSync } from "node:fs";

import { withCluster, type Cluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster-node.ts";
import { promised, spread, tell } from "./support/figures.ts";
import { History } from "./support/history.ts";
import { Random } from "./support/random.ts";
import { until, within } from "./support/until.ts";

const seconds = Number(process.env["CHAOS_SECONDS"] ?? 15);
const progress = process.env["CHAOS_PROGRESS"];
const seed = Number(process.env["CHAOS_SEED"] ?? Date.now() % 1_000_000);
/** For starting, recovering and checking, besides the time of the faults. */
const extraMs = 60_000;
const recoverMaxMs = 3000;

/** A fault, and what ends it. The next one comes when all is well again. */
interface Fault {
  readonly name: string;
  begin(nodes: readonly ClusterNode[], cluster: Cluster): Promise<void> | void;
  end(nodes: readonly ClusterNode[], cluster: Cluster): Promise<void> | void;
}

const startAgain = async (nodes: readonly ClusterNode[], cluster: Cluster): Promise<void> => {
  await cluster.back(nodes);
};

const signalAll = (nodes: readonly ClusterNode[], name: NodeJS.Signals): void => {
  for (const node of nodes) node.process.signal(name);
};

const faults: readonly Fault[] = [
  {
    name: "kill -9",
    begin: async (nodes) => {
      await Promise.all(nodes.map((node) => node.kill()));
    },
    end: startAgain,
  },
  {
    name: "SIGTERM",
    begin: async (nodes) => {
      await Promise.all(nodes.map((node) => node.terminate()));
    },
    end: startAgain,
  },
  {
    name: "SIGSTOP",
    begin: (nodes) => signalAll(nodes, "SIGSTOP"),
    end: (nodes) => signalAll(nodes, "SIGCONT"),
  },
  {
    name: "cut off",
    begin: (nodes, cluster) => {
      for (const node of nodes) cluster.isolate(node);
    },
    end: (_nodes, cluster) => cluster.links.heal(),
  },
];

/** What is hit: one at random, the leader, two, or all. */
async function targets(cluster: Cluster, random: Random): Promise<readonly ClusterNode[]> {
  switch (random.below(5)) {
    case 0:
    case 1:
      return [await cluster.leader()];
    case 2:
      return random.sample(cluster.nodes, 2);
    case 3:
      return cluster.nodes;
    default:
      return random.sample(cluster.nodes, 1);
  }
}

function report(line: string): void {
  if (progress !== undefined) writeSync(Number(progress), `${line}\n`);
}

/** Faults one after the other; tells how long each took to recover from. */
async function rage(cluster: Cluster, history: History, random: Random): Promise<number[]> {
  const gaps: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const leader = await cluster.leader();
    const fault = random.pick(faults);
    const nodes = await targets(cluster, random);
    const lastsMs = random.below(1500);
    const begun = performance.now();
    await fault.begin(nodes, cluster);
    const enough = begun + lastsMs;
    await until("the fault has lasted", () => performance.now() > enough);
    await fault.end(nodes, cluster);
    const ended = performance.now();
    const next = history.writeBegunAfter(ended);
    gaps.push((await within("a write succeeds", 60_000, next)).endedAt - ended);
    const left = Math.max(0, Math.round((end - performance.now()) / 1000));
    const hit = nodes.map((node) => (node === leader ? `${node.port} (leader)` : `${node.port}`));
    const what = `${fault.name.padEnd(8)} ${hit.join(", ").padEnd(30)}`;
    const writes = history.acknowledged("write").length;
    const recovered = `${Math.round(gaps.at(-1)!)} ms`.padStart(7);
    report(
      `${what} lasted ${Math.round(ended - begun)} ms, next write after ${recovered}; ${writes} writes, ${left} s left`,
    );
    await cluster.ready();
  }
  return gaps;
}

test(
  `${seconds} s of faults from seed ${seed}: no number twice, none lost, no stale read`,
  () =>
    withCluster({ links: true, deadlineMs: seconds * 1000 + extraMs }, async (cluster) => {
      await cluster.start();
      const history = new History();
      const clients = { writers: 5, keyedWriters: 3, readers: 4, timeoutMs: 1000 };
      const load = cluster.load({ history, ...clients });
      const gaps = await rage(cluster, history, new Random(seed));
      await load.stop();
      await cluster.ready();
      expect(history.violations(await cluster.values())).toEqual([]);
      const writes = history.acknowledged("write").length;
      const reads = history.acknowledged("read").length;
      const counts = `${gaps.length} faults, ${writes} writes, ${reads} reads`;
      tell(`seed ${seed}`, `${counts}, all in order`);
      tell("end of a fault, until the next write succeeds", spread(gaps));
      report(`${counts}: no number twice, none lost, no stale read, all nodes agree`);
      report(`end of a fault, until the next write succeeds: ${spread(gaps)}`);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(promised(recoverMaxMs));
    }),
  seconds * 1000 + 2 * extraMs,
);
