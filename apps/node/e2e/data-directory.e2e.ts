/** A data directory is one node's, for ever: what is refused, and how clearly. */
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { withCluster, type Cluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster-node.ts";
import { freePorts } from "./support/ports.ts";
import { ServerProcess } from "./support/server-process.ts";
import { until } from "./support/until.ts";

const dataDirCode = 3;

/** The others go on: they count, from the number that is expected. */
async function expectCounting(nodes: readonly ClusterNode[], from: number): Promise<void> {
  const numbers: number[] = [];
  for (const node of nodes) numbers.push(await node.next());
  expect(numbers).toEqual(nodes.map((_, place) => from + place));
}

/** Three nodes that have counted to 3; the last one is stopped. */
async function withOneStopped(cluster: Cluster): Promise<ClusterNode> {
  await cluster.start();
  await expectCounting(cluster.nodes, 1);
  const stopped = cluster.nodes[2]!;
  await stopped.terminate();
  return stopped;
}

test("a second process on the same data directory ends with 3 and says who has it; the first goes on", () =>
  withCluster({ nodes: 1 }, async (cluster) => {
    const [node] = cluster.nodes;
    await cluster.start();
    const [port] = await freePorts(1);
    const flags = [`--port=${port!}`, `--advertise=${node!.address}`];
    const second = new ServerProcess([...flags, `--data-dir=${node!.dataDir}`]);
    expect((await second.end()).code).toBe(dataDirCode);
    const told = second.lines.join("\n");
    expect(told).toMatch(/in use|lock/i);
    expect(told).toContain(String(node!.process.pid));
    await expectCounting(cluster.nodes, 1);
  }));

test("a directory cannot be started in another mode or in another cluster", () =>
  withCluster({ nodes: 1 }, async (cluster) => {
    const [node] = cluster.nodes;
    await cluster.start();
    expect(await node!.next()).toBe(1);
    await node!.terminate();

    const foreign = node!.start("--cluster-id=other");
    expect((await foreign.end()).code).toBe(dataDirCode);
    expect(foreign.lines.join("\n")).toMatch(/belongs to the cluster .* not to other/);

    const path = join(node!.dataDir, "identity.json");
    const identity = await readFile(path, "utf8");
    await writeFile(path, identity.replace('"mode": "raft"', '"mode": "eventual"'));
    const otherMode = node!.start();
    expect((await otherMode.end()).code).toBe(dataDirCode);
    expect(otherMode.lines.join("\n")).toContain("was started with --mode=eventual");

    await writeFile(path, identity);
    await cluster.start();
    expect(await node!.next()).toBe(2);
  }));

test("a wiped directory under the same identity ends with 3 and says why, and the others go on", () =>
  withCluster({}, async (cluster) => {
    const wiped = await withOneStopped(cluster);
    await rm(wiped.dataDir, { recursive: true });
    const others = cluster.nodes.filter((node) => node !== wiped);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const run = wiped.start(); // the second time on the directory that the first one has left
      expect((await run.end()).code).toBe(dataDirCode);
      const told = run.lines.join("\n");
      expect(told).toContain(`knows ${wiped.address} with another data directory`);
      expect(told).toContain(wiped.dataDir);
    }
    const refusal = new RegExp(`refused ${wiped.address}: duplicate-identity`);
    await until("the others say so too", () => {
      return others.some(({ lines }) => lines.some((line) => refusal.test(line)));
    });
    await expectCounting(others, 4);
  }));

test("a node with another list of members ends with 3 and both lists, and the others go on", () =>
  withCluster({}, async (cluster) => {
    const [first, second, third] = cluster.nodes;
    first!.start();
    second!.start();
    await cluster.ready();
    const flags = [`--port=${third!.port}`, `--peers=${first!.port}`];
    const wrong = new ServerProcess([...flags, `--data-dir=${third!.dataDir}`]);
    expect((await wrong.end()).code).toBe(dataDirCode);
    const told = wrong.lines.join("\n");
    const all = cluster.nodes.map(({ address }) => address).sort();
    const two = [first!.address, third!.address].sort();
    expect(told).toContain(`whose members are ${all.join(", ")};`);
    expect(told).toContain(`whose members are ${two.join(", ")}:`);

    await rm(third!.dataDir, { recursive: true }); // as it says
    await cluster.start();
    await expectCounting(cluster.nodes, 1);
  }));

test("a node that has lost only its log does not start, and says so", () =>
  withCluster({}, async (cluster) => {
    const stopped = await withOneStopped(cluster);
    await rm(join(stopped.dataDir, "raft"), { recursive: true });
    const run = stopped.start();
    expect((await run.end()).code).toBe(dataDirCode);
    expect(run.lines.join("\n")).toContain("has lost its log");
    await expectCounting(cluster.running, 4);
  }));

test("a directory brought back from a copy is taken, and catches up", () =>
  withCluster({}, async (cluster) => {
    const moved = await withOneStopped(cluster);
    const copy = `${moved.dataDir}-copy`;
    await cp(moved.dataDir, copy, { recursive: true });
    await expectCounting(cluster.running, 4);
    await rm(moved.dataDir, { recursive: true });
    await cp(copy, moved.dataDir, { recursive: true });
    moved.start();
    await cluster.ready();
    await until("it has caught up", async () => (await moved.value("local")) === 5);
  }));

test("a port in use ends a node with 5, and a flag that does not exist with 2 and a hint", () =>
  withCluster({ nodes: 1 }, async (cluster) => {
    const [node] = cluster.nodes;
    await cluster.start();
    const other = join(cluster.folder, "other");
    const samePort = new ServerProcess([`--port=${node!.port}`, `--data-dir=${other}`]);
    expect((await samePort.end()).code).toBe(5);
    expect(samePort.lines.join("\n")).toContain(`${node!.address} is in use by another process`);

    const typo = new ServerProcess([`--prot=${node!.port}`, `--data-dir=${other}`]);
    expect((await typo.end()).code).toBe(2);
    expect(typo.lines.join("\n")).toContain("--prot is unknown: did you mean --port?");
    const mode = new ServerProcess(["--mode=eventually", `--data-dir=${other}`]);
    expect((await mode.end()).code).toBe(2);
    expect(mode.lines.join("\n")).toContain("--mode");
    expect(await node!.next()).toBe(1);
  }));
