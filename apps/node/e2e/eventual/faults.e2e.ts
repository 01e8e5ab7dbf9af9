/** Nodes of eventual mode under faults: whatever happens, the value is what was acknowledged. */
import { cp, rm } from "node:fs/promises";

import type { Cluster } from "../support/cluster.ts";
import { promised, tell } from "../support/figures.ts";
import {
  agree,
  countOf,
  Counting,
  increment,
  newKey,
  viewOf,
  withEventual,
} from "../support/eventual.ts";
import { Random } from "../support/random.ts";
import { until } from "../support/until.ts";

const convergeMaxMs = 2000;

/** Writes have begun on all sides: each of so many more were acknowledged. */
function progress(load: Counting, more: number): Promise<unknown> {
  const from = load.operations;
  return until("clients go on", () => load.operations >= from + more);
}

async function finish(cluster: Cluster, load: Counting, what: string): Promise<void> {
  await load.stop();
  const tookMs = await agree(cluster.nodes, load.total);
  tell(
    what,
    `${Math.round(tookMs)} ms; ${load.operations} operations, ${load.retries} tries in vain`,
  );
}

test("killed and started again on the same ports, one after the other, all exact", () =>
  withEventual({}, async (cluster) => {
    await cluster.start();
    const random = new Random(1);
    const load = new Counting(() => cluster.nodes, random);
    for (let round = 0; round < 6; round += 1) {
      await progress(load, 50);
      const node = random.pick(cluster.nodes);
      await node.kill();
      await progress(load, 50);
      node.start();
      await node.ready();
    }
    await finish(cluster, load, "six deaths by kill -9 under load, until all agree");
  }));

test("five nodes cut into two and three count on both sides, and are exact when healed", () =>
  withEventual({ nodes: 5, links: true }, async (cluster) => {
    await cluster.start();
    const load = new Counting(() => cluster.nodes, new Random(2));
    await progress(load, 50);
    const addresses = cluster.nodes.map(({ address }) => address);
    cluster.links.cut(addresses.slice(0, 2), addresses.slice(2));
    await progress(load, 400); // with retries that land on the other side
    await load.stop();
    cluster.links.heal();
    const tookMs = await agree(cluster.nodes, load.total);
    tell("two and three healed, until all five agree", `${Math.round(tookMs)} ms`);
    expect(tookMs).toBeLessThan(promised(convergeMaxMs));
  }));

test("a link that works in one direction only is enough", () =>
  withEventual({ links: true }, async (cluster) => {
    await cluster.start();
    const [a, b, c] = cluster.nodes;
    cluster.links.cut([c!.address], [a!.address]);
    cluster.links.cutOneWay(b!.address, c!.address); // only c can dial, and only b
    const load = new Counting(() => cluster.nodes, new Random(3));
    await progress(load, 100);
    await finish(cluster, load, "one link, one way, until all agree");
  }));

test("a node that stood still for a while has everything soon after it goes on", () =>
  withEventual({}, async (cluster) => {
    await cluster.start();
    const load = new Counting(() => cluster.nodes.slice(0, 2), new Random(4));
    const still = cluster.nodes[2]!;
    still.process.signal("SIGSTOP");
    await progress(load, 300);
    still.process.signal("SIGCONT");
    await progress(load, 50);
    await finish(cluster, load, "stopped and continued, until all agree");
  }));

test("all stop, and start in another order: nothing is lost", () =>
  withEventual({}, async (cluster) => {
    await cluster.start();
    for (const [place, node] of cluster.nodes.entries())
      await increment(node, { delta: 10 ** place });
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    for (const node of [...cluster.nodes].reverse()) node.start();
    await cluster.ready();
    await agree(cluster.nodes, 111);
    for (const node of cluster.nodes) await increment(node);
    await agree(cluster.nodes, 114);
  }));

test("a node that lost its disk comes back as another, and what the others had is kept", () =>
  withEventual({}, async (cluster) => {
    await cluster.start();
    const node = cluster.nodes[0]!;
    await increment(node, { delta: 7, query: "?ack=all" });
    const before = await viewOf(node);
    await node.kill();
    await rm(node.dataDir, { recursive: true });
    node.start();
    await node.ready();
    await agree(cluster.nodes, 7);
    expect((await viewOf(node)).id).not.toBe(before.id);
    await increment(node);
    await agree(cluster.nodes, 8);
  }));

test("a node on an older copy of its disk notices, and nothing is counted twice or lost", () =>
  withEventual({}, async (cluster) => {
    await cluster.start();
    const node = cluster.nodes[0]!;
    await increment(node, { delta: 5 });
    await node.terminate();
    const copy = `${node.dataDir}-copy`;
    await cp(node.dataDir, copy, { recursive: true });
    node.start();
    await node.ready();
    await increment(node, { delta: 30, query: "?ack=all" });
    const { writer } = await viewOf(node);
    await node.kill();
    await rm(node.dataDir, { recursive: true });
    await cp(copy, node.dataDir, { recursive: true });
    node.start();
    await node.ready();
    await agree(cluster.nodes, 35);
    await increment(node, { delta: 100 });
    await agree(cluster.nodes, 135);
    expect((await viewOf(node)).writer).not.toBe(writer);
  }));

test("a key counts once over a partition, a death and a restart of everybody", () =>
  withEventual({ links: true }, async (cluster) => {
    await cluster.start();
    const [a, b, c] = cluster.nodes;
    const key = newKey();
    cluster.links.cut([a!.address], [b!.address, c!.address]);
    await increment(a!, { delta: 3, key });
    await increment(b!, { delta: 3, key });
    expect([await countOf(a!), await countOf(b!)]).toEqual([3, 3]);
    cluster.links.heal();
    await agree(cluster.nodes, 3);
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await cluster.start();
    for (const node of cluster.nodes) await increment(node, { delta: 3, key });
    await agree(cluster.nodes, 3);
    const other = await a!.post("/increment", {
      headers: { "idempotency-key": key, "content-type": "application/json" },
      body: '{"delta":"4"}',
    });
    expect(other.status).toBe(422);
  }));

test("a node of another cluster on a peer's port is refused, and mixes nothing in", () =>
  withEventual({ nodes: 2, flags: ["--cluster-id=one"] }, async (cluster) => {
    const stranger = await cluster.joiner();
    const [a, b] = cluster.nodes;
    a!.start(`--peers=${b!.port},${stranger.port}`);
    b!.start();
    stranger.start("--mode=eventual", "--cluster-id=two", `--peers=${a!.port}`);
    await Promise.all([a!, b!, stranger].map((node) => node.ready()));
    await increment(a!);
    await increment(stranger, { delta: 1000 });
    await a!.process.logged(/another cluster|foreign/i);
    await agree([a!, b!], 1);
    expect(await countOf(stranger)).toBe(1000);
  }));

test("a copy of a running node's directory: the later start stays, the earlier one stops and says why", () =>
  withEventual({}, async (cluster) => {
    await cluster.start();
    const [a, b] = cluster.nodes;
    await increment(a!, { query: "?ack=all" });
    const copy = `${a!.dataDir}-copy`;
    await cp(a!.dataDir, copy, { recursive: true });
    const twin = await cluster.joiner();
    await rm(twin.dataDir, { recursive: true, force: true });
    await cp(copy, twin.dataDir, { recursive: true });
    twin.start(
      "--mode=eventual",
      `--peers=${cluster.nodes
        .slice(1, 3)
        .map(({ port }) => port)
        .join(",")}`,
    );
    expect((await a!.process.end()).code).toBe(4);
    await twin.ready();
    await increment(twin);
    await agree([b!, cluster.nodes[2]!, twin], 2);
  }));
