import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import request from "supertest";

import { createHttpServer } from "./http/server.ts";
import { headerOf, leaderOf, refusalOf } from "./test-support/replies.ts";
import { listenAnywhere, TestNodes, type TestNode } from "./test-support/test-node.ts";

const nodes = new TestNodes();
afterEach(() => nodes.end());

async function leaderAndFollowers(
  cluster: readonly TestNode[],
): Promise<{ leader: TestNode; followers: TestNode[] }> {
  await Promise.all(cluster.map(({ node }) => node.ready));
  const nodeID = leaderOf(await request(cluster[0]!.url).get("/status"));
  const leader = cluster.find(({ address }) => address === nodeID)!;
  return { leader, followers: cluster.filter((node) => node !== leader) };
}

describe("three nodes", () => {
  test("give out different numbers, whichever node is asked", async () => {
    const cluster = await nodes.three();
    await leaderAndFollowers(cluster);
    const urls = Array.from({ length: 30 }, (_, place) => cluster[place % 3]!.url);
    const replies = await Promise.all(urls.map((url) => request(url).post("/next")));
    const numbers = replies.map(({ text }) => Number(text)).sort((a, b) => a - b);
    expect(numbers).toEqual(urls.map((_, place) => place + 1));
    for (const { url } of cluster) await request(url).get("/get").expect(200, '{"counter":30}\n');
  });

  test("a follower says who served, and a second hop is refused", async () => {
    const { leader, followers } = await leaderAndFollowers(await nodes.three());
    const reply = await request(followers[0]!.url).post("/next").expect(200);
    expect(headerOf(reply, "counter-served-by")).toBe(leader.address);
    const hop = await request(followers[0]!.url).post("/next").set("Counter-Forwarded", "x");
    expect(refusalOf(hop)).toEqual([503, "no-leader"]);
  });

  test("?redirect sends the client to the leader", async () => {
    const { leader, followers } = await leaderAndFollowers(await nodes.three());
    const reply = await request(followers[0]!.url).post("/next?redirect").redirects(0);
    expect(reply.status).toBe(307);
    expect(headerOf(reply, "location")).toBe(`${leader.url}/next`);
    expect(headerOf(reply, "cache-control")).toBe("no-store");
  });

  test("a follower's backup is restored everywhere", async () => {
    const cluster = await nodes.three();
    const { followers } = await leaderAndFollowers(cluster);
    const follower = followers[0]!.url;
    await request(follower).post("/increment").send({ delta: 5 });
    await request(follower).post("/backup").expect(200);
    await request(follower).post("/increment").send({ delta: 5 });
    await request(follower).post("/restore").expect(200, "FSM state restored from backup");
    for (const { url } of cluster) await request(url).get("/get").expect(200, '{"counter":5}\n');
  });

  test("a key counts once across nodes", async () => {
    const { leader, followers } = await leaderAndFollowers(await nodes.three());
    const post = (url: string) => request(url).post("/next").set("Idempotency-Key", "k");
    await post(followers[0]!.url).expect(200, "1\n");
    await post(leader.url).expect(200, "1\n").expect("Idempotent-Replayed", "true");
    await post(followers[1]!.url).expect(200, "1\n").expect("Idempotent-Replayed", "true");
  });

  test("with --compat=strict a follower answers 400 not leader", async () => {
    const { followers } = await leaderAndFollowers(await nodes.three("--compat=strict"));
    await request(followers[0]!.url).post("/next").expect(400, "not leader\n");
  });

  test("go on when one of them stops, and the stopped one comes back", async () => {
    const cluster = await nodes.three();
    const { leader, followers } = await leaderAndFollowers(cluster);
    await request(leader.url).post("/next").expect(200, "1\n");
    await leader.node.stop();
    const peers = cluster.map(({ config }) => String(config.port)).join(",");
    const back = await nodes.start(
      { server: createHttpServer(), port: leader.config.port },
      leader.config.dataDir,
      [`--peers=${peers}`],
    );
    await back.node.ready;
    await request(followers[0]!.url).get("/get").expect(200, '{"counter":1}\n');
    await request(back.url).get("/get").expect(200, '{"counter":1}\n');
  });
});

describe("alone of three", () => {
  test("a node says whom it waits for", async () => {
    const listening = await listenAnywhere();
    const lonely = await nodes.start(listening, await nodes.directory(), [
      "--peers=1,2",
      "--apply-timeout=100ms",
    ]);
    const write = await request(lonely.url).post("/next").set("Accept", "application/json");
    expect(write.status).toBe(503);
    expect(headerOf(write, "retry-after")).toBe("1");
    expect(write.body).toMatchObject({
      code: "no-leader",
      outcome: "not-applied",
      waitingFor: ["127.0.0.1:1", "127.0.0.1:2"],
      detail: "no leader is known; waiting for 127.0.0.1:1, 127.0.0.1:2",
    });
    await request(lonely.url)
      .get("/get")
      .expect(503, /waiting for 127.0.0.1:1/);
    await request(lonely.url).get("/get?consistency=local").expect(200, '{"counter":0}\n');
    await request(lonely.url)
      .get("/readyz")
      .expect(503, /waiting for 127.0.0.1:1/);
    await request(lonely.url).get("/health").expect(200, "OK");
    await request(lonely.url).get("/livez").expect(200);
    await request(lonely.url).get("/status").expect(200);
  });
});

function refusedStart(starting: Promise<TestNode>): Promise<unknown> {
  return starting.then(
    () => null,
    (error: unknown) => error,
  );
}

describe("what cannot be started", () => {
  test("a port that is in use: exit code 5", async () => {
    const first = await nodes.single();
    const server = createHttpServer();
    const starting = nodes.start({ server, port: first.config.port }, await nodes.directory());
    expect(await refusedStart(starting)).toMatchObject({ exitCode: 5 });
    await expect(starting).rejects.toThrow(/in use by another process/);
  });

  test("a data directory that is in use: exit code 3", async () => {
    const first = await nodes.single(`--advertise=127.0.0.1:1`);
    const second = nodes.start(await listenAnywhere(), first.config.dataDir, [
      "--advertise=127.0.0.1:1",
    ]);
    await expect(second).rejects.toMatchObject({ exitCode: 3 });
    await request(first.url).post("/next").expect(200, "1\n");
  });

  test("a data directory of another mode: exit code 3", async () => {
    const directory = await nodes.directory();
    await writeFile(join(directory, "identity.json"), '{"formatVersion":1,"mode":"eventual"}');
    const starting = nodes.start(await listenAnywhere(), directory);
    expect(await refusedStart(starting)).toMatchObject({ exitCode: 3 });
    await expect(starting).rejects.toThrow(/--mode=eventual/);
  });

  test("a directory that lost its log does not begin again: exit code 3", async () => {
    const first = await nodes.single();
    await first.node.stop();
    const folder = join(first.config.dataDir, "raft");
    await rm(folder, { recursive: true });
    await mkdir(folder);
    const server = createHttpServer();
    const starting = nodes.start({ server, port: first.config.port }, first.config.dataDir);
    expect(await refusedStart(starting)).toMatchObject({ exitCode: 3 });
    await expect(starting).rejects.toThrow(/lost its log/);
  });
});

describe("stopping", () => {
  test("is idempotent, and what was acknowledged is there after the restart", async () => {
    const first = await nodes.single();
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => request(first.url).post("/next")),
    );
    await Promise.all([first.node.stop(), first.node.stop()]);
    await expect(first.node.stopped).resolves.toBeNull();
    const server = createHttpServer();
    const second = await nodes.start({ server, port: first.config.port }, first.config.dataDir);
    await second.node.ready;
    const highest = Math.max(...replies.map(({ text }) => Number(text)));
    await request(second.url).get("/get").expect(200, `{"counter":${highest}}\n`);
  });
});
