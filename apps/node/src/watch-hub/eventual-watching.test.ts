import supertest from "supertest";

import { EventualNodes } from "../test-support/eventual-nodes.ts";
import { headerOf, jsonOf, refusalOf } from "../test-support/replies.ts";
import { add, Watchers } from "../test-support/watching.ts";

const nodes = new EventualNodes();
const watchers = new Watchers();

afterEach(async () => {
  watchers.close();
  await nodes.end();
});

const watch = watchers.watch.bind(watchers);

describe("watching a counter in eventual mode", () => {
  test("tells of writes at every node, and resumes at another one with the state as it is", async () => {
    const [a, b, c] = await nodes.mesh(3);
    await add(a!.url, "likes", "1");
    const client = await watch(b!.url, "/counters/likes/watch");
    expect(client.headers["content-type"]).toBe("text/event-stream");
    await client.until("the first write", () => client.lastValue === "1");
    await add(c!.url, "likes", "2");
    await client.until("the write of a third node", () => client.lastValue === "3");
    client.close();
    const { token } = { token: client.lastId ?? "" };
    await add(a!.url, "likes", "4");
    const again = await watch(c!.url, "/counters/likes/watch", { "last-event-id": token });
    await again.until("what it missed", () => again.lastValue === "7");
    for (const { data } of again.events) expect(BigInt(String(data["value"]))).toBeGreaterThan(2n);
  });

  test("tells of a deletion, and that a counter is there again", async () => {
    const { url } = await nodes.single();
    const client = await watch(url, "/counters/likes/watch");
    await client.until("that there is none", () => client.events.at(-1)?.type === "deleted");
    await add(url, "likes", "1");
    await client.until("that there is one", () => client.lastValue === "1");
    await supertest(url).delete("/v1/counters/likes").expect(204);
    await client.until("the deletion", () => client.events.at(-1)?.type === "deleted");
  });

  test("of a prefix, tells everything, then that this was all, then changes", async () => {
    const { url } = await nodes.single();
    for (const name of ["a.1", "b.1", "a.2"]) await add(url, name, "1");
    const client = await watch(url, "/watch?prefix=a.");
    await client.until("everything", () => client.events.some(({ type }) => type === "synced"));
    expect(client.events.map(({ type, data }) => [type, data["name"]])).toEqual([
      ["value", "a.1"],
      ["value", "a.2"],
      ["synced", undefined],
    ]);
    await add(url, "b.1", "1");
    await add(url, "a.2", "1");
    await client.until("the change", () => client.lastValue === "2");
    expect(client.events).toHaveLength(4);
  });

  test("ends when the node is drained, with the reason, and can begin again afterwards", async () => {
    const { url } = await nodes.single();
    const client = await watch(url, "/watch");
    await supertest(url).post("/v1/node/drain").expect(200);
    await client.until("the end", () => client.ended);
    expect(client.comments.at(-1)).toMatch(/drained/);
    expect((await watch(url, "/watch")).status).toBe(503);
    await supertest(url).post("/v1/node/undrain").expect(200);
    expect((await watch(url, "/watch")).status).toBe(200);
  });

  test("refuses what is no token, is of another cluster, or more watchers than allowed", async () => {
    const { url } = await nodes.single("--watchers-max=1", "--cluster-id=one");
    const other = await nodes.single("--cluster-id=two");
    const foreign = await add(other.url, "likes", "1");
    const open = (headers: Record<string, string>, path: string = "/v1/watch") =>
      supertest(url).get(path).set(headers);
    expect(refusalOf(await open({ "last-event-id": "!" }))).toEqual([400, "validation-failed"]);
    expect(refusalOf(await open({ "last-event-id": foreign }))).toEqual([409, "token-foreign"]);
    expect(refusalOf(await open({ accept: "text/html" }))).toEqual([406, "not-acceptable"]);
    expect(refusalOf(await open({}, "/v1/watch?prefix=%20"))).toEqual([400, "validation-failed"]);
    expect(refusalOf(await open({}, "/v1/watch?prefx=a"))).toEqual([400, "validation-failed"]);
    await watch(url, "/watch");
    expect(refusalOf(await open({}))).toEqual([503, "overloaded"]);
  });

  test("HEAD tells what GET would, and streams nothing", async () => {
    const { url } = await nodes.single();
    const reply = await supertest(url).head("/v1/watch");
    expect([reply.status, headerOf(reply, "content-type")]).toEqual([200, "text/event-stream"]);
  });
});

describe("a read that waits for news", () => {
  test("is not answered because of other counters, at once or later", async () => {
    const { url } = await nodes.single();
    const ask = (changedSince: string, prefer: string = "wait=0") =>
      supertest(url).get("/v1/counters/likes").query({ changedSince }).set("prefer", prefer);
    await ask(await add(url, "likes", "1")); // from now on it is remembered
    const token = await add(url, "likes", "1");
    await add(url, "other", "1");
    const unchanged = await ask(token);
    expect(unchanged.status).toBe(304);
    const poll = ask(headerOf(unchanged, "counter-version") ?? "", "wait=60").then((r) => r);
    for (let count = 0; count < 20; count += 1) await add(url, "other", "1");
    await add(url, "likes", "1");
    const reply = await poll;
    expect([reply.status, jsonOf(reply)["value"]]).toEqual([200, "3"]);
  });

  test("is answered by a write at another node", async () => {
    const [a, b] = await nodes.mesh(2);
    const token = await add(a!.url, "likes", "1");
    const poll = supertest(b!.url)
      .get("/v1/counters/likes")
      .query({ changedSince: token })
      .set("prefer", "wait=60")
      .then((reply) => reply);
    await add(a!.url, "likes", "1");
    const reply = await poll;
    // A node that learns of itself meanwhile may answer early: it asks for nothing but to ask again.
    expect(reply.status).toBe(200);
    expect(["1", "2"]).toContain(jsonOf(reply)["value"]);
    expect(headerOf(reply, "preference-applied")).toBe("wait=60");
  });

  test("is 304 after its time, at once without one, and 400 without a token", async () => {
    const { url } = await nodes.single();
    const token = await add(url, "likes", "1");
    const ask = (changedSince: string, prefer: string = "") =>
      supertest(url).get("/v1/counters/likes").query({ changedSince }).set("prefer", prefer);
    expect((await ask(token)).status).toBe(304);
    expect((await ask(token, "wait=1")).status).toBe(304);
    expect(refusalOf(await ask(""))).toEqual([400, "validation-failed"]);
    await add(url, "likes", "1");
    expect((await ask(token)).status).toBe(200);
  });
});
