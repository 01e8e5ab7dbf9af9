/** Nodes in eventual mode that find each other without being told of each other. */
import request from "supertest";

import { until } from "../e2e/support/until.ts";
import { createHttpServer } from "./http/server.ts";
import { EventualNodes, type EventualTestNode } from "./test-support/eventual-nodes.ts";
import { jsonOf } from "./test-support/replies.ts";
import { newFolder } from "./test-support/stored-node.ts";
import { listenAnywhere } from "./test-support/test-node.ts";

jest.setTimeout(60_000); // real nodes, on a machine that may be busy

const nodes = new EventualNodes();
afterEach(() => nodes.end());

async function statusOf({ url }: EventualTestNode): Promise<Readonly<Record<string, unknown>>> {
  return jsonOf(await request(url).get("/status"));
}

async function increment({ url }: EventualTestNode): Promise<void> {
  await request(url).post("/increment").expect(200);
}

async function allTell(count: number, all: readonly EventualTestNode[]): Promise<void> {
  await until(`all tell ${count}`, async () => {
    const replies = await Promise.all(all.map(({ url }) => request(url).get("/count")));
    return replies.every(({ text }) => text === `Current Counter: ${count}`);
  });
}

describe("a node that is told where one of the others may be (--join)", () => {
  test("finds all, and is known by all", async () => {
    const mesh = await nodes.mesh(2);
    const [first, second] = mesh;
    await increment(second!);
    const join = `--join=${first!.config.port}`;
    const third = await nodes.start(await listenAnywhere(), await newFolder(), [join]);
    await third.node.ready;
    await increment(third);
    await allTell(2, [...mesh, third]);
    const { members, expected } = jsonOf(await request(second!.url).get("/v1/cluster/members"));
    expect(members).toHaveLength(3);
    expect(expected).toEqual([]);
  });

  test("waits for one that never comes until that is deregistered, and then is a cluster", async () => {
    const { server, port } = await listenAnywhere();
    await new Promise((resolve) => server.close(resolve));
    const node = await nodes.single(`--join=${port}`);
    await increment(node);
    expect(await statusOf(node)).toMatchObject({ provisional: true, peers: [{ up: false }] });
    await request(node.url).delete(`/v1/cluster/members/127.0.0.1:${port}`).expect(200);
    await until("it is a cluster", async () => (await statusOf(node))["provisional"] === false);
    expect(await statusOf(node)).toMatchObject({ peers: [] });
  });

  test("counts before it has met them, and everything is one sum when it has", async () => {
    const { server, port } = await listenAnywhere();
    await new Promise((resolve) => server.close(resolve));
    const early = await nodes.single(`--join=${port}`);
    await increment(early);
    expect((await statusOf(early))["provisional"]).toBe(true);
    const at = { server: createHttpServer(), port };
    const first = await nodes.start(at, await newFolder());
    await increment(first);
    await allTell(2, [early, first]);
    const clusters = await Promise.all([early, first].map(statusOf));
    expect(new Set(clusters.map(({ clusterId }) => clusterId)).size).toBe(1);
  });
});
