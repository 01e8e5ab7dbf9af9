/** Bytes that change on the disk: damage is refused, a torn end is mended, the others go on. */
import { randomBytes } from "node:crypto";
import { open, truncate } from "node:fs/promises";

import { withCluster, type Cluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster-node.ts";
import { until } from "./support/until.ts";
import { newestWal, type WalFile } from "./support/wal-file.ts";

const dataDirCode = 3;
const counted = 12;

async function overwrite(path: string, bytes: Uint8Array, position: number): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.write(bytes, 0, bytes.length, position);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Three nodes that have counted, and one of them dead with its log. */
async function oneDead(cluster: Cluster): Promise<{ dead: ClusterNode; wal: WalFile }> {
  await cluster.start();
  for (let number = 1; number <= counted; number += 1) {
    expect(await cluster.nodes[number % 3]!.next()).toBe(number);
  }
  const dead = cluster.nodes[2]!;
  await dead.kill();
  const wal = await newestWal(dead);
  expect(wal.frames.length).toBeGreaterThan(5);
  return { dead, wal };
}

/** The node does not start, names the file, and the others count on without it. */
async function expectRefusal(cluster: Cluster, dead: ClusterNode, path: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const run = dead.start();
    expect((await run.end()).code).toBe(dataDirCode);
    const told = run.lines.join("\n");
    expect(told).toContain(path);
    expect(told).toContain("Nothing was changed");
    expect(told).toContain(`npm run recover -- ${dead.dataDir}`);
  }
  const next = await until("the others count", () => cluster.running[0]!.next());
  expect(next).toBe(counted + 1);
  expect(await cluster.values()).toEqual([counted + 1, counted + 1]);
}

/** The node starts by itself and has everything. */
async function expectMended(cluster: Cluster, dead: ClusterNode): Promise<void> {
  dead.start();
  await cluster.ready();
  expect(await cluster.values()).toEqual([counted, counted, counted]);
  await until("it has everything", async () => (await dead.value("local")) === counted);
  // And once more, from what the first start left behind.
  await dead.kill();
  dead.start();
  await cluster.ready();
  expect(await dead.next()).toBe(counted + 1);
}

test("one flipped bit in the middle of a log: the node refuses to start, the others go on", () =>
  withCluster({}, async (cluster) => {
    const { dead, wal } = await oneDead(cluster);
    const { start, end } = wal.frames[wal.frames.length >> 1]!;
    const position = (start + end) >> 1;
    await overwrite(wal.path, Uint8Array.of(wal.bytes[position]! ^ 0x10), position);
    await expectRefusal(cluster, dead, wal.path);
  }));

test("a log that was cut off before what was durable: the node refuses to start", () =>
  withCluster({}, async (cluster) => {
    const { dead, wal } = await oneDead(cluster);
    await truncate(wal.path, wal.frames.at(-3)!.end);
    await expectRefusal(cluster, dead, wal.path);
  }));

test("garbage behind the last frame is what is left of a torn write: the node starts by itself", () =>
  withCluster({}, async (cluster) => {
    const { dead, wal } = await oneDead(cluster);
    await overwrite(wal.path, randomBytes(100), wal.frames.at(-1)!.end);
    await expectMended(cluster, dead);
  }));

test("half a frame behind the last one is a torn write too", () =>
  withCluster({}, async (cluster) => {
    const { dead, wal } = await oneDead(cluster);
    const { start, end } = wal.frames.at(-1)!;
    const half = wal.bytes.subarray(start, start + ((end - start) >> 1));
    await overwrite(wal.path, half, end);
    await expectMended(cluster, dead);
  }));
