import { readFile } from "node:fs/promises";

import request from "supertest";

import { headerOf, jsonOf, refusalOf } from "../test-support/replies.ts";
import { TestNodes, type TestNode } from "../test-support/test-node.ts";
import { createHttpServer } from "./server.ts";

const nodes = new TestNodes();
let node: TestNode;

beforeEach(async () => {
  node = await nodes.single();
});
afterEach(() => nodes.end());

const value = async (): Promise<string> => (await request(node.url).get("/get")).text;

describe("POST /next", () => {
  test("hands out 1, 2, 3 as lines of text", async () => {
    for (const line of ["1\n", "2\n", "3\n"]) {
      const reply = await request(node.url).post("/next");
      expect([reply.status, reply.type, reply.text]).toEqual([200, "text/plain", line]);
    }
  });

  test("speaks JSON to those who ask for it, with the number as a string", async () => {
    const reply = await request(node.url).post("/next").set("Accept", "application/json");
    expect(reply.body).toEqual({ counter: "default", value: "1" });
  });

  test("many at once get different numbers without a gap", async () => {
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => request(node.url).post("/next")),
    );
    const numbers = replies.map(({ text }) => Number(text)).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, place) => place + 1));
  });

  test("takes an empty JSON object, but nothing that it would ignore", async () => {
    await request(node.url).post("/next").send({}).expect(200, "1\n");
    await request(node.url).post("/next").send({ count: 5 }).expect(400);
    expect(await value()).toBe('{"counter":1}\n');
  });
});

describe("POST /increment", () => {
  test("adds one without a body", async () => {
    await request(node.url).post("/increment").expect(200, "Incremented successfully");
    expect(await value()).toBe('{"counter":1}\n');
  });

  test("adds a delta exactly, beyond 2^53 too, and tells the new value", async () => {
    const delta = "12345678901234567890123456789";
    const reply = await request(node.url)
      .post("/increment")
      .set("Accept", "application/json")
      .send({ delta });
    expect(reply.body).toEqual({ counter: "default", value: delta });
    await request(node.url).post("/increment").send({ delta: -9 }).expect(200);
    expect(await value()).toBe(
      '{"counter":12345678901234567890123456780,"text":"12345678901234567890123456780"}\n',
    );
  });
});

describe("reading", () => {
  test("/get is the demo's body, /count its sentence", async () => {
    await request(node.url).post("/next");
    const get = await request(node.url).get("/get");
    expect([get.type, get.text]).toEqual(["application/json", '{"counter":1}\n']);
    expect(headerOf(get, "cache-control")).toBe("no-store");
    await request(node.url).get("/count").expect(200, "Current Counter: 1");
  });

  test("HEAD is GET without the body", async () => {
    const reply = await request(node.url).head("/get").expect(200);
    expect(headerOf(reply, "content-length")).toBe("14");
  });
});

describe("Idempotency-Key", () => {
  test("a repeated write is done once and answered alike", async () => {
    const post = () => request(node.url).post("/next").set("Idempotency-Key", '"k-1"');
    const first = await post();
    const second = await post();
    expect([first.text, second.text]).toEqual(["1\n", "1\n"]);
    expect(headerOf(first, "idempotent-replayed")).toBeNull();
    expect(headerOf(second, "idempotent-replayed")).toBe("true");
    expect(headerOf(second, "counter-idempotency-window")).toBe("3600");
    expect(await value()).toBe('{"counter":1}\n');
  });

  test("bare and quoted keys are the same key", async () => {
    await request(node.url).post("/next").set("Idempotency-Key", "k").expect(200, "1\n");
    await request(node.url).post("/next").set("Idempotency-Key", '"k"').expect(200, "1\n");
  });

  test("the same amount in another spelling is the same request", async () => {
    const post = (delta: unknown) =>
      request(node.url).post("/increment").set("Idempotency-Key", "k").send({ delta });
    await post(2).expect(200);
    await post("2").expect(200).expect("Idempotent-Replayed", "true");
    expect(await value()).toBe('{"counter":2}\n');
  });

  test("a key that was used for something else is refused, and nothing is done", async () => {
    const post = (delta: number) =>
      request(node.url).post("/increment").set("Idempotency-Key", "k").send({ delta });
    await post(2).expect(200);
    const reply = await post(3);
    expect(refusalOf(reply)).toEqual([422, "idempotency-key-reused"]);
    expect(reply.text).toContain("take a new key");
    expect(await value()).toBe('{"counter":2}\n');
  });

  test("the answer is still known after a restart", async () => {
    await request(node.url).post("/next").set("Idempotency-Key", "k").expect(200, "1\n");
    await node.node.stop();
    const { config } = node;
    const server = createHttpServer();
    node = await nodes.start({ server, port: config.port }, config.dataDir);
    await node.node.ready;
    const reply = await request(node.url).post("/next").set("Idempotency-Key", "k");
    expect([reply.text, headerOf(reply, "idempotent-replayed")]).toEqual(["1\n", "true"]);
  });
});

test("when the table of keys is full, a new key is refused for now", async () => {
  const small = await nodes.single("--idempotency-max=1");
  await request(small.url).post("/next").set("Idempotency-Key", "a").expect(200);
  const reply = await request(small.url).post("/next").set("Idempotency-Key", "b");
  expect(refusalOf(reply)).toEqual([503, "idempotency-table-full"]);
  expect(headerOf(reply, "retry-after")).toBe("1");
});

describe("backup and restore", () => {
  test("brings the counter back, through the log", async () => {
    await request(node.url).post("/increment").send({ delta: 41 });
    const backup = await request(node.url).post("/backup").expect(200);
    expect(backup.text).toMatch(/^FSM state backed up\n\/.+\.backup\nPOST \/restore .*\n$/);
    await request(node.url).post("/increment").send({ delta: 1000 });
    await request(node.url).post("/restore").expect(200, "FSM state restored from backup");
    expect(await value()).toBe('{"counter":41}\n');
  });

  test("tells where the backup is, and its hash", async () => {
    await request(node.url).post("/next");
    const reply = await request(node.url).post("/backup").set("Accept", "application/json");
    const { path, index, sha256 } = jsonOf(reply);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(typeof index).toBe("number");
    expect(await readFile(String(path), "utf8")).toContain(
      '{"name":"default","value":"1","issued":"1"}',
    );
  });

  test("a chosen backup is taken, a missing one is 404", async () => {
    const backup = () => request(node.url).post("/backup").set("Accept", "application/json");
    await request(node.url).post("/next");
    const { path } = jsonOf(await backup());
    await request(node.url).post("/increment").send({ delta: 10 });
    await backup();
    const file = String(path).split("/").at(-1);
    await request(node.url).post("/restore").send({ file }).expect(200);
    expect(await value()).toBe('{"counter":1}\n');
    await request(node.url).post("/restore").send({ file: "../identity.json" }).expect(404);
  });

  test("without any backup a restore is 404 and changes nothing", async () => {
    const reply = await request(node.url).post("/restore");
    expect(refusalOf(reply)).toEqual([404, "backup-not-found"]);
  });

  test("a damaged backup is refused", async () => {
    const type = "application/vnd.counter.backup";
    const reply = await request(node.url)
      .post("/restore")
      .set("Content-Type", type)
      .send("{}\n[]\n");
    expect(refusalOf(reply)).toEqual([500, "backup-damaged"]);
  });
});

describe("what is refused", () => {
  const increment = () => request(node.url).post("/increment");
  it.each([
    { what: "bad JSON", send: () => increment().type("json").send("{"), status: 400 },
    {
      what: "a rounded number",
      send: () => increment().type("json").send('{"delta":9007199254740993}'),
      status: 400,
    },
    { what: "a fraction", send: () => increment().send({ delta: 0.5 }), status: 400 },
    { what: "an unknown member", send: () => increment().send({ by: 1 }), status: 400 },
    { what: "a form", send: () => increment().type("form").send("delta=1"), status: 415 },
    {
      what: "a compressed body",
      send: () => increment().set("Content-Encoding", "gzip").send({}),
      status: 415,
    },
    {
      what: "a body beyond 64 KiB",
      send: () => increment().type("json").send(" ".repeat(65_537)),
      status: 413,
    },
    { what: "a bad key", send: () => increment().set("Idempotency-Key", "a b"), status: 400 },
    { what: "an unknown path", send: () => request(node.url).get("/nothing"), status: 404 },
    { what: "GET for a write", send: () => request(node.url).get("/next"), status: 405 },
    { what: "POST for a read", send: () => request(node.url).post("/get"), status: 405 },
    { what: "HEAD for a write", send: () => request(node.url).head("/increment"), status: 405 },
  ])("$what: $status", async ({ send, status }) => {
    const reply = await send();
    expect(reply.status).toBe(status);
    expect(headerOf(reply, "counter-outcome")).toBe("not-applied");
    expect(await value()).toBe('{"counter":0}\n');
  });

  test("405 says what is allowed", async () => {
    expect(headerOf(await request(node.url).get("/next"), "allow")).toBe("POST, OPTIONS");
    expect(headerOf(await request(node.url).delete("/get"), "allow")).toBe("GET, HEAD, OPTIONS");
  });

  test("a problem is JSON for those who read it, and one line for the others", async () => {
    const json = await request(node.url).get("/next").set("Accept", "application/json");
    expect(json.type).toBe("application/problem+json");
    expect(json.body).toMatchObject({ code: "method-not-allowed", outcome: "not-applied" });
    const text = await request(node.url).get("/next");
    expect([text.type, text.text]).toEqual([
      "text/plain",
      "method-not-allowed: use POST (not-applied)\n",
    ]);
  });
});

describe("status and health", () => {
  test("/status has the demo's keys", async () => {
    await request(node.url).post("/next");
    const body = jsonOf(await request(node.url).get("/status").expect(200));
    const { address } = node;
    expect(body).toMatchObject({
      leader: { raftAddress: address, httpAddress: address, nodeID: address },
      nodes: [{ address, id: address, role: "voter" }],
      state: "Leader",
      mode: "raft",
      version: "0.0.0-test",
      clusterId: node.config.clusterId,
      peers: [],
      counters: 1,
    });
    expect([typeof body["lastIndex"], typeof body["startedInMs"]]).toEqual(["number", "number"]);
  });

  it.each([
    { path: "/health", body: "OK" },
    { path: "/livez", body: "ok" },
    { path: "/readyz", body: "ok" },
  ])("$path is well", async ({ path, body }) => {
    await request(node.url).get(path).expect(200, body);
  });

  test("?verbose names every check", async () => {
    const { text } = await request(node.url).get("/readyz?verbose");
    expect(text).toBe("[+]started ok\n[+]leader ok\n[+]applied ok\n[+]draining ok\n");
  });

  test("JSON by Accept", async () => {
    const reply = await request(node.url).get("/livez").set("Accept", "application/json");
    expect(reply.body).toMatchObject({ status: "ok", checks: [{ name: "loop", ok: true }, {}] });
  });
});

describe("--compat=strict", () => {
  test("writes are accepted by GET", async () => {
    const strict = await nodes.single("--compat=strict");
    await request(strict.url).get("/next").expect(200, "1\n");
    await request(strict.url).get("/increment").expect(200);
    await request(strict.url).head("/next").expect(405);
    await request(strict.url).get("/get").expect(200, '{"counter":2}\n');
  });
});
