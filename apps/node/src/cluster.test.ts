/** Three real nodes: leadership that moves, and nodes that do not belong together. */
import { rm } from "node:fs/promises";

import request from "supertest";

import { headerOf, jsonOf, leaderOf, refusalOf } from "./test-support/replies.ts";
import { listenAnywhere, TestNodes, type TestNode } from "./test-support/test-node.ts";

const nodes = new TestNodes();
afterEach(() => nodes.end());

const path = "/v1/cluster/leader/transfer";

async function threeReady(): Promise<{ leader: TestNode; followers: TestNode[] }> {
  const cluster = await nodes.three();
  await Promise.all(cluster.map(({ node }) => node.ready));
  const nodeID = leaderOf(await request(cluster[0]!.url).get("/status"));
  const leader = cluster.find(({ address }) => address === nodeID)!;
  return { leader, followers: cluster.filter((node) => node !== leader) };
}

describe(`POST ${path}`, () => {
  test("hands leadership to the member that is named, also when a follower is asked", async () => {
    const { leader, followers } = await threeReady();
    const [chosen, asked] = followers;
    const reply = await request(asked!.url).post(path).send({ to: chosen!.address });
    expect([reply.status, jsonOf(reply)]).toEqual([200, { leader: chosen!.address }]);
    expect(headerOf(reply, "counter-served-by")).toBe(leader.address);
    // As a port, the way it is written in --peers; and to who leads already.
    for (let time = 0; time < 2; time += 1) {
      const back = await request(chosen!.url)
        .post(path)
        .send({ to: String(leader.config.port) });
      expect([back.status, jsonOf(back)]).toEqual([200, { leader: leader.address }]);
    }
    await request(asked!.url).post("/next").expect(200, "1\n");
  });

  test("to anyone, under writes none of which is refused or done twice", async () => {
    const { leader, followers } = await threeReady();
    const urls = [leader, ...followers].map(({ url }) => url);
    const replies: Promise<{ readonly status: number; readonly text: string }>[] = [];
    for (let round = 0; round < 3; round += 1) {
      const handing = request(urls[round]!).post(path).expect(200);
      for (let n = 0; n < 20; n += 1)
        replies.push(
          request(urls[n % 3]!)
            .post("/next")
            .expect(200),
        );
      await handing;
    }
    const numbers = (await Promise.all(replies)).map(({ text }) => Number(text));
    expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, place) => place + 1));
  });

  test("says in JSON what is wrong", async () => {
    const { leader, followers } = await threeReady();
    const stranger = await request(followers[0]!.url).post(path).send({ to: "127.0.0.1:1" });
    expect(stranger.type).toBe("application/problem+json");
    expect(refusalOf(stranger)).toEqual([400, "unknown-member"]);
    expect(stranger.text).toContain(leader.address); // which members there are
    const number = await request(leader.url).post(path).send({ to: 1 });
    expect(refusalOf(number)).toEqual([400, "validation-failed"]);
    await request(leader.url).get(path).expect(405);
    const alone = await nodes.single();
    const refused = await request(alone.url).post(path);
    expect(refusalOf(refused)).toEqual([503, "transfer-failed"]);
    await request(alone.url).post("/next").expect(200);
  });
});

test("while a leader is elected, requests wait and are served", async () => {
  const listening = [await listenAnywhere(), await listenAnywhere()];
  const peers = `--peers=${listening.map(({ port }) => port).join(",")}`;
  const first = await nodes.start(listening[0]!, await nodes.directory(), [peers]);
  const write = request(first.url)
    .post("/next")
    .then(({ text }) => text);
  const read = request(first.url)
    .get("/get")
    .then(({ status }) => status);
  await nodes.start(listening[1]!, await nodes.directory(), [peers]);
  expect([await write, await read]).toEqual(["1\n", 200]);
});

describe("nodes with different lists of members", () => {
  test("the one without a majority ends with 3 and both lists; the others count", async () => {
    const [a, b, c] = [await listenAnywhere(), await listenAnywhere(), await listenAnywhere()];
    const all = `--peers=${a.port},${b.port},${c.port}`;
    const first = await nodes.start(a, await nodes.directory(), [all]);
    await nodes.start(b, await nodes.directory(), [all]);
    await first.node.ready;
    const wrong = await nodes.start(c, await nodes.directory(), [`--peers=${a.port}`]);
    const error = await wrong.node.stopped;
    expect(error).toMatchObject({ exitCode: 3 });
    const theirs = [a, b, c].map(({ port }) => `127.0.0.1:${port}`).sort();
    const ours = [a, c].map(({ port }) => `127.0.0.1:${port}`).sort();
    expect(error?.message).toContain(`whose members are ${theirs.join(", ")};`);
    expect(error?.message).toContain(`whose members are ${ours.join(", ")}:`);
    await request(first.url).post("/next").expect(200, "1\n");
  });

  test("are refused also if each lists the other and they have one --cluster-id", async () => {
    const [a, b, c] = [await listenAnywhere(), await listenAnywhere(), await listenAnywhere()];
    const named = "--cluster-id=counting";
    const all = `--peers=${a.port},${b.port},${c.port}`;
    await nodes.start(a, await nodes.directory(), [all, named]);
    const wrong = await nodes.start(b, await nodes.directory(), [`--peers=${a.port}`, named]);
    const error = await wrong.node.stopped;
    expect(error).toMatchObject({ exitCode: 3 });
    expect(error?.message).toMatch(/belongs to another cluster, counting~.* belongs to counting~/);
    await rm(wrong.config.dataDir, { recursive: true, maxRetries: 5 }); // as it says
    const right = await nodes.again(wrong, all, named);
    await right.node.ready;
    await nodes.start(c, await nodes.directory(), [all, named]);
    await request(right.url).post("/next").expect(200, "1\n");
  });

  test("one that waits for more of its own says in /readyz and in its 503 who belongs elsewhere", async () => {
    const [a, b] = [await listenAnywhere(), await listenAnywhere()];
    const first = await nodes.start(a, await nodes.directory(), [`--peers=${b.port},1`]);
    await nodes.start(b, await nodes.directory(), [
      `--peers=${a.port},1,2,3`,
      "--apply-timeout=100ms",
    ]);
    const elsewhere = new RegExp(`127.0.0.1:${b.port} belongs to another cluster`);
    for (;;) {
      const { text } = await request(first.url).get("/readyz").expect(503);
      if (elsewhere.test(text)) break;
    }
  });
});
