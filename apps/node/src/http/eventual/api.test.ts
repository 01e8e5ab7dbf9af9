/** What one node in eventual mode answers. What nodes do together is in `eventual.test.ts`. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";

import request from "supertest";

import { until } from "../../../e2e/support/until.ts";
import { EventualNodes, type EventualTestNode } from "../../test-support/eventual-nodes.ts";
import { headerOf, jsonOf, refusalOf } from "../../test-support/replies.ts";

jest.setTimeout(60_000); // real nodes, on a machine that may be busy

const nodes = new EventualNodes();
let node: EventualTestNode;

beforeEach(async () => {
  node = await nodes.single();
});
afterEach(() => nodes.end());

const value = async (): Promise<string> => (await request(node.url).get("/get")).text;

/** A time-ordered key (UUIDv7) that was issued then. */
function keyOf(issuedAtMs: number): string {
  const hex = issuedAtMs.toString(16).padStart(12, "0") + randomBytes(10).toString("hex");
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `7${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ];
  return [...parts, hex.slice(20)].join("-");
}

describe("POST /increment", () => {
  test("adds one without a body, or a delta, and tells what it knows by then", async () => {
    await request(node.url).post("/increment").expect(200, "Incremented successfully");
    const reply = await request(node.url)
      .post("/increment")
      .set("Accept", "application/json")
      .send({ delta: "9007199254740993" });
    expect(jsonOf(reply)).toEqual({
      counter: "default",
      value: "9007199254740994",
      durability: { requested: "local", achieved: 1, storage: "file" },
    });
    expect(headerOf(reply, "counter-version")).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(await value()).toBe('{"counter":9007199254740994,"text":"9007199254740994"}\n');
  });

  test.each(["local", "majority", "all", "1"])(
    "who is alone reaches ?ack=%s at once",
    async (ack) => {
      await request(node.url).post(`/increment?ack=${ack}`).expect(200);
    },
  );

  test("more nodes than there are: it counts, and that is said", async () => {
    const reply = await request(node.url)
      .post("/increment?ack=2")
      .set("Prefer", "wait=0")
      .set("Accept", "application/json");
    expect(refusalOf(reply)).toEqual([504, "ack-timeout"]);
    expect(headerOf(reply, "counter-outcome")).toBe("applied");
    expect(jsonOf(reply)).toMatchObject({ outcome: "applied", value: "1" });
    expect(await value()).toBe('{"counter":1}\n');
  });

  test.each(["most", "0", "65", "-1", "1.5", ""])(
    "?ack=%s is refused, and nothing counts",
    async (ack) => {
      const reply = await request(node.url).post(`/increment?ack=${ack}`);
      expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
      expect(await value()).toBe('{"counter":0}\n');
    },
  );

  test("a delta that no counter can take is refused", async () => {
    const delta = (2n ** 63n).toString();
    const reply = await request(node.url).post("/increment").send({ delta });
    expect(refusalOf(reply)).toEqual([400, "delta-too-large"]);
  });

  test("unknown members and bodies of another type are refused", async () => {
    const unknown = await request(node.url).post("/increment").send({ by: 2 });
    expect(refusalOf(unknown)).toEqual([400, "validation-failed"]);
    const form = await request(node.url).post("/increment").type("form").send("delta=2");
    expect(refusalOf(form)).toEqual([415, "unsupported-media-type"]);
  });
});

describe("Idempotency-Key", () => {
  const send = (key: string, delta: number = 1): request.Test =>
    request(node.url).post("/increment").set("Idempotency-Key", key).send({ delta });

  test.each(["opaque", keyOf(Date.now())])(
    "%s counts once, and the answer comes again",
    async (key) => {
      const first = await send(key);
      expect([first.status, headerOf(first, "counter-idempotency-window")]).toEqual([200, "3600"]);
      expect(headerOf(first, "idempotent-replayed")).toBeNull();
      await request(node.url).post("/increment").expect(200);
      const again = await send(key).set("Accept", "application/json");
      expect(headerOf(again, "idempotent-replayed")).toBe("true");
      expect(jsonOf(again)["value"]).toBe("1");
      expect(await value()).toBe('{"counter":2}\n');
    },
  );

  test("with another delta it is refused", async () => {
    await send("k", 1);
    expect(refusalOf(await send("k", 2))).toEqual([422, "idempotency-key-reused"]);
  });

  test("that is older than those that are forgotten is refused: nobody knows what became of it", async () => {
    const old = Date.now() - 24 * 3_600_000;
    await send(keyOf(old)).expect(200); // nothing was forgotten yet
    await until("it is forgotten", async () => {
      const [status, code] = refusalOf(await send(keyOf(old - 1)));
      return status === 422 && code === "idempotency-key-expired";
    });
  });

  test("that is from the future is refused", async () => {
    const late = Date.now() + 24 * 3_600_000;
    expect(refusalOf(await send(keyOf(late)))).toEqual([422, "idempotency-key-in-future"]);
  });
});

describe("GET /get and /count", () => {
  test("answer what this node knows, with a token", async () => {
    const written = await request(node.url).post("/increment");
    const token = headerOf(written, "counter-version") ?? "";
    const read = await request(node.url).get("/get").set("Counter-At-Least", token);
    expect([read.status, read.text]).toEqual([200, '{"counter":1}\n']);
    const count = await request(node.url).get(`/count?atLeast=${token}`);
    expect(count.text).toBe("Current Counter: 1");
    expect(headerOf(count, "counter-version")).not.toBeNull();
  });

  test.each(["local", "quorum", "all"])(
    "consistency=%s is reached by who is alone",
    async (level) => {
      await request(node.url).get(`/get?consistency=${level}`).expect(200, '{"counter":0}\n');
    },
  );

  /** Of this cluster, and of a writer that nobody knows. */
  async function unknownToken(): Promise<string> {
    const reply = await request(node.url).post("/increment");
    const bytes = Buffer.from(headerOf(reply, "counter-version") ?? "", "base64url");
    bytes[3]! ^= 0xff;
    return bytes.toString("base64url");
  }

  test("what is not known yet is waited for, and then 503 with what is known", async () => {
    const token = await unknownToken();
    const reply = await request(node.url).get(`/get?atLeast=${token}`).set("Prefer", "wait=0");
    expect(refusalOf(reply)).toEqual([503, "not-yet-consistent"]);
    expect(headerOf(reply, "retry-after")).toBe("1");
    expect(headerOf(reply, "counter-version")).not.toBeNull();
  });

  test("unless the client takes a stale answer", async () => {
    const token = await unknownToken();
    const reply = await request(node.url)
      .get(`/get?atLeast=${token}&orStale`)
      .set("Prefer", "wait=0");
    expect([reply.status, reply.text]).toEqual([200, '{"counter":1}\n']);
    expect(headerOf(reply, "counter-stale")).toBe("true");
    expect(headerOf(reply, "preference-applied")).toBe("wait=0");
  });

  test("a token of another cluster is refused", async () => {
    const bytes = Buffer.from(await unknownToken(), "base64url");
    bytes[1]! ^= 0xff;
    const foreign = await request(node.url).get(`/get?atLeast=${bytes.toString("base64url")}`);
    expect(refusalOf(foreign)).toEqual([409, "token-foreign"]);
    const ofRaftMode = await request(node.url).get("/get?atLeast=AnnIaCAAwQE");
    expect(refusalOf(ofRaftMode)).toEqual([409, "token-foreign"]);
  });

  test.each([
    "atLeast=!",
    "atLeast=AQ",
    "consistency=linearizable",
    "consistency=leader",
    "maxStaleness=1s",
    "orStale",
    "atLeast=AQAA&orStale=maybe",
  ])("?%s is refused", async (query) => {
    expect(refusalOf(await request(node.url).get(`/get?${query}`))).toEqual([
      400,
      "validation-failed",
    ]);
  });
});

describe("what only raft mode can do", () => {
  test.each(["/next", "/v1/cluster/leader/transfer", "/v1/cluster/members/n/promote"])(
    "POST %s is 409",
    async (path) => {
      const reply = await request(node.url).post(path).set("Accept", "application/problem+json");
      expect(refusalOf(reply)).toEqual([409, "mode-mismatch"]);
      expect(String(jsonOf(reply)["detail"])).toContain("--mode=raft");
    },
  );

  test("in words that a script can look for", async () => {
    const reply = await request(node.url).post("/next");
    expect(reply.text).toBe("not available in eventual mode\n");
    expect(await value()).toBe('{"counter":0}\n');
  });
});

describe("backup and restore", () => {
  test("sets all counters to what they were", async () => {
    await request(node.url).post("/increment").send({ delta: 7 });
    const backup = await request(node.url).post("/backup").set("Accept", "application/json");
    const { path, counters } = jsonOf(backup);
    expect(counters).toBe(1);
    expect((await readFile(String(path))).toString()).toContain('{"name":"default","value":"7"}');
    await request(node.url).post("/increment");
    const restored = await request(node.url).post("/restore");
    expect([restored.status, restored.text]).toEqual([200, "FSM state restored from backup"]);
    expect(headerOf(restored, "counter-version")).not.toBeNull();
    expect(await value()).toBe('{"counter":7}\n');
    await request(node.url).post("/increment");
    expect(await value()).toBe('{"counter":8}\n');
  });

  test("takes no key: it would not be remembered", async () => {
    await request(node.url).post("/backup").expect(200);
    const reply = await request(node.url).post("/restore").set("Idempotency-Key", "k");
    expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
  });

  test("is 404 without a backup", async () => {
    expect(refusalOf(await request(node.url).post("/restore"))).toEqual([404, "backup-not-found"]);
  });
});

describe("what a node says of itself", () => {
  test("GET /status has the demo's keys and what there is to know", async () => {
    const status = jsonOf(await request(node.url).get("/status"));
    expect(status).toMatchObject({
      leader: { raftAddress: "", httpAddress: "", nodeID: "" },
      state: "Eventual",
      mode: "eventual",
      id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      nodes: [{ address: node.config.address, role: "nonvoter" }],
      peers: [],
      ready: true,
      boot: 1,
      conflicts: 0,
      keepsKeys: [],
    });
  });

  test("GET /health tells those who read JSON who it is", async () => {
    await request(node.url).get("/health").expect(200, "OK");
    // A node writes by itself now and then: one record may come between the two questions.
    await until("both say the same", async () => {
      const reply = await request(node.url).get("/health").set("Accept", "application/json");
      const { checks, status, mode, nodeId, ...health } = jsonOf(reply);
      const of = jsonOf(await request(node.url).get("/status"));
      expect([status, mode]).toEqual(["ok", "eventual"]);
      expect(checks).toBeDefined();
      expect(of).toMatchObject({ ...health, id: nodeId, vectorHash: of["vectorHash"] });
      return of["vectorHash"] === health["vectorHash"];
    });
  });

  test("is ready and alive", async () => {
    await request(node.url).get("/livez").expect(200, "ok");
    await request(node.url).get("/readyz").expect(200, "ok");
  });

  test("GET / lists what can be called", async () => {
    const { text } = await request(node.url).get("/");
    expect(text).toContain("?ack=");
    expect(text).not.toContain("linearizable");
    expect(text).toMatch(/\/next +in raft mode only$/m);
  });
});
