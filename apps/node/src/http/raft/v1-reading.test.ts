import request from "supertest";

import { ownRaftCounter } from "../../test-support/own-counter.ts";
import { headerOf, refusalOf } from "../../test-support/replies.ts";

const own = ownRaftCounter();
const { get, post, value } = own;

describe("conditions (RFC 9110 §13)", () => {
  const put = (to: number) => request(own.node.url).put(`${own.path}/value`).send({ value: to });

  test("If-Match writes only what was seen, and tells what is there instead", async () => {
    const seen = headerOf(await put(1), "etag")!;
    const mine = await put(2).set("If-Match", `"s0-0", ${seen}`).expect(200);
    const late = await put(3).set("If-Match", seen);
    expect(refusalOf(late)).toEqual([412, "version-mismatch"]);
    const currentVersion = headerOf(mine, "etag")!.slice(1, -1);
    expect(late.body).toMatchObject({ current: "2", currentVersion });
    expect(await value()).toBe("2");
  });

  it.each(['"s9-1"', 'W/"s0-1"', '"nonsense"', "*"])(
    "If-Match: %s holds for no counter that does not exist",
    async (tag) => {
      expect(refusalOf(await put(1).set("If-Match", tag))).toEqual([412, "version-mismatch"]);
      expect((await get()).status).toBe(404);
    },
  );

  test("If-None-Match: * writes only what does not exist", async () => {
    await put(1).set("If-None-Match", "*").expect(200);
    expect(refusalOf(await put(2).set("If-None-Match", "*"))).toEqual([412, "version-mismatch"]);
    await request(own.node.url).delete(own.path).set("If-Match", "*").expect(204);
  });

  it.each([
    { header: "If-Match", text: "s0-1" },
    { header: "If-Match", text: '"unfinished' },
    { header: "If-Match", text: Array.from({ length: 17 }, () => '"a"').join(",") },
    { header: "If-None-Match", text: '"s0-1"' },
  ])("$header: $text on a write is 400", async ({ header, text }) => {
    expect(refusalOf(await put(1).set(header, text))).toEqual([400, "validation-failed"]);
  });

  test("an addition takes no condition, and does not ignore one", async () => {
    const reply = await post("/increment").set("If-Match", "*");
    expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
  });

  test("a read is 304 until something has changed, the settings included", async () => {
    const etag = headerOf(await put(1), "etag")!;
    const again = () => get().set("If-None-Match", `"other", ${etag}`);
    const same = await again();
    expect([same.status, same.text, headerOf(same, "etag")]).toEqual([304, "", etag]);
    await request(own.node.url)
      .patch(own.path)
      .send({ labels: { a: "1" } });
    await again().expect(200);
  });
});

describe("reading", () => {
  test("as text it is its value; HEAD is GET without the body", async () => {
    await post("/add", { delta: 42 });
    const reply = await get().set("Accept", "text/plain").expect(200, "42\n");
    expect(headerOf(reply, "vary")).toBe("accept");
    const head = await request(own.node.url).head(own.path).expect(200);
    expect(headerOf(head, "etag")).toBe(headerOf(reply, "etag"));
    await get().set("Accept", "image/png").expect(406);
    await get().set("Accept", "text/*;q=0.5, application/json;q=0.4").expect(200, "42\n");
  });

  it.each(["linearizable", "lease", "leader", "local", "local&maxStaleness=10s"])(
    "?consistency=%s answers",
    async (level) => {
      await post("/increment");
      const reply = await request(own.node.url).get(`${own.path}?consistency=${level}`).expect(200);
      expect(reply.body).toMatchObject({ value: "1" });
      expect(headerOf(reply, "counter-version")).not.toBeNull();
    },
  );

  it.each([
    "consistency=eventual",
    "consistency=linearizable&maxStaleness=1s",
    "orStale",
    "consistncy=local",
    "consistency=local&consistency=leader",
  ])("?%s is refused", async (query) => {
    await post("/increment");
    const reply = await request(own.node.url).get(`${own.path}?${query}`);
    expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
  });

  test("a token of a write is satisfied by every level", async () => {
    const token = headerOf(await post("/increment"), "counter-version")!;
    await get().set("Counter-At-Least", token).expect(200);
    await request(own.node.url).get(`${own.path}?consistency=local&atLeast=${token}`).expect(200);
  });

  test("a token of another cluster is 409, one that is none 400", async () => {
    const other = await own.nodes.single("--cluster-id=another");
    const foreign = headerOf(
      await request(other.url).post(`${own.path}/increment`),
      "counter-version",
    )!;
    await post("/increment");
    expect(refusalOf(await get().set("Counter-At-Least", foreign))).toEqual([409, "token-foreign"]);
    for (const none of ["!", "", " , "]) {
      const refused = await get().set("Counter-At-Least", none);
      expect(refusalOf(refused)).toEqual([400, "validation-failed"]);
    }
  });

  test("lists go page by page, in the order of names", async () => {
    for (const end of ["b", "a", "c"]) {
      await request(own.node.url).post(`/v1/counters/${own.name}-${end}/increment`);
    }
    const first = await request(own.node.url)
      .get(`/v1/counters?prefix=${own.name}-&limit=2`)
      .expect(200);
    expect(first.body).toMatchObject({
      items: [{ name: `${own.name}-a`, value: "1" }, { name: `${own.name}-b` }],
    });
    const link = /^<([^>]+)>; rel="next"$/.exec(headerOf(first, "link") ?? "")?.[1];
    const second = await request(own.node.url).get(link!).expect(200);
    expect(second.body).toMatchObject({ items: [{ name: `${own.name}-c` }], next: null });
  });

  it.each(["limit=0", "limit=1001", "limit=x", "cursor=!", "prefix=-", "after=x"])(
    "a list with ?%s is refused",
    async (query) => {
      const reply = await request(own.node.url).get(`/v1/counters?${query}`);
      expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
    },
  );
});
