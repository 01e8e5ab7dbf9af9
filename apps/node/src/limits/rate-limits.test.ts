/** Quotas of real nodes, by whichever way a request comes in. The quota is of an hour: none comes back. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { newToken } from "../security/token-file.ts";
import { BothModes } from "../test-support/both-modes.ts";
import { call, type Called } from "../test-support/calling.ts";
import { EventStream } from "../test-support/event-stream.ts";
import { newFolder } from "../test-support/stored-node.ts";
import { TestNodes } from "../test-support/test-node.ts";

const both = new BothModes();
afterEach(() => both.end());

const json = { "content-type": "application/json" };

const get = (url: string, path: string, headers = {}): Promise<Called> =>
  call(`${url}${path}`, { headers });
const add = (url: string, name: string, headers = {}): Promise<Called> =>
  call(`${url}/v1/counters/${name}/add`, {
    method: "POST",
    headers: { ...json, ...headers },
    body: '{"delta":"1"}',
  });
const left = ({ headers }: Called, policy = "principal"): number =>
  Number(new RegExp(`"${policy}";r=(\\d+)`).exec(String(headers["ratelimit"]))?.[1]);

describe.each(both.modes)("in $mode mode", ({ start }) => {
  it("every reply says what is left, and then it is 429, whichever way the request comes in", async () => {
    const url = await start("--rate-limit=8/1h");
    const chunked = { ...json, "transfer-encoding": "chunked" };
    const replies = [
      await add(url, "likes"),
      await get(url, "/v1/counters/likes"),
      await call(`${url}/v1/counters/likes`, { method: "HEAD" }),
      await add(url, "likes", chunked), // by Express
      await get(url, "/v1/counters/nothing"),
      await call(`${url}/v1/counters/likes/add`, { method: "POST", headers: json, body: "{" }),
      await call(`${url}/v1/counters/likes/add`, { method: "POST", body: " ".repeat(70_000) }),
      await get(url, "/get"),
    ];
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 404, 400, 413, 200]);
    expect(replies.map((reply) => left(reply))).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
    for (const { headers } of replies) {
      expect(headers["ratelimit-policy"]).toBe('"principal";q=8;w=3600');
      expect(headers["ratelimit"]).toMatch(/^"principal";r=\d;t=\d+$/);
    }
    const refused = [
      await add(url, "likes"),
      await get(url, "/v1/counters/likes"),
      await call(`${url}/v1/counters/likes`, { method: "HEAD" }),
      await add(url, "likes", chunked),
      await get(url, "/v1/watch"),
      await get(url, "/get"),
    ];
    expect(refused.map(({ status }) => status)).toEqual([429, 429, 429, 429, 429, 429]);
    const { headers, text } = refused[0]!;
    expect(headers).toMatchObject({
      "content-type": "application/problem+json",
      "counter-code": "quota-exceeded",
      "counter-outcome": "not-applied",
      "ratelimit-policy": '"principal";q=8;w=3600',
      ratelimit: `"principal";r=0;t=${headers["retry-after"]}`,
    });
    expect(Number(headers["retry-after"])).toBeGreaterThan(400); // 3600 s for 8
    expect(Number(headers["retry-after"])).toBeLessThanOrEqual(450);
    expect(JSON.parse(text)).toMatchObject({
      type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
      status: 429,
      code: "quota-exceeded",
      outcome: "not-applied",
      retryable: true,
      "violated-policies": ["principal"],
    });
    expect(await get(url, "/get").then(({ text: line }) => line)).toMatch(/^quota-exceeded: .*\n$/);
  });

  it("probes, pages, metrics and what an operator does are never refused, nor counted", async () => {
    const url = await start("--rate-limit=1/1h");
    await get(url, "/get");
    for (const path of ["/livez", "/readyz", "/health", "/", "/openapi.json", "/v1/snapshot"]) {
      const reply = await get(url, path);
      expect([path, reply.status, reply.headers["ratelimit"]]).toEqual([path, 200, undefined]);
    }
    const metrics = await get(url, "/metrics");
    expect((await get(url, "/get")).status).toBe(429);
    expect(metrics.text).not.toMatch(/^counter_rate_limited_total\{.*\} [1-9]/m);
    expect((await get(url, "/metrics")).text).toMatch(
      /^counter_rate_limited_total\{policy="principal"\} 1$/m,
    );
  });

  it("counters with one namespace share its quota, and others have theirs", async () => {
    const url = await start("--rate-limit=100/1h", "--rate-limit-namespace=2/1h");
    const first = await add(url, "shop.orders");
    expect(first.headers["ratelimit-policy"]).toBe(
      '"principal";q=100;w=3600, "namespace";q=2;w=3600',
    );
    expect([left(first), left(first, "namespace")]).toEqual([99, 1]);
    expect(left(await get(url, "/v1/counters/shop:carts"), "namespace")).toBe(0);
    const refused = await add(url, "shop.orders");
    expect(JSON.parse(refused.text)).toMatchObject({ "violated-policies": ["namespace"] });
    // Nothing was taken from the other quota for it.
    expect(left(await add(url, "bank"))).toBe(97);
    const list = await get(url, "/v1/counters");
    expect([list.status, left(list)]).toEqual([200, 96]);
    expect(list.headers["ratelimit"]).not.toMatch(/namespace/);
  });

  it("each operation of a batch counts, also beyond the quota, and counters that are made", async () => {
    const url = await start("--rate-limit=10/1h", "--rate-limit-namespace=3/1h");
    const batch = (...names: readonly string[]): Promise<Called> => {
      const ops = names.map((counter) => ({ op: "add", counter, delta: "1" }));
      const body = JSON.stringify({ ops });
      return call(`${url}/v1/batch`, { method: "POST", headers: json, body });
    };
    const made = await call(`${url}/v1/counters`, {
      method: "POST",
      headers: json,
      body: '{"name":"a.x"}',
    });
    expect([made.status, left(made), left(made, "namespace")]).toEqual([201, 9, 2]);
    const three = await batch("a.1", "b.1", "b.2");
    expect([three.status, left(three), left(three, "namespace")]).toEqual([200, 6, 1]);
    const over = await batch("b.1", "c.1", "c.2", "c.3", "c.4");
    expect([over.status, left(over), left(over, "namespace")]).toEqual([200, 1, 0]);
    const refused = await batch("d.1", "c.1");
    expect(JSON.parse(refused.text)).toMatchObject({
      code: "quota-exceeded",
      "violated-policies": ["namespace"],
    });
    expect((await get(url, "/get")).status).toBe(429); // the batch has cost its one
    expect((await get(url, "/v1/snapshot")).text).not.toMatch(/"d\.1"/);
  });

  it("a stream counts when it is opened, and says so in its head", async () => {
    const url = await start("--rate-limit=2/1h");
    const stream = await EventStream.open(`${url}/v1/counters/likes/watch`);
    expect(stream.headers["ratelimit"]).toMatch(/^"principal";r=1;/);
    await add(url, "likes");
    await stream.until("the addition", () => stream.lastValue === "1");
    stream.close();
    expect((await add(url, "likes")).status).toBe(429);
  });

  it("nobody is exempt by saying that he passes a request on", async () => {
    const url = await start("--rate-limit=1/1h");
    const said = { "counter-forwarded": "127.0.0.1:1", "counter-principal": '{"name":"x"}' };
    await get(url, "/get", said);
    expect((await get(url, "/get", said)).status).toBe(429);
  });

  it("tokens of one name share a quota; who has another name has another", async () => {
    const grant = { scopes: ["read"] } as const;
    const made = ["ann", "ann", "bob"].map((name) =>
      newToken({ ...grant, scopes: ["read"], name }),
    );
    const file = join(await newFolder(), "tokens.json");
    const tokens = made.map(({ entry }) => entry);
    await writeFile(file, JSON.stringify({ tokens }), { mode: 0o600 });
    const url = await start("--rate-limit=2/1h", `--auth-file=${file}`);
    const [one, two, bob] = made.map(({ token }) => ({ authorization: `Bearer ${token}` }));
    const statuses: number[] = [];
    for (const headers of [one, two, one, two, bob]) {
      statuses.push((await get(url, "/get", headers)).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429, 200]);
    expect((await get(url, "/get")).status).toBe(401);
  });

  it("without a limit nothing is said of any", async () => {
    const { headers } = await get(await start(), "/get");
    expect(Object.keys(headers).filter((name) => name.startsWith("ratelimit"))).toEqual([]);
  });
});

test("a request that is sent on to the leader counts once, at the node that took it", async () => {
  const nodes = new TestNodes();
  try {
    const secret = join(await nodes.directory(), "secret");
    await writeFile(secret, "a secret of this cluster and no other", { mode: 0o600 });
    const flags = ["--rate-limit=3/1h", `--peer-secret-file=${secret}`];
    const cluster = await nodes.three(...flags);
    await Promise.all(cluster.map(({ node }) => node.ready));
    // As many as each node has, although all of them end at one.
    for (const { url } of cluster) {
      const replies = [await add(url, "a"), await add(url, "a"), await add(url, "a")];
      expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(replies.map((reply) => left(reply))).toEqual([2, 1, 0]);
      expect((await add(url, "a")).status).toBe(429);
    }
  } finally {
    await nodes.end();
  }
});
