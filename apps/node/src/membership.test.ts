/** Real nodes that join a cluster, and nodes that have left one. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

import request from "supertest";
import { z } from "zod";

import { newIdentity, readIdentity, writeIdentity } from "./data-dir/identity.ts";
import { createHttpServer } from "./http/server.ts";
import { leaderOf, refusalOf } from "./test-support/replies.ts";
import { configOf, listenAnywhere, TestNodes, type TestNode } from "./test-support/test-node.ts";

const nodes = new TestNodes();
afterEach(() => nodes.end());
jest.setTimeout(20_000); // a node that misses its leader asks after three seconds

const path = "/v1/cluster/members";
const viewSchema = z.object({
  members: z.array(z.object({ id: z.string(), address: z.string(), role: z.string() })),
});
type Members = z.infer<typeof viewSchema>["members"];

async function membersSeenBy({ url }: TestNode): Promise<Members> {
  return viewSchema.parse(JSON.parse((await request(url).get(path)).text)).members;
}

/** Resolves with the members as soon as that holds of them; the test's own time is the limit. */
async function members(
  asked: TestNode,
  hold: (found: Members) => boolean,
): Promise<readonly string[]> {
  for (;;) {
    const found = await membersSeenBy(asked);
    if (hold(found)) return found.map(({ id }) => id);
  }
}

function voters(count: number): (found: Members) => boolean {
  return (found) => found.length === count && found.every(({ role }) => role === "voter");
}

async function idOf({ config }: TestNode): Promise<string> {
  return (await readIdentity(config.dataDir))!.nodeId;
}

/** What `/readyz` says is missing, once that matches. */
async function waitsFor({ url }: TestNode, pattern: RegExp): Promise<void> {
  for (;;) if (pattern.test((await request(url).get("/readyz?verbose")).text)) return;
}

describe("a node started with --join", () => {
  test("becomes a voter by itself, knows what was counted, and counts", async () => {
    const first = await nodes.seed();
    await request(first.url).post("/next").expect(200, "1\n");
    const second = await nodes.joiner(first);
    await second.node.ready;
    const ids = await members(first, voters(2));
    expect(ids).toEqual([first.address, await idOf(second)].sort());
    await request(second.url).get("/get?consistency=local").expect(200, '{"counter":1}\n');
    await request(second.url).post("/next").expect(200, "2\n");
    const third = await nodes.joiner(second); // whichever member is named
    await members(third, voters(3));
    await request(third.url).post("/next").expect(200, "3\n");
  });

  test("finds the leader through nodes that do not forward", async () => {
    for (const forward of ["redirect", "off"]) {
      const cluster = await nodes.three(`--forward=${forward}`);
      await Promise.all(cluster.map(({ node }) => node.ready));
      const leader = leaderOf(await request(cluster[0]!.url).get("/status"));
      const follower = cluster.find(({ address }) => address !== leader)!;
      const fourth = await nodes.joiner(follower);
      await members(fourth, voters(4));
    }
  });

  test("takes over the id of the cluster, and refuses another one than was named: 3", async () => {
    const first = await nodes.seed("--cluster-id=a");
    const wrong = nodes.joiner(first, "--cluster-id=b");
    await expect(wrong).rejects.toMatchObject({ exitCode: 3 });
    await expect(wrong).rejects.toThrow(/ is a~[0-9a-f]{16}, not b: /);
    const second = await nodes.joiner(first, "--cluster-id=a");
    await members(first, voters(2));
    const { clusterId } = (await readIdentity(second.config.dataDir))!;
    expect(clusterId).toBe(first.config.clusterId);
    await second.node.stop();
    const back = await nodes.again(second, "--cluster-id=a");
    await back.node.ready;
  });

  test("leaves nothing behind in a directory if the cluster was not the right one", async () => {
    const first = await nodes.seed();
    const listening = await listenAnywhere();
    const directory = await nodes.directory();
    const flags = [`--join=${first.config.port}`];
    const wrong = nodes.start(listening, directory, [...flags, "--cluster-id=b"]);
    await expect(wrong).rejects.toMatchObject({ exitCode: 3 });
    expect(await readIdentity(directory)).toBeNull();
    const again = { server: createHttpServer(), port: listening.port };
    await nodes.start(again, directory, flags);
    await members(first, voters(2));
  });

  test("and stopped before it was a member says so without --join, and joins with it", async () => {
    const first = await nodes.seed();
    const { server, port } = await listenAnywhere();
    const directory = await nodes.directory();
    const config = await configOf(`--port=${port}`, `--join=${first.config.port}`);
    await writeIdentity(
      directory,
      newIdentity(config, { kind: "join", clusterId: first.config.clusterId }),
    );
    const without = await nodes.start({ server, port }, directory, ["--apply-timeout=200ms"]);
    await waitsFor(without, /has not joined its cluster yet: start it with --join=<address>/);
    expect(refusalOf(await request(without.url).post("/next"))).toEqual([503, "no-leader"]);
    await without.node.stop();
    const back = await nodes.again(without, `--join=${first.config.port}`);
    await members(first, voters(2));
    expect(await idOf(back)).toMatch(/~[0-9a-f]{8}$/);
  });

  test("and lost its log later does not begin again: 3", async () => {
    const first = await nodes.seed();
    const second = await nodes.joiner(first);
    await members(first, voters(2));
    await second.node.stop();
    const folder = join(second.config.dataDir, "raft");
    await rm(folder, { recursive: true });
    await mkdir(folder);
    const back = nodes.again(second, `--join=${first.config.port}`);
    await expect(back).rejects.toMatchObject({ exitCode: 3 });
  });
});

describe("a node that was removed", () => {
  test("ends with 4, is refused with 4 from then on, and joins as somebody new", async () => {
    const first = await nodes.seed();
    const second = await nodes.joiner(first);
    await members(first, voters(2));
    const id = await idOf(second);
    await request(first.url)
      .delete(`${path}/${encodeURIComponent(id)}`)
      .expect(200);
    expect(await second.node.stopped).toMatchObject({ exitCode: 4 });
    for (const flags of [[], [`--join=${first.config.port}`]]) {
      await expect(nodes.again(second, ...flags)).rejects.toMatchObject({ exitCode: 4 });
    }
    const port = second.config.port;
    const listening = { server: createHttpServer(), port };
    const other = await nodes.start(listening, await nodes.directory(), [
      `--join=${first.config.port}`,
    ]);
    await members(first, voters(2));
    expect(await idOf(other)).not.toBe(id);
    await request(other.url).post("/next").expect(200, "1\n");
  });

  test("while it was down finds out when it is back, also if nobody that it knew is left", async () => {
    const first = await nodes.seed();
    const second = await nodes.joiner(first);
    await members(first, voters(2));
    const third = await nodes.joiner(first);
    await members(first, voters(3));
    await second.node.stop();
    for (const gone of [await idOf(second), first.address]) {
      await request(third.url)
        .delete(`${path}/${encodeURIComponent(gone)}`)
        .expect(200);
    }
    expect(await first.node.stopped).toMatchObject({ exitCode: 4 });
    await members(third, voters(1));
    const back = await nodes.again(second, `--join=${third.config.port}`);
    expect(await back.node.stopped).toMatchObject({ exitCode: 4 });
    await request(third.url).post("/next").expect(200, "1\n");
  });
});
