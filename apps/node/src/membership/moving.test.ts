/** Real nodes that come back with their data directory at another address. */
import { once } from "node:events";
import { cp } from "node:fs/promises";
import { createServer, type Server } from "node:net";

import request from "supertest";
import { z } from "zod";

import { until } from "../../e2e/support/until.ts";
import { readIdentity } from "../data-dir/identity.ts";
import { createHttpServer } from "../http/server.ts";
import { refusalOf } from "../test-support/replies.ts";
import { listenAnywhere, TestNodes, type TestNode } from "../test-support/test-node.ts";

jest.setTimeout(60_000); // real nodes, on a machine that may be busy

const nodes = new TestNodes();
const servers: Server[] = [];
afterEach(async () => {
  await nodes.end();
  for (const server of servers.splice(0)) server.close();
});

const path = "/v1/cluster/members";
const viewSchema = z.object({
  members: z.array(z.object({ id: z.string(), address: z.string(), role: z.string() })),
});

/** Every member as `id at address`, sorted. */
async function membersSeenBy({ url }: TestNode): Promise<readonly string[]> {
  const { members } = viewSchema.parse(JSON.parse((await request(url).get(path)).text));
  return members.map(({ id, address }) => `${id} at ${address}`).sort();
}

async function readyThree(): Promise<[TestNode, TestNode, TestNode]> {
  const [first, second, third] = await nodes.three();
  await Promise.all([first!, second!, third!].map(({ node }) => node.ready));
  return [first!, second!, third!];
}

/** Started again on its directory, at another port. */
async function elsewhere(node: TestNode, directory = node.config.dataDir): Promise<TestNode> {
  return nodes.start(await listenAnywhere(), directory, [], 10);
}

async function addressOnDisk({ config }: TestNode): Promise<string | undefined> {
  return (await readIdentity(config.dataDir))?.address;
}

test("a member that moved keeps its id and its place, and the others look for it there", async () => {
  const [first, second, third] = await readyThree();
  await request(third.url).post("/next").expect(200, "1\n");
  await third.node.stop();
  const moved = await elsewhere(third);
  await until("all know it", async () => {
    const views = await Promise.all([first, second, moved].map(membersSeenBy));
    return views.every((view) => view.includes(`${third.address} at ${moved.address}`));
  });
  await until("it is written down", async () => (await addressOnDisk(moved)) === moved.address);
  await second.node.stop(); // so that it has to vote
  await until("it counts", async () => (await request(moved.url).post("/next")).status === 200);
  await moved.node.stop();
  const back = await elsewhere(moved); // and once more
  await until("it is known again", async () => {
    return (await membersSeenBy(first)).includes(`${third.address} at ${back.address}`);
  });
});

test("a cluster of one moves as well, and so does a node that is needed for a majority", async () => {
  const single = await nodes.single();
  await request(single.url).post("/next").expect(200, "1\n");
  await single.node.stop();
  const moved = await elsewhere(single);
  await request(moved.url).post("/next").expect(200, "2\n");
  await until("it is written down", async () => (await addressOnDisk(moved)) === moved.address);
  expect(await membersSeenBy(moved)).toEqual([`${single.address} at ${moved.address}`]);

  const [first, second, third] = await readyThree();
  await third.node.stop();
  await second.node.stop();
  const needed = await elsewhere(second);
  await until("they have a majority again", async () => {
    return (await membersSeenBy(first)).includes(`${second.address} at ${needed.address}`);
  });
  await until("they count", async () => (await request(first.url).post("/next")).status === 200);
});

test("a copy of a directory is refused while the original runs: 3, and what to do", async () => {
  const [first, second, third] = await readyThree();
  const copy = await nodes.directory();
  await cp(third.config.dataDir, copy, { recursive: true });
  const starting = elsewhere(third, copy);
  await expect(starting).rejects.toMatchObject({ exitCode: 3 });
  await expect(starting).rejects.toThrow(/runs at .* already, with this data directory or one/);
  for (const { url } of [first, second, third]) await request(url).post("/next").expect(200);
});

test("who does not answer at the old address is waited for: it may be the node itself, paused", async () => {
  const single = await nodes.single();
  await single.node.stop();
  const silent = createServer().listen(single.config.port, "127.0.0.1");
  servers.push(silent);
  await once(silent, "listening");
  const asked = once(silent, "connection");
  const starting = elsewhere(single);
  await asked;
  silent.close(); // what was accepted stays open, so that nobody knows who that was
  const moved = await starting;
  await request(moved.url).post("/next").expect(200, "1\n");
});

test("somebody else at the old address is no obstacle", async () => {
  const single = await nodes.single();
  await single.node.stop();
  const other = await nodes.start(
    { server: createHttpServer(), port: single.config.port },
    await nodes.directory(),
    [],
    2,
  );
  await other.node.ready;
  const moved = await elsewhere(single);
  await request(moved.url).post("/next").expect(200, "1\n");
});

test("a leader does not move a member that answers where it is, nor itself; not with ?force either", async () => {
  const [first, second, third] = await readyThree();
  await until("they are all connected", async () => {
    const { text } = await request(first.url).get("/status");
    return text.split('"connected":true').length === 3;
  });
  for (const { address: id } of [first, second, third]) {
    const reply = await request(first.url)
      .post(`${path}?force`)
      .send({ id, address: "127.0.0.1:1" });
    expect(refusalOf(reply)).toEqual([409, "invalid-change"]);
    expect(reply.text).toContain(`${id} is at ${id} and answers`);
  }
});
