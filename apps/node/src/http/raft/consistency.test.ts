import request from "supertest";

import { headerOf, refusalOf } from "../../test-support/replies.ts";
import { listenAnywhere, TestNodes } from "../../test-support/test-node.ts";
import { readLevel } from "./consistency.ts";

describe("which level a query asks for", () => {
  const none = { maxStalenessMs: null, atLeast: null };
  it.each([
    { query: "", level: { consistency: "linearizable", ...none } },
    { query: "consistency=linearizable", level: { consistency: "linearizable", ...none } },
    { query: "consistency=lease", level: { consistency: "lease", ...none } },
    { query: "consistency=leader", level: { consistency: "leader", ...none } },
    { query: "consistency=local", level: { consistency: "local", ...none } },
    {
      query: "consistency=local&maxStaleness=2s",
      level: { consistency: "local", maxStalenessMs: 2000, atLeast: null },
    },
    {
      query: "consistency=local&maxStaleness=0",
      level: { consistency: "local", maxStalenessMs: 0, atLeast: null },
    },
    { query: "other=1", level: { consistency: "linearizable", ...none } },
  ])("$query", ({ query, level }) => {
    expect(readLevel(new URLSearchParams(query))).toEqual(level);
  });

  it.each([
    { query: "consistency=weak", says: /linearizable, lease, leader or local/ },
    { query: "consistency=", says: /linearizable, lease, leader or local/ },
    { query: "maxStaleness=2s", says: /consistency=local only/ },
    { query: "consistency=leader&maxStaleness=2s", says: /consistency=local only/ },
    { query: "consistency=local&maxStaleness=soon", says: /such as 500ms or 2s/ },
    { query: "consistency=local&maxStaleness=2h", says: /up to 1h/ },
  ])("$query is refused, never taken for something weaker", ({ query, says }) => {
    expect(() => readLevel(new URLSearchParams(query))).toThrow(says);
  });
});

describe("over HTTP", () => {
  const nodes = new TestNodes();
  afterEach(() => nodes.end());

  test("a local read says how long ago the leader was heard of; others say nothing", async () => {
    const cluster = await nodes.three();
    await Promise.all(cluster.map(({ node }) => node.ready));
    await request(cluster[0]!.url).post("/next").expect(200);
    for (const { url } of cluster) {
      const local = await request(url).get("/get?consistency=local&maxStaleness=10s").expect(200);
      expect(headerOf(local, "counter-known-leader")).toBe("true");
      expect(Number(headerOf(local, "counter-staleness-ms"))).toBeLessThan(10_000);
      const fresh = await request(url).get("/get").expect(200, '{"counter":1}\n');
      expect(headerOf(fresh, "counter-staleness-ms")).toBeNull();
    }
  });

  test("a read at the leader is answered by it, whoever was asked", async () => {
    const cluster = await nodes.three();
    await Promise.all(cluster.map(({ node }) => node.ready));
    const replies = await Promise.all(
      cluster.map(({ url }) => request(url).get("/get?consistency=leader").expect(200)),
    );
    const served = replies.map((reply) => headerOf(reply, "counter-served-by"));
    expect(new Set(served).size).toBe(1);
  });

  test("a read by lease sees what was written before, at every node", async () => {
    const cluster = await nodes.three();
    await Promise.all(cluster.map(({ node }) => node.ready));
    await request(cluster[0]!.url).post("/next").expect(200);
    for (const { url } of cluster) {
      await request(url).get("/get?consistency=lease").expect(200, '{"counter":1}\n');
    }
  });

  test("on a leader the age is 0", async () => {
    const { url } = await nodes.single();
    const reply = await request(url).get("/count?consistency=local&maxStaleness=0").expect(200);
    expect(headerOf(reply, "counter-staleness-ms")).toBe("0");
  });

  test("without a leader a local read tells no age, and is refused if it wants a bound", async () => {
    const listening = await listenAnywhere();
    const { url } = await nodes.start(listening, await nodes.directory(), ["--peers=1,2"]);
    const reply = await request(url).get("/get?consistency=local").expect(200);
    expect(headerOf(reply, "counter-known-leader")).toBe("false");
    expect(headerOf(reply, "counter-staleness-ms")).toBeNull();
    const bound = await request(url).get("/get?consistency=local&maxStaleness=1m");
    expect(refusalOf(bound)).toEqual([503, "too-stale"]);
  });

  test("an unknown level is 400 with a code", async () => {
    const { url } = await nodes.single();
    const reply = await request(url).get("/get?consistency=eventual");
    expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
  });
});
