import request from "supertest";

import { EventualNodes, type EventualTestNode } from "../../test-support/eventual-nodes.ts";
import { ownCounter } from "../../test-support/own-counter.ts";
import { headerOf, refusalOf, type ReplyLike } from "../../test-support/replies.ts";

const nodes = new EventualNodes();
let one: EventualTestNode;
let other: EventualTestNode;

beforeAll(async () => {
  [one, other] = (await nodes.mesh(2)) as [EventualTestNode, EventualTestNode];
});
afterAll(() => nodes.end());

const own = ownCounter();
const create = (url: string, key: string, labels: object = { team: "blue" }) =>
  request(url).post("/v1/counters").set("Idempotency-Key", key).send({ name: own.name, labels });
const patch = (url: string, key: string, labels: object) =>
  request(url)
    .patch(own.path)
    .set("Idempotency-Key", key)
    .type("application/merge-patch+json")
    .send(JSON.stringify({ labels }));
const remove = (url: string, key: string) =>
  request(url).delete(own.path).set("Idempotency-Key", key);
const look = (url: string) => request(url).get(own.path);

/** Waits until the other node knows what the reply tells of. */
const known = (reply: ReplyLike) =>
  look(other.url)
    .set("Counter-At-Least", headerOf(reply, "counter-version")!)
    .set("Prefer", "wait=30");

const answer = (reply: ReplyLike) => [
  reply.status,
  reply.text,
  headerOf(reply, "idempotent-replayed"),
];

describe("a key of a creation, of labels, of a deletion", () => {
  test("a repetition is answered with the same status and body, and does nothing", async () => {
    const made = await create(one.url, "make").expect(201);
    expect(headerOf(made, "counter-idempotency-window")).toBe("3600");
    await request(one.url).post(`${own.path}/increment`).expect(200);
    const changed = await patch(one.url, "change", { x: "1" }).expect(200);
    await patch(one.url, "later", { x: "2", team: null }).expect(200);
    expect(answer(await create(one.url, "make"))).toEqual([201, made.text, "true"]);
    expect(answer(await patch(one.url, "change", { x: "1" }))).toEqual([200, changed.text, "true"]);
    expect((await look(one.url)).body).toMatchObject({ value: "1", labels: { x: "2" } });
    await remove(one.url, "drop").expect(204);
    await create(one.url, "make-again", {}).expect(201);
    expect(answer(await remove(one.url, "drop"))).toEqual([204, "", "true"]);
    expect(answer(await create(one.url, "make"))).toEqual([201, made.text, "true"]);
    expect((await look(one.url)).body).toMatchObject({ value: "0", labels: {} });
  });

  test("at another node that knows of it, the answer is that of the first", async () => {
    const made = await create(one.url, "make").expect(201);
    const changed = await patch(one.url, "change", { x: "1" }).expect(200);
    await known(changed);
    expect(answer(await create(other.url, "make"))).toEqual([201, made.text, "true"]);
    expect(answer(await patch(other.url, "change", { x: "1" }))).toEqual([
      ...[200, changed.text, "true"],
    ]);
    const gone = await remove(one.url, "drop").expect(204);
    await known(gone);
    expect(answer(await remove(other.url, "drop"))).toEqual([204, "", "true"]);
  });

  test("with another request it is 422, whatever that is", async () => {
    await create(one.url, "k").expect(201);
    for (const send of [
      () => create(one.url, "k", { team: "red" }),
      () => patch(one.url, "k", { team: "blue" }),
      () => remove(one.url, "k"),
      () => request(one.url).post(`${own.path}/increment`).set("Idempotency-Key", "k"),
    ]) {
      expect(refusalOf(await send())).toEqual([422, "idempotency-key-reused"]);
    }
  });

  test("labels in another order are the same request", async () => {
    const made = await create(one.url, "k", { a: "1", b: "2" }).expect(201);
    expect(answer(await create(one.url, "k", { b: "2", a: "1" }))).toEqual([
      ...[201, made.text, "true"],
    ]);
  });

  test("what was refused did nothing, so the key is free", async () => {
    expect(refusalOf(await remove(one.url, "drop"))).toEqual([404, "counter-not-found"]);
    await request(one.url).post(`${own.path}/increment`).expect(200);
    await remove(one.url, "drop").expect(204);
  });

  test("is a key of one counter", async () => {
    await create(one.url, "k").expect(201);
    const name = `${own.name}-b`;
    await request(one.url)
      .post("/v1/counters")
      .set("Idempotency-Key", "k")
      .send({ name })
      .expect(201);
  });
});

describe("a batch with a key", () => {
  test("does each of its operations once, whichever they are", async () => {
    const ops = [
      { op: "create", counter: own.name, labels: { a: "1" } },
      { op: "add", counter: own.name, delta: 5 },
      { op: "reset", counter: own.name, to: 2 },
      { op: "delete", counter: own.name },
    ];
    const batch = () =>
      request(one.url).post("/v1/batch").set("Idempotency-Key", "b").send({ ops });
    const first = await batch().expect(200);
    await create(one.url, "after", {}).expect(201);
    expect(answer(await batch())).toEqual([200, first.text, "true"]);
    expect((await look(one.url)).body).toMatchObject({ value: "0", labels: {} });
  });

  test("takes keys of single operations, too", async () => {
    const ops = [{ op: "create", counter: own.name, key: "k" }];
    const reply = await request(one.url).post("/v1/batch").send({ ops }).expect(200);
    expect(reply.body).toMatchObject({ results: [{ status: 201 }] });
    const again = await create(one.url, "k", {});
    expect([again.status, headerOf(again, "idempotent-replayed")]).toEqual([201, "true"]);
  });
});
