import { createHash } from "node:crypto";

import request from "supertest";

import { BothModes } from "../../test-support/both-modes.ts";
import { headerOf, jsonOf, refusalOf } from "../../test-support/replies.ts";

const both = new BothModes();
const { raft, modes } = both;

afterEach(() => both.end());

const type = "application/vnd.counter.backup";

/** supertest reads no text of that type. */
async function take(url: string): Promise<{ readonly headers: Headers; readonly text: string }> {
  const reply = await fetch(`${url}/v1/snapshot`);
  expect(reply.status).toBe(200);
  return { headers: reply.headers, text: await reply.text() };
}

describe.each(modes)("snapshots in $mode mode", ({ start }) => {
  let url: string;
  let confirm: string;
  beforeEach(async () => {
    url = await start();
    confirm = String(jsonOf(await request(url).get("/v1/cluster").expect(200))["clusterId"]);
    await request(url)
      .post("/v1/counters")
      .send({ name: "a", labels: { team: "blue" } });
    await request(url).post("/v1/counters/a/add").send({ delta: "1234567890123456789" });
  });

  const put = (body: string, query: string = `?confirm=${confirm}`) =>
    request(url).put(`/v1/snapshot${query}`).type(type).send(body);

  test("are taken, and bring values and labels back", async () => {
    const { text, headers } = await take(url);
    const digest = createHash("sha256").update(text).digest("base64");
    expect(headers.get("content-digest")).toBe(`sha-256=:${digest}:`);
    expect(headers.get("content-type")).toBe(type);
    await request(url).post("/v1/counters/a/add").send({ delta: 5 }).expect(200);
    await request(url)
      .patch("/v1/counters/a")
      .send({ labels: { team: null, other: "1" } });
    await request(url).post("/v1/counters/b/increment").expect(200);
    const restored = await put(text).set("Content-Digest", `sha-256=:${digest}:`).expect(200);
    expect(restored.body).toMatchObject({ counters: 1 });
    const a = await request(url).get("/v1/counters/a").expect(200);
    expect(a.body).toMatchObject({ value: "1234567890123456789", labels: { team: "blue" } });
    const b = await request(url).get("/v1/counters/b").set("Accept", "text/plain");
    expect([404, 200]).toContain(b.status);
    if (b.status === 200) expect(b.text).toBe("0\n");
  });

  test("are only put back by who names the cluster", async () => {
    const { text } = await take(url);
    for (const query of ["", "?confirm=another"]) {
      const reply = await put(text, query);
      expect(refusalOf(reply)).toEqual([409, "confirmation-required"]);
      expect(reply.body).toMatchObject({ clusterId: confirm });
    }
  });

  test("that were damaged on their way, or are none, are refused", async () => {
    const { text } = await take(url);
    const digest = "sha-256=:AAAA:";
    const damaged = await put(text).set("Content-Digest", digest);
    expect(refusalOf(damaged)).toEqual([400, "validation-failed"]);
    expect(refusalOf(await put(text.replace("blue", "grey")))).toEqual([400, "snapshot-invalid"]);
    const json = await request(url).put(`/v1/snapshot?confirm=${confirm}`).send({});
    expect(refusalOf(json)).toEqual([415, "unsupported-media-type"]);
    const a = await request(url).get("/v1/counters/a").expect(200);
    expect(a.body).toMatchObject({ value: "1234567890123456789" });
  });
});

test("a restore counts once with a key in Raft mode, and voids tokens of before", async () => {
  const { url } = await raft.single();
  const clusterId = String(jsonOf(await request(url).get("/v1/cluster"))["clusterId"]);
  const before = await request(url).post("/v1/counters/a/increment").expect(200);
  const { text } = await take(url);
  const put = () =>
    request(url)
      .put(`/v1/snapshot?confirm=${clusterId}`)
      .type(type)
      .set("Idempotency-Key", "r")
      .send(text);
  expect((await put().expect(200)).body).toMatchObject({ epoch: "1" });
  await request(url).post("/v1/counters/a/increment").expect(200);
  const again = await put().expect(200);
  expect(headerOf(again, "idempotent-replayed")).toBe("true");
  const token = headerOf(before, "counter-version")!;
  const read = await request(url).get("/v1/counters/a").set("Counter-At-Least", token);
  expect(refusalOf(read)).toEqual([409, "token-foreign"]);
  const now = await request(url).get("/v1/counters/a").expect(200);
  expect(now.body).toMatchObject({ value: "2" });
  expect(headerOf(now, "etag")).toMatch(/^"s1-\d+"$/);
});
