import supertest from "supertest";

import { until } from "../../e2e/support/until.ts";
import { headerOf, jsonOf, refusalOf } from "../test-support/replies.ts";
import { TestNodes } from "../test-support/test-node.ts";
import { add, Watchers } from "../test-support/watching.ts";

const nodes = new TestNodes();
const watchers = new Watchers();

afterEach(async () => {
  watchers.close();
  await nodes.end();
});

const watch = watchers.watch.bind(watchers);

describe("watching a counter in Raft mode", () => {
  test("those who watch are counted while they do", async () => {
    const { url } = await nodes.single();
    const figure = async (): Promise<string | undefined> => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return /^counter_watchers (\d+)$/m.exec(text)?.[1];
    };
    expect(await figure()).toBe("0");
    const one = await watch(url, "/counters/orders/watch");
    await watch(url, "/watch?prefix=o");
    expect(await figure()).toBe("2");
    one.close();
    await until("the one who left is not counted", async () => (await figure()) === "1");
  });

  test("any node tells of every write in order, with its version, and others go on from there", async () => {
    const cluster = await nodes.three();
    await Promise.all(cluster.map(({ node }) => node.ready));
    const [a, b, c] = cluster.map(({ url }) => url);
    await add(a!, "orders", "1");
    const client = await watch(b!, "/counters/orders/watch");
    await client.until("the state", () => client.lastValue === "1");
    for (let value = 2; value <= 20; value += 1) await add(c!, "orders", "1");
    await client.until("the last write", () => client.lastValue === "20");
    const values = client.events
      .filter(({ type }) => type === "value") // before the follower had applied the first write
      .map(({ data }) => Number(data["value"]));
    expect(values).toEqual([...values].sort((left, right) => left - right));
    expect(client.events.at(-1)?.data["version"]).toMatch(/^s0-\d+$/);
    client.close();

    const last = client.lastId ?? "";
    await add(a!, "orders", "1");
    for (const url of [a!, b!, c!]) {
      const again = await watch(url, "/counters/orders/watch", { "last-event-id": last });
      await again.until("what it missed", () => again.lastValue === "21");
      expect(again.events).toHaveLength(1);
    }
    const known = await watch(c!, "/counters/orders/watch", {
      "last-event-id": await add(b!, "orders", "1"),
    });
    await add(b!, "orders", "1");
    await known.until("the next write", () => known.events.length > 0);
    expect(known.events[0]?.data["value"]).toBe("23"); // 22 was known
  });

  test("tells of deletions, of what is made again, and of times that are up", async () => {
    const { url } = await nodes.single();
    await supertest(url).post("/v1/counters").send({ name: "a", initial: "5" }).expect(201);
    const client = await watch(url, "/watch");
    await client.until("everything", () => client.events.at(-1)?.type === "synced");
    await supertest(url).delete("/v1/counters/a").expect(204);
    await client.until("the deletion", () => client.events.at(-1)?.type === "deleted");
    await supertest(url).post("/v1/counters").send({ name: "a", ttl: "50ms" }).expect(201);
    await client.until("that it is there again", () => client.lastValue === "0");
    const last = () => client.events.findLast(({ data }) => data["name"] === "a");
    // Log time goes on with writes.
    await until("its time is up", async () => {
      await add(url, "b", "0");
      return last()?.type === "deleted";
    });
    expect(last()?.data).toEqual({ name: "a", at: expect.any(String) as string });
  });

  test("after a restore everything is told again, marked as a reset", async () => {
    const { url } = await nodes.single();
    await add(url, "a", "1");
    await supertest(url).post("/backup").expect(200);
    await add(url, "a", "1");
    await add(url, "b", "1");
    const client = await watch(url, "/watch");
    await client.until("everything", () => client.events.at(-1)?.type === "synced");
    const before = client.events.length;
    const token = client.lastId ?? "";
    await supertest(url).post("/restore").expect(200);
    await client.until("everything again", () =>
      client.events.slice(before).some(({ type }) => type === "synced"),
    );
    expect(
      client.events
        .slice(before)
        .map(({ type, data }) => [type, data["name"], data["value"], data["reset"]]),
    ).toEqual([
      ["value", "a", "1", true],
      ["synced", undefined, undefined, true],
    ]);
    const again = await watch(url, "/counters/b/watch", { "last-event-id": token });
    await again.until("that it is gone", () => again.events.length > 0);
    expect(again.events[0]).toMatchObject({ type: "deleted", data: { name: "b", reset: true } });
  });

  test("a node that has just been started shows nothing before it has caught up", async () => {
    const first = await nodes.seed();
    await add(first.url, "a", "7");
    await first.node.stop();
    const again = await nodes.again(first);
    const client = await watch(again.url, "/counters/a/watch");
    await client.until("the state", () => client.events.length > 0);
    expect(client.events[0]?.data["value"]).toBe("7");
  });
});

describe("a read that waits for news", () => {
  test("is answered at a follower when the counter changes, and not when another one does", async () => {
    const cluster = await nodes.three();
    await Promise.all(cluster.map(({ node }) => node.ready));
    const [a, b] = cluster.map(({ url }) => url);
    const token = await add(a!, "orders", "1");
    const ask = (changedSince: string, prefer: string) =>
      supertest(b!).get("/v1/counters/orders").query({ changedSince }).set("prefer", prefer);
    const poll = ask(token, "wait=60").then((reply) => reply);
    await add(a!, "other", "1");
    await add(a!, "orders", "1");
    const reply = await poll;
    expect([reply.status, jsonOf(reply)["value"]]).toEqual([200, "2"]);
    expect((await ask(headerOf(reply, "counter-version") ?? "", "wait=0")).status).toBe(304);
    expect(refusalOf(await ask("x", ""))).toEqual([400, "validation-failed"]);
  });
});
