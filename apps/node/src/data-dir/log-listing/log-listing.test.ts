/** What the logs of real nodes say afterwards about who asked for what. */

import { call, type Called } from "../../test-support/calling.ts";
import { EventualNodes } from "../../test-support/eventual-nodes.ts";
import { jsonOf, leaderOf } from "../../test-support/replies.ts";
import { TestNodes, type TestNode } from "../../test-support/test-node.ts";
import { listLog, type LogQuery } from "./listing.ts";
import type { LogRow } from "./rows.ts";

const nodes = new TestNodes();
const eventual = new EventualNodes();
afterEach(async () => {
  await nodes.end();
  await eventual.end();
});

const spanId = "00f067aa0ba902b7";
/** Of a request; the same letter, the same trace. */
const traceId = (letter: string): string => letter.repeat(32);
const named = (letter: string): Record<string, string> => ({
  traceparent: `00-${traceId(letter)}-${spanId}-01`,
});

async function post(
  node: { readonly url: string },
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Called> {
  const reply = await call(node.url + path, {
    method: "POST",
    ...(body === null
      ? { headers }
      : {
          headers: { "content-type": "application/json", ...headers },
          body: JSON.stringify(body),
        }),
  });
  expect(reply.status).toBeLessThan(300);
  return reply;
}

async function rowsIn(directory: string, query: LogQuery = {}): Promise<LogRow[]> {
  return [...(await listLog(directory, query)).rows];
}

async function three(
  ...flags: readonly string[]
): Promise<{ readonly leader: TestNode; readonly followers: TestNode[] }> {
  const all = await nodes.three(...flags);
  await Promise.all(all.map(({ node }) => node.ready));
  const nodeId = leaderOf(await call(`${all[0]!.url}/status`));
  const leader = all.find(({ address }) => address === nodeId)!;
  return { leader, followers: all.filter((node) => node !== leader) };
}

/** Ends all nodes, once each has what was acknowledged with this token, of a write to a counter. */
async function stopped(counter: string, all: readonly TestNode[], last: Called): Promise<void> {
  const token = last.headers["counter-version"];
  if (typeof token !== "string") throw new Error(`no token came with ${last.status} ${last.text}`);
  const path = `/v1/counters/${counter}?consistency=local&atLeast=${encodeURIComponent(token)}`;
  for (const { url } of all) {
    let seen = 0;
    while (seen !== 200) seen = (await call(url + path, { headers: { prefer: "wait=5" } })).status;
  }
  await Promise.all(all.map(({ node }) => node.stop()));
}

const add = (delta: string): { readonly delta: string } => ({ delta });

describe("a log of which --keep-traces=given", () => {
  it("says on every node which request made which change", async () => {
    const { leader, followers } = await three("--keep-traces=given");
    const [other] = followers;
    const orders = "/v1/counters/orders/add";
    const key = { "idempotency-key": "k-1" };
    await post(leader, orders, add("1"), named("a"));
    await post(other!, orders, add("2"), named("b"));
    const first = await post(leader, orders, add("3"), { ...named("c"), ...key });
    const again = await post(other!, orders, add("3"), { ...named("d"), ...key });
    expect([again.headers["idempotent-replayed"], again.text]).toEqual(["true", first.text]);
    await post(leader, "/next", null, named("e"));
    const ops = [
      { counter: "x", op: "next" },
      { counter: "y", op: "set", value: "5" },
    ];
    await post(leader, "/v1/batch", { atomic: true, ops }, named("f"));
    const session = String(jsonOf(await post(leader, "/v1/sessions", null))["id"]);
    const step = { "counter-session": `${session}; seq=1; ack=0` };
    await post(other!, orders, add("4"), { ...named("1"), ...step });
    const malformed = { traceparent: `00-${traceId("2")}-${spanId}` };
    await post(leader, orders, add("5"), malformed);
    await post(other!, orders, add("6"));
    await post(other!, "/backup", null);
    await post(other!, "/restore", null, named("3"));
    const last = await post(leader, orders, add("0"));
    expect(JSON.parse(last.text)).toMatchObject({ value: "21" });
    await stopped("orders", [leader, ...followers], last);

    const rows = (await rowsIn(leader.config.dataDir))
      .filter(({ operation }) => operation !== null && operation !== "openSession")
      .map((row) => ({ ...row, committed: true }));
    const said = rows.map(({ counter, operation, details, key: keyed, within, traces }) => {
      const ids = traces.map((trace) => trace.traceId[0]).join();
      return [counter ?? "", operation, details["delta"] ?? "", keyed, within, ids]
        .join(" ")
        .trim();
    });
    expect(said).toEqual([
      "orders add 1 false  a",
      "orders add 2 false  b",
      "orders add 3 true  c",
      "orders add 3 true  d",
      "default next  false  e",
      "x next  false group f",
      "y set  false group f",
      "orders add 4 false session 1",
      "orders add 5 false",
      "orders add 6 false",
      "restore-begin  false  3",
      "restore-part  false  3",
      "restore-commit  true  3",
      "orders add 0 false",
    ]);
    for (const { config } of followers) {
      const theirs = (await rowsIn(config.dataDir)).filter(({ traces }) => traces.length > 0);
      // A follower may not have written down yet that it was committed.
      const settled = theirs.map((row) => ({ ...row, committed: true }));
      expect(settled).toEqual(rows.filter(({ traces }) => traces.length > 0));
      const found = await rowsIn(config.dataDir, { trace: traceId("b") });
      expect(found).toMatchObject([{ counter: "orders", details: { delta: "2" } }]);
    }
    expect(await rowsIn(leader.config.dataDir, { trace: traceId("2") })).toEqual([]);
  });
});

describe("requests of one turn", () => {
  it("are named each, also where their operations became one", async () => {
    const one = await nodes.single("--keep-traces=given");
    const letters = Array.from("abcdef123456789");
    await Promise.all(
      letters.map((letter) => post(one, "/v1/counters/c/add", add("1"), named(letter))),
    );
    await one.node.stop();
    const rows = await rowsIn(one.config.dataDir, { counter: "c" });
    const ids = rows.flatMap(({ traces }) => traces.map((trace) => trace.traceId));
    expect(ids.sort()).toEqual(letters.map(traceId).sort());
    expect(rows.reduce((sum, { times }) => sum + times, 0)).toBe(letters.length);
    for (const { times, traces } of rows) expect(traces).toHaveLength(times);
    const found = await rowsIn(one.config.dataDir, { trace: traceId("a") });
    expect(found).toHaveLength(1);
    expect(found[0]!.traces).toContainEqual({ traceId: traceId("a"), spanId });
  });
});

describe("by default", () => {
  it("nothing of a trace is kept, and commands are as they were", async () => {
    const one = await nodes.single();
    await post(one, "/v1/counters/c/add", add("1"), named("a"));
    await one.node.stop();
    const rows = await rowsIn(one.config.dataDir, { counter: "c" });
    expect(rows).toMatchObject([{ operation: "add", traces: [] }]);
  });
});

describe("a log of which --keep-traces=all", () => {
  it("names traces too that began at a node, whichever was asked", async () => {
    const { leader, followers } = await three("--keep-traces=all");
    await post(leader, "/v1/counters/c/add", add("1"));
    const last = await post(followers[0]!, "/v1/counters/c/add", add("2"));
    await stopped("c", [leader, ...followers], last);
    const rows = await rowsIn(leader.config.dataDir, { counter: "c" });
    const ids = rows.flatMap(({ traces }) => traces.map((trace) => trace.traceId));
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe("the journal of an eventual node", () => {
  it("says what was written, with sums in place of requests", async () => {
    const one = await eventual.single();
    const key = { "idempotency-key": "k-1" };
    await post(one, "/v1/counters/c/add", add("5"), { ...named("a"), ...key });
    await post(one, "/v1/counters/d/add", add("-2"));
    await post(one, "/v1/counters/d/reset", null);
    await one.node.stop();
    const { mode, rows } = await listLog(one.config.dataDir, {});
    expect(mode).toBe("eventual");
    const ofCounters = [...rows].filter(({ counter }) => counter !== null);
    expect(ofCounters).toMatchObject([
      { kind: "record", counter: "c", operation: "add", details: { delta: "5" }, key: true },
      { kind: "record", counter: "d", details: { plus: "0", minus: "2" }, key: false },
      { kind: "record", counter: "d", operation: "reset" },
      { kind: "record", counter: "d", details: { plus: "0", minus: "0" } }, // what it is reset to
    ]);
    expect(ofCounters.flatMap(({ traces }) => traces)).toEqual([]);
  });
});

describe("what is asked for", () => {
  it("are entries from one index to another, and what replaces every counter", async () => {
    const one = await nodes.single();
    for (const counter of ["a", "b", "a"]) await post(one, `/v1/counters/${counter}/add`, add("1"));
    await post(one, "/backup", null);
    await post(one, "/restore", null);
    await one.node.stop();
    const { dataDir } = one.config;
    const all = await rowsIn(dataDir);
    expect(all.map(({ index }) => index)).toEqual(all.map((_, at) => at + 1));
    const ofA = await rowsIn(dataDir, { counter: "a" });
    expect(ofA.map(({ operation }) => operation)).toEqual(["add", "add", "restore-commit"]);
    const [first, second] = ofA;
    const range = { from: first!.index + 1, to: second!.index };
    expect(await rowsIn(dataDir, { counter: "a", ...range })).toEqual([second]);
    expect(await rowsIn(`${dataDir}/raft`)).toEqual(all);
  });
});
