/** Nodes in eventual mode together: what the demo promises, and what becomes of who leaves. */
import { writeFile } from "node:fs/promises";

import { openFileJournal } from "@counter/storage-file";
import request from "supertest";

import { until } from "../e2e/support/until.ts";
import { createHttpServer } from "./http/server.ts";
import { EventualNodes, type EventualTestNode } from "./test-support/eventual-nodes.ts";
import { headerOf, jsonOf, refusalOf, type ReplyLike } from "./test-support/replies.ts";
import { listenAnywhere } from "./test-support/test-node.ts";
import { newFolder } from "./test-support/stored-node.ts";

jest.setTimeout(60_000); // real nodes, on a machine that may be busy

const nodes = new EventualNodes();
afterEach(() => nodes.end());

async function increment(node: EventualTestNode): Promise<string> {
  const reply = await request(node.url).post("/increment");
  expect([reply.status, reply.text]).toEqual([200, "Incremented successfully"]);
  return headerOf(reply, "counter-version") ?? "";
}

/** What the node says once it knows everything that the tokens stand for. */
async function countAt(node: EventualTestNode, ...tokens: readonly string[]): Promise<string> {
  const reply = await request(node.url)
    .get("/count")
    .set("Counter-At-Least", tokens.join(","))
    .set("Prefer", "wait=30");
  return reply.text;
}

async function vectorHashOf({ url }: EventualTestNode): Promise<unknown> {
  return jsonOf(await request(url).get("/status"))["vectorHash"];
}

async function expectEqual(all: readonly EventualTestNode[]): Promise<void> {
  await until("all nodes know the same", async () => {
    const hashes = new Set(await Promise.all(all.map(vectorHashOf)));
    return hashes.size === 1;
  });
  const values = await Promise.all(all.map(({ url }) => request(url).get("/get")));
  expect(new Set(values.map(({ text }) => text)).size).toBe(1);
}

describe("as the demo promises", () => {
  test("ten that count at once make ten", async () => {
    const node = await nodes.single();
    await Promise.all(Array.from({ length: 10 }, () => increment(node)));
    await request(node.url).get("/count").expect(200, "Current Counter: 10");
  });

  test("what is counted at one of two nodes counts once at the other, in both directions", async () => {
    const [a, b] = (await nodes.mesh(2)) as [EventualTestNode, EventualTestNode];
    expect(await countAt(b, await increment(a))).toBe("Current Counter: 1");
    expect(await countAt(a, await increment(b))).toBe("Current Counter: 2");
    await expectEqual([a, b]);
    await request(b.url).get("/get").expect(200, '{"counter":2}\n');
  });

  test("three nodes that all count come to the same sum", async () => {
    const mesh = await nodes.mesh(3);
    const tokens = await Promise.all(mesh.map((node) => increment(node)));
    for (const node of mesh) expect(await countAt(node, ...tokens)).toBe("Current Counter: 3");
  });

  test("after one has left the others go on", async () => {
    const [a, b, c] = (await nodes.mesh(3)) as [
      EventualTestNode,
      EventualTestNode,
      EventualTestNode,
    ];
    await increment(c);
    const { id } = jsonOf(await request(c.url).get("/status"));
    await request(c.url)
      .delete(`/v1/cluster/members/${String(id)}`)
      .expect(200);
    expect(await c.node.stopped).toMatchObject({ exitCode: 4 });
    const token = await increment(a);
    expect(await countAt(b, token)).toBe("Current Counter: 2");
    await until("the others have forgotten it", async () => {
      const { nodes: left } = jsonOf(await request(b.url).get("/status"));
      return Array.isArray(left) && left.length === 2;
    });
    const view = jsonOf(await request(b.url).get("/v1/cluster/members"));
    expect(view["expected"]).toEqual([]); // nobody looks for it any more
    // Its name is used up: the directory cannot come back as it was.
    await expect(nodes.again(c)).rejects.toMatchObject({ exitCode: 4 });
  });

  test("each says that it is well", async () => {
    for (const { url } of await nodes.mesh(2)) await request(url).get("/health").expect(200, "OK");
  });
});

describe("a node that was away", () => {
  test("gets what it missed, and goes on with its writer", async () => {
    const [a, b] = (await nodes.mesh(2)) as [EventualTestNode, EventualTestNode];
    await increment(b);
    await expectEqual([a, b]);
    const { writer, id } = jsonOf(await request(b.url).get("/status"));
    await b.node.stop();
    for (let count = 0; count < 5; count += 1) await increment(a);
    const back = await nodes.again(b, `--peers=${a.config.port}`);
    await back.node.ready;
    await expectEqual([a, back]);
    await request(back.url).get("/get").expect(200, '{"counter":6}\n');
    expect(jsonOf(await request(back.url).get("/status"))).toMatchObject({ id, boot: 2 });
    await increment(back);
    expect(jsonOf(await request(back.url).get("/status"))["writer"]).toBe(writer);
  });

  test("counts on while it is alone", async () => {
    const [a, b] = (await nodes.mesh(2)) as [EventualTestNode, EventualTestNode];
    await a.node.stop();
    await increment(b);
    await b.node.stop();
    const [backA, backB] = await Promise.all([
      nodes.again(a, `--peers=${b.config.port}`),
      nodes.again(b, `--peers=${a.config.port}`),
    ]);
    await increment(backA);
    await expectEqual([backA, backB]);
    await request(backA.url).get("/get").expect(200, '{"counter":2}\n');
  });
});

describe("keys", () => {
  test("one key counts once, at whichever nodes it is sent", async () => {
    const mesh = await nodes.mesh(3);
    const send = ({ url }: EventualTestNode): request.Test =>
      request(url).post("/increment").set("Idempotency-Key", "k1").send({ delta: 5 });
    const [first] = await Promise.all(mesh.map(send));
    expect(first!.status).toBe(200);
    await expectEqual(mesh);
    const again = await send(mesh[1]!);
    expect(headerOf(again, "idempotent-replayed")).toBe("true");
    await request(mesh[2]!.url).get("/get").expect(200, '{"counter":5}\n');
  });
});

describe("a new node", () => {
  test("may be announced before it is there, and then knows everything", async () => {
    const { server, port } = await listenAnywhere();
    await new Promise((resolve) => server.close(resolve));
    const later = { server: createHttpServer(), port };
    const first = await nodes.single(`--newnode=${port}`);
    await increment(first);
    await until("it is announced", async () => {
      const { expected } = jsonOf(await request(first.url).get("/v1/cluster/members"));
      return JSON.stringify(expected) === JSON.stringify([`127.0.0.1:${port}`]);
    });
    await request(first.url).get("/get").expect(200, '{"counter":1}\n'); // joining adds nothing
    const joined = await nodes.start(later, await newFolder(), [`--peers=${first.config.port}`]);
    await joined.node.ready;
    await expectEqual([first, joined]);
    await request(joined.url).get("/get").expect(200, '{"counter":1}\n');
  });
});

describe("durability", () => {
  const ackedBy = async ({ url }: EventualTestNode, ack: string): Promise<ReplyLike> =>
    request(url)
      .post(`/increment?ack=${ack}`)
      .set("Accept", "application/json")
      .set("Prefer", "wait=1");

  test("who asks for all gets them, or 504 and what is known", async () => {
    const [a, b] = (await nodes.mesh(2)) as [EventualTestNode, EventualTestNode];
    expect(jsonOf(await ackedBy(a, "all"))).toMatchObject({
      value: "1",
      durability: { requested: "all", achieved: 2, storage: "file" },
    });
    await b.node.stop();
    const late = await ackedBy(a, "all");
    expect(refusalOf(late)).toEqual([504, "ack-timeout"]);
    expect(jsonOf(late)).toMatchObject({
      outcome: "applied",
      value: "2",
      durability: { requested: 2, achieved: 1 },
    });
    expect(headerOf(late, "counter-version")).not.toBeNull();
  });
});

describe("removal", () => {
  test("without a majority it is refused, unless somebody insists", async () => {
    const [a, b, c] = (await nodes.mesh(3)) as [
      EventualTestNode,
      EventualTestNode,
      EventualTestNode,
    ];
    await Promise.all([b.node.stop(), c.node.stop()]);
    await until("both are missed", async () => {
      const { peers } = jsonOf(await request(a.url).get("/status"));
      return JSON.stringify(peers).match(/"up":false/g)?.length === 2;
    });
    const path = `/v1/cluster/members/127.0.0.1:${b.config.port}`;
    expect(refusalOf(await request(a.url).delete(path))).toEqual([409, "no-majority"]);
    await request(a.url).delete(`${path}?force`).expect(200);
    expect(refusalOf(await request(a.url).delete(path))).toEqual([404, "member-not-found"]);
  });
});

describe("a node whose disk was lost", () => {
  test("comes back as another one, and the former can be removed", async () => {
    const [a, b] = (await nodes.mesh(2)) as [EventualTestNode, EventualTestNode];
    await request(b.url).post("/increment?ack=all").expect(200);
    const { id: former } = jsonOf(await request(b.url).get("/status"));
    await b.node.stop();
    const at = { server: createHttpServer(), port: b.config.port };
    const back = await nodes.start(at, await newFolder(), [`--peers=${a.config.port}`]);
    await back.node.ready;
    await expectEqual([a, back]);
    await request(back.url).get("/get").expect(200, '{"counter":1}\n');
    const { id } = jsonOf(await request(back.url).get("/status"));
    expect(id).not.toBe(former);
    const path = "/v1/cluster/members";
    const byAddress = await request(a.url).delete(`${path}/${b.config.port}`);
    expect(refusalOf(byAddress)).toEqual([409, "invalid-change"]); // which of the two?
    await request(a.url)
      .delete(`${path}/${String(former)}`)
      .expect(200);
    await until("both know that it is gone", async () => {
      const views = await Promise.all([a, back].map(({ url }) => request(url).get(path)));
      return views.every(({ text }) => !text.includes(String(former)));
    });
    await increment(back);
    await expectEqual([a, back]);
  });
});

test("a journal that holds something else is refused with exit code 3", async () => {
  const node = await nodes.single();
  await node.node.stop();
  const journal = await openFileJournal(`${node.config.dataDir}/journal`);
  await journal.append([Uint8Array.of(255, 255, 255)]);
  await journal.close();
  await expect(nodes.again(node)).rejects.toMatchObject({ exitCode: 3 });
});

describe("a secret", () => {
  test("keeps those out who do not know it", async () => {
    const secret = `${await newFolder()}/secret`;
    await writeFile(secret, "0123456789abcdef\n");
    const a = await nodes.single(`--peer-secret-file=${secret}`);
    const stranger = await nodes.start(await listenAnywhere(), await newFolder(), [
      `--peers=${a.config.port}`,
    ]);
    const friend = await nodes.start(await listenAnywhere(), await newFolder(), [
      `--peers=${a.config.port}`,
      `--peer-secret-file=${secret}`,
    ]);
    await friend.node.ready; // from then on both are of one cluster
    expect(await countAt(friend, await increment(a))).toBe("Current Counter: 1");
    await until("the stranger was refused", () =>
      a.lines.some((line) => line.startsWith("warn: refused a request")),
    );
    await request(stranger.url).get("/get").expect(200, '{"counter":0}\n');
  });
});
