import request from "supertest";

import { BothModes } from "../../test-support/both-modes.ts";
import { headerOf, jsonOf, leaderOf, refusalOf } from "../../test-support/replies.ts";
import type { TestNode } from "../../test-support/test-node.ts";

const both = new BothModes();
const { raft, modes } = both;

afterEach(() => both.end());

describe.each(modes)("a node in $mode mode", ({ mode, start }) => {
  test("takes no writes while it is drained, and answers reads", async () => {
    const url = await start();
    await request(url).post("/v1/counters/a/increment").expect(200);
    await request(url).post("/v1/node/drain").expect(200, { draining: true });
    await request(url).post("/v1/node/drain").expect(200); // again does no harm
    for (const path of ["/v1/counters/a/increment", "/increment"]) {
      const reply = await request(url).post(path);
      expect(refusalOf(reply)).toEqual([503, "draining"]);
      expect(headerOf(reply, "retry-after")).toBe("1");
    }
    expect((await request(url).get("/readyz")).status).toBe(503);
    await request(url).get("/livez").expect(200);
    await request(url).get("/v1/counters/a").expect(200);
    await request(url).post("/v1/node/undrain").expect(200, { draining: false });
    await request(url).get("/readyz").expect(200);
    await request(url).post("/v1/counters/a/increment").expect(200);
  });

  test("tells about its cluster and itself", async () => {
    const url = await start();
    const cluster = jsonOf(await request(url).get("/v1/cluster").expect(200));
    expect(cluster).toMatchObject({ mode, members: 1 });
    const status = jsonOf(await request(url).get("/v1/status").expect(200));
    expect(status["clusterId"]).toBe(cluster["clusterId"]);
  });

  test("with --no-legacy it answers /v1 and probes alone", async () => {
    const url = await start("--no-legacy");
    for (const path of ["/get", "/count", "/status"]) {
      expect(refusalOf(await request(url).get(path))).toEqual([404, "not-found"]);
    }
    for (const path of ["/next", "/increment", "/backup", "/restore", "/join"]) {
      expect((await request(url).post(path)).status).toBe(404);
    }
    await request(url).get("/health").expect(200);
    await request(url).post("/v1/counters/default/increment").expect(200);
  });

  test("with --require-idempotency-key it refuses writes that might count twice", async () => {
    const url = await start("--require-idempotency-key");
    const ops = [{ op: "add", counter: "a", delta: 1 }];
    for (const send of [
      () => request(url).post("/v1/counters/a/increment"),
      () => request(url).post("/increment"),
      () => request(url).post("/v1/batch").send({ ops, atomic: false }),
    ]) {
      expect(refusalOf(await send())).toEqual([428, "precondition-required"]);
      await send().set("Idempotency-Key", String(Math.random())).expect(200);
    }
  });

  test("says of the demo's calls what they stand for", async () => {
    const url = await start();
    const link = headerOf(await request(url).post("/increment"), "link");
    expect(link).toBe('</v1/counters/default/add>; rel="alternate"');
    expect(headerOf(await request(url).get("/get"), "link")).toContain("</v1/counters/default>");
    const same = await request(url).get("/v1/counters/default").set("Accept", "text/plain");
    expect(same.text).toBe("1\n");
  });

  test("tells types of problems as --problem-base says", async () => {
    const url = await start("--problem-base=https://example.org/problems/");
    const reply = await request(url).get("/v1/counters/none");
    expect(reply.body).toMatchObject({ type: "https://example.org/problems/counter-not-found" });
  });
});

test("a leader that is drained hands over, and others' writes go on through all nodes", async () => {
  const three = await raft.three();
  await Promise.all(three.map(({ node }) => node.ready));
  const leader = await leaderAmong(three);
  await request(leader.url).post("/v1/node/drain").expect(200);
  const others = three.filter((node) => node !== leader);
  await request(others[0]!.url)
    .post("/v1/counters/a/increment")
    .set("Idempotency-Key", "k")
    .expect(200);
  const reply = await request(leader.url).post("/v1/counters/a/increment");
  expect(refusalOf(reply)).toEqual([503, "draining"]);
  await request(leader.url).get("/v1/counters/a").expect(200);
  await request(leader.url).post("/v1/node/undrain").expect(200);
  await request(leader.url).post("/v1/counters/a/increment").expect(200);
}, 60_000);

async function leaderAmong(nodes: readonly TestNode[]): Promise<TestNode> {
  const id = leaderOf(await request(nodes[0]!.url).get("/status"));
  const found = nodes.find(({ address }) => address === id);
  if (found === undefined) throw new Error(`nobody is ${id}`);
  return found;
}
