/** Real nodes that only gossip tells of each other. */
import { SerfNode } from "@counter/gossip";
import request from "supertest";
import { z } from "zod";

import { until } from "../../e2e/support/until.ts";
import { createHttpServer } from "../http/server.ts";
import { EventualNodes, type EventualTestNode } from "../test-support/eventual-nodes.ts";
import { jsonOf } from "../test-support/replies.ts";
import { newFolder } from "../test-support/stored-node.ts";

jest.setTimeout(90_000); // real nodes, on a machine that may be busy

const patienceMs = 40_000;
const gossips = "--gossip-port=0";
const path = "/v1/cluster/members";

const nodes = new EventualNodes();
let bridge: SerfNode | null = null;

afterEach(async () => {
  await bridge?.close();
  bridge = null;
  await nodes.end();
});

const gossipSchema = z.object({ gossip: z.object({ address: z.string(), alive: z.number() }) });

async function gossipOf({ url }: EventualTestNode): Promise<{ address: string; alive: number }> {
  return gossipSchema.parse(jsonOf(await request(url).get("/status"))).gossip;
}

/** A plain member of Serf, through which the gossips of these become one. */
async function bridgeBetween(...all: readonly EventualTestNode[]): Promise<void> {
  bridge = await SerfNode.start({ name: "bridge", bindHost: "127.0.0.1", bindPort: 0 });
  // One by one: what a newcomer learns of the first it does not tell on.
  for (const node of all) await bridge.gossip.join([(await gossipOf(node)).address]);
  const isTold = ({ alive }: { readonly alive: number }): boolean => alive === all.length + 1;
  await until(
    "all gossip with all",
    async () => (await Promise.all(all.map(gossipOf))).every(isTold),
    patienceMs,
  );
}

async function increment({ url }: EventualTestNode): Promise<void> {
  await request(url).post("/increment").expect(200);
}

async function countAt({ url }: EventualTestNode): Promise<string> {
  return (await request(url).get("/count")).text;
}

async function clusterOf({ url }: EventualTestNode): Promise<string> {
  return String(jsonOf(await request(url).get("/status"))["clusterId"]);
}

function allTell(count: number, ...all: readonly EventualTestNode[]): Promise<unknown> {
  const wanted = `Current Counter: ${count}`;
  return until(
    `all tell ${count}`,
    async () => (await Promise.all(all.map(countAt))).every((text) => text === wanted),
    patienceMs,
  );
}

test("nodes that nobody told of each other become one cluster, and nothing is written of the hint", async () => {
  const [a, b] = [await nodes.single(gossips), await nodes.single(gossips)];
  await increment(a); // it has settled, the other one has not
  await bridgeBetween(a, b);
  await allTell(1, a, b);
  await increment(b);
  await allTell(2, a, b);
  expect(await clusterOf(b)).toBe(await clusterOf(a));
  expect(jsonOf(await request(a.url).get(path))).toMatchObject({ expected: [] });
  const { members } = jsonOf(await request(a.url).get("/v1/members"));
  expect(members).toMatchObject([
    { status: "up", up: true, gossip: { standing: "alive" } },
    { status: "up", up: true, gossip: { standing: "alive" } },
    { id: null, gossip: { name: "bridge", mode: null } },
  ]);
});

test("two clusters that have settled stay apart, and each says once which they are", async () => {
  const [a, b] = [await nodes.single(gossips), await nodes.single(gossips)];
  await increment(a);
  await increment(b);
  await bridgeBetween(a, b);
  const warned = ({ lines }: EventualTestNode): string[] => {
    return lines.filter((line) => line.startsWith("warn: gossip brings two clusters together"));
  };
  await until("both have warned", () => warned(a).length > 0 && warned(b).length > 0, patienceMs);
  const clusters = [await clusterOf(a), await clusterOf(b)];
  for (const node of [a, b]) {
    const lines = warned(node);
    expect(lines).toHaveLength(1);
    for (const cluster of clusters) expect(lines[0]).toContain(cluster);
  }
  await increment(a);
  expect([await countAt(a), await countAt(b)]).toEqual([
    "Current Counter: 2",
    "Current Counter: 1",
  ]);
});

test("clusters of two names do not look at each other", async () => {
  const a = await nodes.single(gossips, "--cluster-id=one");
  const b = await nodes.single(gossips, "--cluster-id=two");
  await bridgeBetween(a, b);
  await increment(a);
  // What gossip tells now is told and looked at before the next change of it has arrived.
  const third = await nodes.single(gossips, "--cluster-id=one", `--join=${b.config.port}`);
  await allTell(1, a, third);
  expect(await countAt(b)).toBe("Current Counter: 0");
  const { peers } = jsonOf(await request(b.url).get("/status"));
  expect(JSON.stringify(peers)).not.toContain(a.config.address);
});

test("an address that was deregistered is not sought because gossip tells of it", async () => {
  const a = await nodes.single(gossips);
  const b = await nodes.single(gossips);
  await increment(a);
  await request(a.url).post(path).send({ address: b.config.address }).expect(201);
  await until(
    "it is a member",
    async () => {
      const { members } = jsonOf(await request(a.url).get(path));
      return Array.isArray(members) && members.length === 2;
    },
    patienceMs,
  );
  await request(a.url).delete(`${path}/${b.config.address}`).expect(200);
  await b.node.stopped;
  const port = b.config.port;
  const server = createHttpServer();
  const again = await nodes.start({ server, port }, await newFolder(), [gossips]);
  await again.node.ready;
  const other = await nodes.single(gossips); // it is sought, by the same gossip
  await bridgeBetween(a, again, other);
  await allTell(1, a, other);
  expect(await countAt(again)).toBe("Current Counter: 0");
  const { peers } = jsonOf(await request(a.url).get("/status"));
  expect(JSON.stringify(peers)).not.toContain(b.config.address);
});
