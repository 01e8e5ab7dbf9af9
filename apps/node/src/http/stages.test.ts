import request from "supertest";

import { EventualNodes } from "../test-support/eventual-nodes.ts";
import { headerOf } from "../test-support/replies.ts";
import { TestNodes } from "../test-support/test-node.ts";
import { Stages } from "./stages.ts";

const raft = new TestNodes();
const eventual = new EventualNodes();
afterAll(async () => {
  await raft.end();
  await eventual.end();
});

/** Milliseconds by name, in the order of the header. */
function stagesIn(header: string | null): ReadonlyMap<string, number> {
  const parts = (header ?? "").split(", ").map((part) => {
    const [, name = part, ms = "NaN"] = /^(\w+);dur=(\d+\.\d{3})$/.exec(part) ?? [];
    return [name, Number(ms)] as const;
  });
  return new Map(parts);
}

/** All but the total are not more than that, as they come one after the other. */
function expectStages(header: string | null, names: readonly string[]): void {
  const stages = stagesIn(header);
  expect([...stages.keys()]).toEqual(names);
  const { total = NaN, leader = total, ...rest } = Object.fromEntries(stages);
  const sum = Object.values(rest).reduce((all, ms) => all + ms, 0);
  expect(sum).toBeLessThanOrEqual(leader);
  expect(leader).toBeLessThanOrEqual(total);
}

const writes = [
  { what: "a demo's call", send: (url: string) => request(url).post("/increment?timing") },
  {
    what: "an addition",
    send: (url: string) => request(url).post("/v1/counters/a/add?timing").send({ delta: 1 }),
  },
  {
    what: "a batch",
    send: (url: string) => {
      const ops = [1, 2].map((delta) => ({ op: "add", counter: "a", delta }));
      return request(url).post("/v1/batch?timing").send({ ops });
    },
  },
];

describe("Server-Timing of Raft mode", () => {
  it.each(writes)("has the stages of $what, at the leader and through others", async ({ send }) => {
    const cluster = await raft.three();
    await Promise.all(cluster.map(({ node }) => node.ready));
    const own = ["queue", "fsync", "raft"];
    const replies = await Promise.all(cluster.map(({ url }) => send(url).expect(200)));
    const headers = replies.map((reply) => headerOf(reply, "server-timing"));
    const sentOn = headers.filter((header) => header?.includes("leader;"));
    expect(sentOn).toHaveLength(2);
    for (const header of headers) {
      const names = header?.includes("leader;") ? [...own, "leader", "total"] : [...own, "total"];
      expectStages(header, names);
    }
  });

  it("of equal requests of one batch is told to who asks, and to nobody else", async () => {
    const { url } = await raft.single();
    const plain = Array.from({ length: 20 }, () => request(url).post("/v1/counters/a/increment"));
    const asked = request(url).post("/v1/counters/a/increment?timing");
    const [reply, ...others] = await Promise.all([asked, ...plain]);
    expectStages(headerOf(reply, "server-timing"), ["queue", "fsync", "raft", "total"]);
    for (const other of others) expect(headerOf(other, "server-timing")).toBeNull();
  });
});

describe("Server-Timing of eventual mode", () => {
  it.each(writes)("has the stages of $what", async ({ send }) => {
    const { url } = await eventual.single();
    const reply = await send(url).expect(200);
    expectStages(headerOf(reply, "server-timing"), ["queue", "fsync", "peers", "total"]);
  });

  it("says how long others took, where they were waited for", async () => {
    const [one] = await eventual.mesh(2);
    const reply = await request(one!.url)
      .post("/v1/counters/a/increment?ack=all&timing")
      .set("Prefer", "wait=30")
      .expect(200);
    const header = headerOf(reply, "server-timing");
    expectStages(header, ["queue", "fsync", "peers", "total"]);
    expect(stagesIn(header).get("peers")).toBeGreaterThan(0);
  });

  it("of a repetition says that nothing went to the disk", async () => {
    const { url } = await eventual.single();
    const send = () =>
      request(url).post("/v1/counters/a/increment?timing").set("Idempotency-Key", "k").expect(200);
    await send();
    const stages = stagesIn(headerOf(await send(), "server-timing"));
    expect([stages.get("fsync"), stages.get("peers")]).toEqual([0, 0]);
  });
});

describe("of reads and refusals", () => {
  it.each([
    { mode: "Raft mode", start: () => raft.single() },
    { mode: "eventual mode", start: () => eventual.single() },
  ])("it has the total: $mode", async ({ start }) => {
    const { url } = await start();
    for (const path of ["/v1/counters/none?timing", "/get?timing", "/readyz?timing"]) {
      const reply = await request(url).get(path);
      expectStages(headerOf(reply, "server-timing"), ["total"]);
    }
  });
});

describe("the header", () => {
  it("is rounded so that stages stay within the total", () => {
    const stages = new Stages();
    stages.set({ queue: 0.0009, fsync: 1.9999, raft: -0.0001 });
    expect(stages.header(2.0001, undefined)).toBe(
      "queue;dur=0.000, fsync;dur=1.999, raft;dur=0.000, total;dur=2.001",
    );
  });
  it("of a request that was sent on has what the leader said", () => {
    expect(new Stages().header(9, "queue;dur=1.000, total;dur=3.000")).toBe(
      "queue;dur=1.000, leader;dur=3.000, total;dur=9.000",
    );
  });
});
