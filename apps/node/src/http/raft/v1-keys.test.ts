import request from "supertest";

import { ownRaftCounter } from "../../test-support/own-counter.ts";
import { headerOf, refusalOf, withoutTrace } from "../../test-support/replies.ts";

const own = ownRaftCounter();
const { post, value } = own;

describe("Idempotency-Key", () => {
  it.each([
    ...own.writes,
    { what: "an increment", send: () => post("/increment"), status: 200 },
    { what: "a reset", send: () => post("/reset", { to: 9 }), status: 200 },
  ])("$what is done once, and answered alike: $status", async ({ send, status }) => {
    const first = await send().set("Idempotency-Key", "k");
    const again = await send().set("Idempotency-Key", '"k"');
    expect([first.status, again.status]).toEqual([status, status]);
    expect(withoutTrace(again)).toBe(withoutTrace(first));
    expect(headerOf(first, "idempotent-replayed")).toBeNull();
    expect(headerOf(again, "idempotent-replayed")).toBe("true");
    expect(headerOf(again, "counter-idempotency-window")).toBe("3600");
    expect(headerOf(again, "counter-version")).toBe(headerOf(first, "counter-version"));
  });

  test("a deletion and a patch are done once, whatever has happened since", async () => {
    await post("/add", { delta: 5 });
    const patch = () =>
      request(own.node.url)
        .patch(own.path)
        .set("Idempotency-Key", "p")
        .send({ labels: { a: "1" } });
    const patched = await patch().expect(200);
    const remove = () => request(own.node.url).delete(own.path).set("Idempotency-Key", "d");
    await remove().expect(204);
    await post("/add", { delta: 1 }).expect(200);
    await remove().expect(204).expect("Idempotent-Replayed", "true");
    expect((await patch()).text).toBe(patched.text);
    expect(await value()).toBe("1");
  });

  it.each([
    { what: "another delta", send: () => post("/add", { delta: 3 }) },
    { what: "another call", send: () => post("/increment", { by: 2 }) },
    { what: "another bound", send: () => post("/add", { delta: 2, onBound: "saturate" }) },
  ])("a key that was used before is refused with $what", async ({ send }) => {
    await post("/add", { delta: 2 }).set("Idempotency-Key", "k").expect(200);
    const reply = await send().set("Idempotency-Key", "k");
    expect(refusalOf(reply)).toEqual([422, "idempotency-key-reused"]);
    await post("/add", { delta: "2" }).set("Idempotency-Key", "k").expect(200);
    expect(await value()).toBe("2");
  });

  test("another counter is another scope", async () => {
    await post("/increment").set("Idempotency-Key", "k").expect(200);
    const other = await request(own.node.url)
      .post(`${own.path}-2/increment`)
      .set("Idempotency-Key", "k");
    expect(headerOf(other, "idempotent-replayed")).toBeNull();
  });
});

describe("Prefer: return=minimal", () => {
  test("has no body, and the same headers", async () => {
    const reply = await post("/increment").set("Prefer", "return=minimal, wait=5");
    expect([reply.status, reply.text]).toEqual([204, ""]);
    expect(headerOf(reply, "preference-applied")).toBe("return=minimal");
    expect(headerOf(reply, "etag")).toMatch(/^"s0-\d+"$/);
    const made = await request(own.node.url)
      .post("/v1/counters")
      .set("Prefer", "return=minimal")
      .send({ name: `${own.name}-made` });
    expect([made.status, made.text]).toEqual([201, ""]);
  });
});
