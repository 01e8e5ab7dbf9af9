import request from "supertest";

import { EventualNodes } from "../../test-support/eventual-nodes.ts";
import { ownRaftCounter } from "../../test-support/own-counter.ts";
import { headerOf, jsonOf, refusalOf, withoutTrace } from "../../test-support/replies.ts";

const own = ownRaftCounter();
const { post, value } = own;

async function opened(url: string = own.node.url): Promise<string> {
  return String(jsonOf(await request(url).post("/v1/sessions").expect(201))["id"]);
}

let session: string;
const at = (seq: number, ack = 0): string => `${session}; seq=${seq}; ack=${ack}`;
beforeEach(async () => {
  session = await opened();
});

describe("POST /v1/sessions", () => {
  test("begins a session, another one each time", async () => {
    const reply = await request(own.node.url).post("/v1/sessions").send({}).expect(201);
    const { id, ...more } = jsonOf(reply);
    expect(more).toEqual({ idleTimeoutMs: 3_600_000, unacknowledgedMax: 64 });
    expect(id).toMatch(/^s[0-9a-f]{8}-[1-9][0-9]*$/);
    expect(headerOf(reply, "location")).toBe(`/v1/sessions/${String(id)}`);
    expect(await opened()).not.toBe(id);
  });

  it.each([
    { what: "a key", headers: { "idempotency-key": "k" } },
    { what: "a session", headers: { "counter-session": "s00000000-1; seq=1" } },
    { what: "a condition", headers: { "if-match": "*" } },
  ])("takes no $what", async ({ headers }) => {
    const reply = await request(own.node.url).post("/v1/sessions").set(headers);
    expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
  });

  test("is refused when there are as many as there may be, until one is ended", async () => {
    const { url } = await own.nodes.single("--sessions-max=2");
    const first = await opened(url);
    await opened(url);
    const refused = await request(url).post("/v1/sessions");
    expect(refusalOf(refused)).toEqual([503, "session-table-full"]);
    expect(headerOf(refused, "retry-after")).toBe("1");
    await request(url).delete(`/v1/sessions/${first}`).expect(204);
    await opened(url);
    const status = jsonOf(await request(url).get("/v1/status").expect(200));
    expect(status["sessions"]).toBe(2);
  });
});

describe("DELETE /v1/sessions/{id}", () => {
  test("ends it, and does no harm a second time", async () => {
    await post("/increment").set("Counter-Session", at(1)).expect(200);
    for (let times = 0; times < 2; times += 1) {
      await request(own.node.url).delete(`/v1/sessions/${session}`).expect(204);
    }
    const reply = await post("/increment").set("Counter-Session", at(1));
    expect(refusalOf(reply)).toEqual([409, "session-unknown"]);
    expect(jsonOf(reply)["outcome"]).toBe("unknown");
    expect(await value()).toBe("1");
  });

  test("wants the id of a session", async () => {
    const reply = await request(own.node.url).delete("/v1/sessions/17");
    expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
  });
});

describe("Counter-Session", () => {
  it.each(own.writes)(
    "$what is done once, and answered alike: $status",
    async ({ send, status }) => {
      const first = await send().set("Counter-Session", at(1));
      const again = await send().set("Counter-Session", `"${session}";ack=0 ;seq=1`);
      expect([first.status, again.status]).toEqual([status, status]);
      expect(withoutTrace(again)).toBe(withoutTrace(first));
      expect(headerOf(first, "idempotent-replayed")).toBeNull();
      expect(headerOf(again, "idempotent-replayed")).toBe("true");
      expect(headerOf(again, "counter-idempotency-window")).toBeNull();
      expect(headerOf(again, "counter-version")).toBe(headerOf(first, "counter-version"));
    },
  );

  test("goes by the body, however it is spelled", async () => {
    const send = (delta: unknown) => post("/add", { delta }).set("Counter-Session", at(1));
    await send("5").expect(200);
    await send(5).expect(200).expect("Idempotent-Replayed", "true");
    const reply = await send(6);
    expect(refusalOf(reply)).toEqual([422, "session-number-reused"]);
    expect(jsonOf(reply)["outcome"]).toBe("not-applied");
    expect(await value()).toBe("5");
  });

  test("keeps no answer that is acknowledged, and does nothing of it again", async () => {
    await post("/increment").set("Counter-Session", at(1)).expect(200);
    await post("/increment").set("Counter-Session", at(2, 1)).expect(200);
    const reply = await post("/increment").set("Counter-Session", at(1));
    expect(refusalOf(reply)).toEqual([422, "session-number-acknowledged"]);
    expect(jsonOf(reply)["outcome"]).toBe("unknown");
    expect(await value()).toBe("2");
  });

  test("may be 64 ahead of what is acknowledged, and no further", async () => {
    await post("/increment").set("Counter-Session", at(65, 1)).expect(200);
    const reply = await post("/increment").set("Counter-Session", at(66, 1));
    expect(refusalOf(reply)).toEqual([409, "session-window-full"]);
    expect(await value()).toBe("1");
  });

  test("stands for a whole batch", async () => {
    const ops = [
      { op: "add", counter: own.name, delta: 1 },
      { op: "cas", counter: own.name, expected: "9", value: "10" },
    ];
    const send = (atomic: boolean, seq: number) =>
      request(own.node.url).post("/v1/batch").send({ ops, atomic }).set("Counter-Session", at(seq));
    const first = await send(false, 1).expect(200);
    expect(headerOf(first, "idempotent-replayed")).toBeNull();
    const again = await send(false, 1).expect(200).expect("Idempotent-Replayed", "true");
    expect(again.text).toBe(first.text);
    expect(refusalOf(await send(true, 1))).toEqual([422, "session-number-reused"]);
    for (const replayed of [null, "true"]) {
      const refused = await send(true, 2);
      expect(refusalOf(refused)).toEqual([412, "version-mismatch"]);
      expect(jsonOf(refused)["index"]).toBe(1);
      expect(headerOf(refused, "idempotent-replayed")).toBe(replayed);
    }
    expect(await value()).toBe("1");
    const keyed = [{ ...ops[0], key: "k" }];
    const mixed = await request(own.node.url)
      .post("/v1/batch")
      .send({ ops: keyed })
      .set("Counter-Session", at(3));
    expect(refusalOf(mixed)).toEqual([400, "validation-failed"]);
  });

  it.each([
    { header: (id: string) => id, because: "it has no number" },
    { header: (id: string) => `${id}; seq=0`, because: "numbers begin at 1" },
    { header: (id: string) => `${id}; seq=1; seq=2`, because: "it has two numbers" },
    { header: (id: string) => `${id}; seq=2; ack=2`, because: "the answer is there" },
    { header: (id: string) => `${id}; seq=1; age=3`, because: "that means nothing" },
    { header: (id: string) => `${id}; seq=-1`, because: "it is negative" },
    { header: (id: string) => `${id}; seq=99999999999999999`, because: "it is too large" },
    { header: (id: string) => `${id}, ${id}; seq=1`, because: "there are two" },
    { header: () => "17; seq=1", because: "that is no session" },
    { header: () => "", because: "it is empty" },
  ])("is refused when $because", async ({ header }) => {
    const reply = await post("/increment").set("Counter-Session", header(session));
    expect(refusalOf(reply)).toEqual([400, "validation-failed"]);
    expect(reply.text).toContain('"header":"Counter-Session"');
  });

  test("goes without a key, and with calls of /v1 on counters alone", async () => {
    const both = post("/increment").set({ "counter-session": at(1), "idempotency-key": "k" });
    expect(refusalOf(await both)).toEqual([400, "validation-failed"]);
    for (const path of ["/increment", "/next"]) {
      const legacy = request(own.node.url).post(path).set("Counter-Session", at(1));
      expect(refusalOf(await legacy)).toEqual([400, "validation-failed"]);
    }
  });

  test("of another cluster is unknown here", async () => {
    const foreign = `s00000000-${session.split("-")[1]}`;
    const reply = await post("/increment").set("Counter-Session", `${foreign}; seq=1`);
    expect(refusalOf(reply)).toEqual([409, "session-unknown"]);
  });

  test("is as good as a key where writes must have one", async () => {
    const { url } = await own.nodes.single("--require-idempotency-key");
    const id = await opened(url);
    const send = () => request(url).post("/v1/counters/a/increment");
    expect(refusalOf(await send())).toEqual([428, "precondition-required"]);
    await send().set("Counter-Session", `${id}; seq=1`).expect(200);
    const ops = [{ op: "add", counter: "a", delta: 1 }];
    const batch = request(url).post("/v1/batch").send({ ops });
    await batch.set("Counter-Session", `${id}; seq=2; ack=1`).expect(200);
  });

  test("ends when it is not used for as long as it was told", async () => {
    const { url } = await own.nodes.single("--session-timeout=1s");
    const id = await opened(url);
    const send = (seq: number) =>
      request(url).post("/v1/counters/a/increment").set("Counter-Session", `${id}; seq=${seq}`);
    await send(1).expect(200);
    const gone = async (): Promise<boolean> => {
      // Other writes make the time of the log go by, and are no use of the session.
      await request(url).post("/v1/counters/b/increment").expect(200);
      const status = jsonOf(await request(url).get("/v1/status"));
      return status["sessions"] === 0;
    };
    while (!(await gone())) continue;
    expect(refusalOf(await send(1))).toEqual([409, "session-unknown"]);
    expect((await request(url).get("/v1/counters/a")).body).toMatchObject({ value: "1" });
  });
});

test("a node in eventual mode has no sessions", async () => {
  const nodes = new EventualNodes();
  try {
    const { url } = await nodes.single();
    expect(refusalOf(await request(url).post("/v1/sessions"))).toEqual([409, "mode-mismatch"]);
    const write = request(url).post("/v1/counters/a/increment");
    const refused = await write.set("Counter-Session", "s00000000-1; seq=1");
    expect(refusalOf(refused)).toEqual([409, "mode-mismatch"]);
    const ended = await request(url).delete("/v1/sessions/s00000000-1");
    expect(refusalOf(ended)).toEqual([409, "mode-mismatch"]);
  } finally {
    await nodes.end();
  }
});
