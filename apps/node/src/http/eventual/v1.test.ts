import request from "supertest";

import { EventualNodes, type EventualTestNode } from "../../test-support/eventual-nodes.ts";
import { ownCounter } from "../../test-support/own-counter.ts";
import { headerOf, jsonOf, refusalOf } from "../../test-support/replies.ts";

const nodes = new EventualNodes();
let one: EventualTestNode;
let other: EventualTestNode;

beforeAll(async () => {
  [one, other] = (await nodes.mesh(2)) as [EventualTestNode, EventualTestNode];
});
afterAll(() => nodes.end());

const own = ownCounter();
const add = (delta: unknown) => request(one.url).post(`${own.path}/add`).send({ delta });

describe("adding", () => {
  test("creates the counter, and tells its value, a token and who has it", async () => {
    const reply = await add("5").expect(200);
    const { stable, ...rest } = jsonOf(reply);
    expect(["0", "5"]).toContain(stable); // the other may not be a member yet
    expect(rest).toEqual({
      name: own.name,
      value: "5",
      previous: "0",
      applied: "5",
      version: null,
      durability: { requested: "local", achieved: 1, storage: "file" },
    });
    expect(headerOf(reply, "counter-version")).toMatch(/^[\w-]+$/);
    expect(headerOf(reply, "etag")).toMatch(/^W\/"[0-9a-f]+/);
  });

  test("increment and decrement add 1, or what is said", async () => {
    await request(one.url).post(`${own.path}/increment`).expect(200);
    await request(one.url).post(`${own.path}/increment`).send({ by: "10" }).expect(200);
    const reply = await request(one.url).post(`${own.path}/decrement`).send({ by: 3 });
    expect(reply.body).toMatchObject({ value: "8", previous: "11", applied: "-3" });
  });

  test("counts once with a key, at whichever nodes it is sent", async () => {
    const keyed = (url: string) =>
      request(url).post(`${own.path}/add`).set("Idempotency-Key", "k").send({ delta: 5 });
    const first = await keyed(one.url).expect(200);
    const again = await keyed(one.url).expect(200);
    expect([again.text, headerOf(again, "idempotent-replayed")]).toEqual([first.text, "true"]);
    expect(first.body).not.toHaveProperty("stable"); // which would be another one by now
    expect(headerOf(first, "counter-idempotency-window")).toBe("3600");
    const token = headerOf(first, "counter-version")!;
    await request(other.url).get(own.path).set("Counter-At-Least", token).set("Prefer", "wait=30");
    const elsewhere = await keyed(other.url).expect(200);
    expect(headerOf(elsewhere, "idempotent-replayed")).toBe("true");
    await request(one.url).get(own.path).set("Accept", "text/plain").expect(200, "5\n");
  });

  test("?ack=all waits for the others", async () => {
    const reply = await request(one.url)
      .post(`${own.path}/add?ack=all`)
      .set("Prefer", "wait=30")
      .send({ delta: 1 });
    expect(reply.body).toMatchObject({
      durability: { requested: "all", achieved: 2 },
      stable: "1",
    });
    expect(headerOf(reply, "preference-applied")).toBe("wait=30");
  });
});

describe("reading", () => {
  test("what was written at one node is there at the other, for who has the token", async () => {
    const token = headerOf(await add(91), "counter-version")!;
    const reply = await request(other.url)
      .get(own.path)
      .set("Counter-At-Least", token)
      .set("Prefer", "wait=30")
      .expect(200);
    const { stable, behind, ...rest } = jsonOf(reply);
    expect(rest).toEqual({
      name: own.name,
      mode: "eventual",
      kind: "counter",
      value: "91",
      version: null,
      initial: "0",
      min: null,
      max: null,
      onBound: "reject",
      step: "1",
      labels: {},
      ttl: null,
    });
    expect([null, "0", "91"]).toContain(stable); // whether the first is known to have it
    expect(Array.isArray(behind)).toBe(true);
  });

  test("stable is what every node is known to have, and behind is who may lack the rest", async () => {
    await add(91);
    const all = await request(one.url)
      .post(`${own.path}/add?ack=all`)
      .set("Prefer", "wait=30")
      .send({ delta: 4 })
      .expect(200);
    expect(all.body).toMatchObject({ value: "95" });
    // What the other node wrote meanwhile may still be on its way to be told.
    const look = async () => jsonOf(await request(one.url).get(own.path).expect(200));
    let seen = await look();
    for (; (seen["behind"] as string[]).length > 0; seen = await look()) {
      expect([null, "95"]).toContain(seen["stable"]);
    }
    expect(seen).toMatchObject({ value: "95", stable: "95" });
  });

  test("a counter that does not exist is 404, with a token", async () => {
    const reply = await request(one.url).get(own.path);
    expect(refusalOf(reply)).toEqual([404, "counter-not-found"]);
    expect(headerOf(reply, "counter-version")).not.toBeNull();
  });

  test("304 while the node knows nothing new", async () => {
    const etag = headerOf(await add(1), "etag")!;
    const get = () => request(one.url).get(own.path).set("If-None-Match", etag);
    const same = await get();
    expect([same.status, same.text]).toEqual([304, ""]);
    await add(1);
    await get().expect(200);
  });

  test("levels of the other mode are refused", async () => {
    await add(1);
    const reply = await request(one.url).get(`${own.path}?consistency=linearizable`);
    expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
  });
});

describe("labels, lists and deletion", () => {
  test("a counter is created with labels, which change, and is deleted", async () => {
    const made = await request(one.url)
      .post("/v1/counters")
      .send({ name: own.name, labels: { team: "blue", x: "1" } })
      .expect(201);
    expect(headerOf(made, "location")).toBe(own.path);
    expect(jsonOf(made)["labels"]).toEqual({ team: "blue", x: "1" });
    const twice = await request(one.url).post("/v1/counters").send({ name: own.name });
    expect(refusalOf(twice)).toEqual([409, "counter-exists"]);
    const patched = await request(one.url)
      .patch(own.path)
      .type("application/merge-patch+json")
      .send(JSON.stringify({ labels: { x: null, y: "2" } }))
      .expect(200);
    expect(jsonOf(patched)["labels"]).toEqual({ team: "blue", y: "2" });
    await request(one.url).delete(own.path).expect(204, "");
    expect((await request(one.url).get(own.path)).status).toBe(404);
    expect(refusalOf(await request(one.url).delete(own.path))).toEqual([404, "counter-not-found"]);
  });

  test("a list goes page by page, in the order of names", async () => {
    const made = ["b", "a", "c"].map((end) => `${own.name}-${end}`);
    for (const each of made) await request(one.url).post(`/v1/counters/${each}/increment`);
    const first = await request(one.url)
      .get(`/v1/counters?prefix=${own.name}-&limit=2`)
      .expect(200);
    const names = (reply: { readonly body: unknown }): unknown => reply.body;
    expect(names(first)).toMatchObject({ items: [{ name: made[1] }, { name: made[0] }] });
    const link = /^<([^>]+)>; rel="next"$/.exec(headerOf(first, "link") ?? "")?.[1];
    const second = await request(one.url).get(link!).expect(200);
    expect(second.body).toMatchObject({ items: [{ name: made[2] }], next: null });
    expect(headerOf(second, "link")).toBeNull();
  });

  test("set and reset give it a value, once with a key", async () => {
    await add(5);
    const put = () =>
      request(one.url).put(`${own.path}/value`).set("Idempotency-Key", "s").send({ value: "40" });
    expect((await put()).body).toMatchObject({ value: "40", previous: "5" });
    await add(2);
    const again = await put();
    expect(again.body).toMatchObject({ value: "40", previous: "5" });
    expect(headerOf(again, "idempotent-replayed")).toBe("true");
    const reset = await request(one.url).post(`${own.path}/reset`).expect(200);
    expect(reset.body).toMatchObject({ value: "0", previous: "42" });
  });

  test("contributions say who added how much; conflicts, which key stood for two things", async () => {
    await add(5);
    await add(-2);
    const reply = await request(one.url).get(`${own.path}/contributions`).expect(200);
    expect(reply.body).toMatchObject({ name: own.name, items: [{ plus: "5", minus: "2" }] });
    const conflicts = await request(one.url).get(`${own.path}/conflicts`).expect(200);
    expect(conflicts.body).toEqual({ items: [] });
    expect((await request(one.url).get(`${own.path}x/contributions`)).status).toBe(404);
  });
});

describe("what only Raft mode can do is 409 mode-mismatch", () => {
  const post = (at: string, body: object = {}) =>
    request(one.url).post(`${own.path}${at}`).send(body);
  it.each([
    { what: "next", send: () => post("/next") },
    { what: "cas", send: () => post("/cas", { expected: 0, value: 1 }) },
    { what: "a bound of its own", send: () => post("/add", { delta: 1, onBound: "saturate" }) },
    {
      what: "If-Match",
      send: () => request(one.url).put(`${own.path}/value`).set("If-Match", "*").send({ value: 1 }),
    },
    {
      what: "If-Match on an addition",
      send: () => request(one.url).post(`${own.path}/add`).set("If-Match", "*").send({ delta: 1 }),
    },
    {
      what: "If-None-Match on a creation",
      send: () => create({}).set("If-None-Match", "*"),
    },
    { what: "a sequence", send: () => create({ kind: "sequence" }) },
    { what: "a minimum", send: () => create({ min: 0 }) },
    { what: "an initial value", send: () => create({ initial: 1 }) },
    { what: "a ttl", send: () => create({ ttl: "1h" }) },
    { what: "a strong counter", send: () => create({ mode: "strong" }) },
    { what: "a patch of a bound", send: () => request(one.url).patch(own.path).send({ max: 9 }) },
  ])("$what", async ({ send }) => {
    expect(refusalOf(await send())).toEqual([409, "mode-mismatch"]);
    expect((await request(one.url).get(own.path)).status).toBe(404);
  });

  const create = (settings: object) =>
    request(one.url)
      .post("/v1/counters")
      .send({ name: own.name, ...settings });

  test("what is so by default may be said", async () => {
    const plain = { kind: "counter", mode: "eventual", initial: "0", min: null, step: 1 };
    await create({ ...plain, onBound: "reject", ttl: null }).expect(201);
  });
});

describe("POST /v1/batch", () => {
  const batch = (body: object) => request(one.url).post("/v1/batch").send(body);

  test("does its operations in their order, and tells what became of each", async () => {
    const ops = [
      { op: "create", counter: own.name, labels: { a: "1" } },
      { op: "add", counter: own.name, delta: 5 },
      { op: "set", counter: own.name, value: "7" },
      { op: "next", counter: own.name },
      { op: "delete", counter: `${own.name}-none` },
    ];
    const reply = await batch({ ops }).expect(200);
    expect(reply.body).toMatchObject({
      results: [
        { status: 201, name: own.name, labels: { a: "1" } },
        { status: 200, value: "5", applied: "5" },
        { status: 200, value: "7", previous: "5" },
        { status: 409, code: "mode-mismatch", outcome: "not-applied" },
        { status: 404, code: "counter-not-found" },
      ],
    });
  });

  test("is never atomic", async () => {
    const reply = await batch({ ops: [{ op: "add", counter: own.name, delta: 1 }], atomic: true });
    expect(refusalOf(reply)).toEqual([409, "mode-mismatch"]);
    expect((await request(one.url).get(own.path)).status).toBe(404);
  });

  test("counts once with a key", async () => {
    const ops = [1, 2, 3].map((delta) => ({ op: "add", counter: own.name, delta }));
    const keyed = () => batch({ ops }).set("Idempotency-Key", "b");
    const first = await keyed().expect(200);
    const again = await keyed().expect(200);
    expect([again.body, headerOf(again, "idempotent-replayed")]).toEqual([first.body, "true"]);
    await request(one.url).get(own.path).set("Accept", "text/plain").expect(200, "6\n");
  });
});
