import request from "supertest";

import { ownRaftCounter } from "../../test-support/own-counter.ts";
import { headerOf, refusalOf } from "../../test-support/replies.ts";

const own = ownRaftCounter();
const { create, get, post, value } = own;

describe("adding", () => {
  test("creates the counter, and answers in decimal strings", async () => {
    const reply = await post("/add", { delta: "12345678901234567890" }).expect(200);
    const version = headerOf(reply, "etag")?.slice(1, -1);
    expect(reply.body).toEqual({
      name: own.name,
      value: "12345678901234567890",
      previous: "0",
      applied: "12345678901234567890",
      version,
    });
    expect(version).toMatch(/^s0-\d+$/);
    expect(headerOf(reply, "counter-version")).toMatch(/^[\w-]+$/);
  });

  test("increment and decrement add 1, or what is said", async () => {
    await post("/increment").expect(200);
    await post("/increment", { by: "10" }).expect(200);
    expect((await post("/decrement", { by: 3 })).body).toMatchObject({ value: "8", applied: "-3" });
  });

  test("beyond a bound it is refused, and what would have been is told", async () => {
    await create({ initial: 2, min: 0 }).expect(201);
    const reply = await post("/add", { delta: "-3" });
    expect(refusalOf(reply)).toEqual([409, "bound-exceeded"]);
    expect(reply.type).toBe("application/problem+json");
    expect(reply.body).toMatchObject({
      type: "urn:counter:problem:bound-exceeded",
      title: "A bound would be exceeded",
      status: 409,
      instance: `${own.path}/add`,
      outcome: "not-applied",
      retryable: false,
      current: "2",
      min: "0",
      max: null,
      requested: "-3",
      node: own.node.address,
    });
    expect(await value()).toBe("2");
  });

  test("or stops there, if the counter or the request says so", async () => {
    await create({ initial: 2, min: 0 }).expect(201);
    const reply = await post("/add", { delta: "-3", onBound: "saturate" }).expect(200);
    expect(reply.body).toMatchObject({ value: "0", previous: "2", applied: "-2" });
  });
});

describe("next", () => {
  test("hands out numbers, several at once, a step apart", async () => {
    await create({ kind: "sequence", initial: 100, step: 5 }).expect(201);
    expect((await post("/next")).body).toMatchObject({ first: "105", last: "105", step: "5" });
    const three = await post("/next", { count: "3" }).expect(200);
    expect(three.body).toMatchObject({
      name: own.name,
      first: "110",
      last: "120",
      count: "3",
      step: "5",
    });
  });

  test("never hands a number out twice, not even after a deletion", async () => {
    await post("/next", { count: 7 }).expect(200);
    await request(own.node.url).delete(own.path).expect(204);
    expect((await post("/next")).body).toMatchObject({ first: "8" });
  });

  test("a sequence takes nothing else", async () => {
    await create({ kind: "sequence" }).expect(201);
    for (const reply of [
      await post("/add", { delta: 1 }),
      await post("/cas", { expected: 0, value: 1 }),
      await request(own.node.url).put(`${own.path}/value`).send({ value: 1 }),
    ]) {
      expect(refusalOf(reply)).toEqual([409, "kind-mismatch"]);
    }
  });

  test("beyond max is always refused", async () => {
    await create({ max: 2, onBound: "saturate" }).expect(201);
    expect(refusalOf(await post("/next", { count: 3 }))).toEqual([409, "bound-exceeded"]);
  });
});

describe("creating, changing and deleting", () => {
  test("a new counter is there at its initial value", async () => {
    const settings = { initial: "10", min: "0", max: "100", step: 2, labels: { b: "2", a: "1" } };
    const reply = await create({ ...settings, ttl: "48h", onBound: "saturate" }).expect(201);
    expect(reply.body).toEqual({
      name: own.name,
      mode: "strong",
      kind: "counter",
      value: "10",
      version: headerOf(reply, "etag")?.slice(1, -1),
      initial: "10",
      min: "0",
      max: "100",
      onBound: "saturate",
      step: "2",
      labels: { a: "1", b: "2" },
      ttl: "48h",
    });
    expect(headerOf(reply, "location")).toBe(own.path);
    expect((await get()).body).toEqual(reply.body);
    expect(refusalOf(await create())).toEqual([409, "counter-exists"]);
  });

  test("a patch changes what it names, and null takes away", async () => {
    await create({ min: 0, max: 5, labels: { a: "1", b: "2" }, step: 3 }).expect(201);
    const reply = await request(own.node.url)
      .patch(own.path)
      .type("application/merge-patch+json")
      .send(JSON.stringify({ max: null, step: null, labels: { a: null, c: "3" }, ttl: "1h" }))
      .expect(200);
    expect(reply.body).toMatchObject({
      ...{ min: "0", max: null, step: "1", ttl: "1h" },
      labels: { b: "2", c: "3" },
    });
  });

  test("a patch that changes nothing makes no version", async () => {
    const made = await create({ max: 5, labels: { a: "1" }, ttl: "1h" }).expect(201);
    const patch = (settings: object) =>
      request(own.node.url)
        .patch(own.path)
        .type("application/merge-patch+json")
        .send(JSON.stringify(settings));
    for (const same of [
      {},
      { max: "5", labels: { a: "1", b: null } },
      { step: null, ttl: "60m" },
    ]) {
      const reply = await patch(same).expect(200);
      expect([reply.body, headerOf(reply, "etag")]).toEqual([made.body, headerOf(made, "etag")]);
    }
    const keyed = await patch({}).set("Idempotency-Key", "k").set("If-Match", "*").expect(200);
    expect(keyed.body).toEqual(made.body);
    const changed = await patch({ max: 6 }).expect(200);
    expect(headerOf(changed, "etag")).not.toBe(headerOf(made, "etag"));
    expect(refusalOf(await patch({}).set("If-Match", headerOf(made, "etag")!))).toEqual([
      ...[412, "version-mismatch"],
    ]);
  });

  test("what does not exist is 404 where it is not made on the way", async () => {
    for (const reply of [
      await get(),
      await request(own.node.url).patch(own.path).send({ step: 2 }),
      await request(own.node.url).delete(own.path),
    ]) {
      expect(refusalOf(reply)).toEqual([404, "counter-not-found"]);
    }
    await request(own.node.url).put(`${own.path}/value`).send({ value: 5 }).expect(200);
    await request(own.node.url).delete(own.path).expect(204, "");
    await post("/reset").expect(200);
  });

  it.each([
    { settings: { min: 5, max: 4 }, pointer: "/min" },
    { settings: { min: 1 }, pointer: "/initial" },
    { settings: { step: 0 }, pointer: "/step" },
    { settings: { ttl: "soon" }, pointer: "/ttl" },
    { settings: { ttl: "367d" }, pointer: "/ttl" },
    { settings: { labels: { "a b": "" } }, pointer: "/labels/a b" },
    { settings: { labels: { a: "x".repeat(256) } }, pointer: "/labels/a" },
    { settings: { labels: { a: "\ud800" } }, pointer: "/labels/a" },
    {
      settings: {
        labels: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`l${at}`, ""])),
      },
      pointer: "/labels",
    },
    { settings: { name: "no name" }, pointer: "/name" },
    { settings: { onbound: "reject" }, pointer: "/onbound" },
  ])("$settings is refused at $pointer", async ({ settings, pointer }) => {
    const reply = await create(settings);
    expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
    expect(reply.body).toMatchObject({ errors: [{ pointer }] });
    expect((await get()).status).toBe(404);
  });

  test("a counter of the other mode is refused", async () => {
    expect(refusalOf(await create({ mode: "eventual" }))).toEqual([409, "mode-mismatch"]);
    await create({ mode: "strong" }).expect(201);
    expect(refusalOf(await request(own.node.url).get(`${own.path}/contributions`))).toEqual([
      409,
      "mode-mismatch",
    ]);
  });
});

describe("setting, comparing and resetting", () => {
  test("compare-and-set writes if the value is as expected, and tells it if not", async () => {
    await post("/add", { delta: 5 });
    expect((await post("/cas", { expected: 5, value: 7 })).body).toMatchObject({
      value: "7",
      previous: "5",
    });
    const reply = await post("/cas", { expected: "5", value: "8" });
    expect(refusalOf(reply)).toEqual([412, "version-mismatch"]);
    expect(reply.body).toMatchObject({ current: "7" });
  });

  test("a counter that does not exist is compared with nothing", async () => {
    const reply = await post("/cas", { expected: 0, value: 1 });
    expect(refusalOf(reply)).toEqual([412, "version-mismatch"]);
    expect(reply.body).toMatchObject({ current: null, currentVersion: null });
  });

  test("reset goes back to the initial value, or to what is said", async () => {
    await create({ initial: 3 }).expect(201);
    await post("/add", { delta: 5 });
    expect((await post("/reset")).body).toMatchObject({ value: "3", previous: "8" });
    expect((await post("/reset", { to: "-1" })).body).toMatchObject({ value: "-1" });
  });
});
