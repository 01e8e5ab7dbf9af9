import request from "supertest";

import { ownRaftCounter } from "../../test-support/own-counter.ts";
import { headerOf, refusalOf } from "../../test-support/replies.ts";

const own = ownRaftCounter();
const { get, value } = own;

describe("POST /v1/batch", () => {
  const batch = (body: object) => request(own.node.url).post("/v1/batch").send(body);
  const add = (delta: number) => ({ op: "add", counter: own.name, delta });

  test("does all its operations, which see each other", async () => {
    const ops = [
      { op: "create", counter: own.name, initial: 10 },
      add(5),
      { op: "cas", counter: own.name, expected: "15", value: 20 },
      { op: "set", counter: `${own.name}-2`, value: 1 },
      { op: "next", counter: `${own.name}-2`, count: 2 },
      { op: "reset", counter: own.name },
      { op: "delete", counter: `${own.name}-2` },
    ];
    const reply = await batch({ ops }).expect(200);
    expect(reply.body).toMatchObject({
      results: [
        { status: 201, value: "10", kind: "counter" },
        { status: 200, value: "15", applied: "5" },
        { status: 200, value: "20", previous: "15" },
        { status: 200, value: "1" },
        { status: 200, first: "2", last: "3" },
        { status: 200, value: "10", previous: "20" },
        { status: 204 },
      ],
    });
    expect(headerOf(reply, "counter-version")).not.toBeNull();
  });

  test("is all or nothing: the first refusal is the answer", async () => {
    const ops = [add(5), { op: "cas", counter: own.name, expected: 0, value: 1 }, add(1)];
    const reply = await batch({ ops });
    expect(refusalOf(reply)).toEqual([412, "version-mismatch"]);
    expect(reply.body).toMatchObject({ index: 1, counter: own.name, current: "5" });
    expect((await get()).status).toBe(404);
  });

  test("unless it is told otherwise", async () => {
    const ops = [add(5), { op: "cas", counter: own.name, expected: 0, value: 1 }, add(1)];
    const reply = await batch({ ops, atomic: false }).expect(200);
    expect(reply.body).toMatchObject({
      results: [
        { status: 200, value: "5" },
        { status: 412, code: "version-mismatch", outcome: "not-applied", current: "5" },
        { status: 200, value: "6" },
      ],
    });
  });

  it.each([true, false])("counts once with a key; atomic: %s", async (atomic) => {
    const keyed = (delta: number) =>
      batch({ ops: [add(delta), add(2)], atomic }).set("Idempotency-Key", "b");
    const first = await keyed(1).expect(200);
    const again = await keyed(1).expect(200);
    expect([again.text, headerOf(again, "idempotent-replayed")]).toEqual([first.text, "true"]);
    const other = await keyed(5);
    if (atomic) expect(refusalOf(other)).toEqual([422, "idempotency-key-reused"]);
    else expect(other.body).toMatchObject({ results: [{ status: 422 }, { status: 200 }] });
    expect(await value()).toBe("3");
  });

  it.each([
    { what: "nothing", ops: [] },
    { what: "1001 operations", ops: Array.from({ length: 1001 }, () => ({ op: "next" })) },
    { what: "an unknown operation", ops: [{ op: "sub", counter: "x", delta: 1 }] },
    { what: "an unknown member", ops: [{ op: "add", counter: "x", delta: 1, dleta: 1 }] },
    {
      what: "some keys",
      ops: [
        { op: "next", counter: "x", key: "a" },
        { op: "next", counter: "x" },
      ],
    },
    {
      what: "one key twice",
      ops: [
        { op: "next", counter: "x", key: "a" },
        { op: "next", counter: "y", key: "a" },
      ],
    },
  ])("$what is 400", async ({ ops }) => {
    expect(refusalOf(await batch({ ops }))).toEqual([400, "validation-failed"]);
    expect((await request(own.node.url).get("/v1/counters/x")).status).toBe(404);
  });

  test("a thousand operations are done at once", async () => {
    const ops = Array.from({ length: 1000 }, () => add(1));
    await batch({ ops }).expect(200);
    expect(await value()).toBe("1000");
  });
});
