/** Nodes of eventual mode as they are on a good day, and what was promised of the demo they replace. */
import { promised, tell } from "../support/figures.ts";
import { agree, countOf, increment, newKey, viewOf, withEventual } from "../support/eventual.ts";
import { headerOf } from "../support/http.ts";
import { until } from "../support/until.ts";

const soonMs = 1000;

test("ten clients that add at the same time make ten", () =>
  withEventual({ nodes: 1 }, async (cluster) => {
    await cluster.start();
    const [node] = cluster.nodes;
    await Promise.all(Array.from({ length: 10 }, () => increment(node!)));
    expect(await countOf(node!)).toBe(10);
  }));

test("an increment at one of two nodes is at both within a second, and is one", () =>
  withEventual({ nodes: 2 }, async (cluster) => {
    await cluster.start();
    await increment(cluster.nodes[0]!);
    const tookMs = await agree(cluster.nodes, 1);
    tell("one increment, until the other node has it", `${Math.round(tookMs)} ms`);
    expect(tookMs).toBeLessThan(promised(soonMs));
  }));

test("three nodes take increments everywhere, agree within a second, and answer as the demo did", () =>
  withEventual({}, async (cluster) => {
    await cluster.start();
    for (const node of cluster.nodes) await increment(node, { delta: 2 });
    const tookMs = await agree(cluster.nodes, 6);
    expect(tookMs).toBeLessThan(promised(soonMs));
    const node = cluster.nodes[0]!;
    expect((await node.get("/health")).text.trim()).toBe("OK");
    expect((await node.post("/increment")).text.trim()).toBe("Incremented successfully");
    expect(JSON.parse((await node.get("/get")).text)).toEqual({ counter: 7 });
    const next = await node.post("/next");
    expect([next.status, next.text.trim()]).toEqual([409, "not available in eventual mode"]);
  }));

test("after one has left the others go on", () =>
  withEventual({}, async (cluster) => {
    await cluster.start();
    const [a, b, c] = cluster.nodes;
    await increment(c!);
    await agree(cluster.nodes, 1);
    const { id } = await viewOf(c!);
    const reply = await a!.call("DELETE", `/v1/cluster/members/${id}`);
    expect(reply.status).toBeLessThan(300);
    expect((await c!.process.end()).code).toBe(4);
    await increment(b!);
    await agree([a!, b!], 2);
    expect((await a!.get("/health")).status).toBe(200);
  }));

test("a read with the tokens of writes sees them at another node at once", () =>
  withEventual({}, async (cluster) => {
    await cluster.start();
    const tokens: string[] = []; // that of a write stands for this write, not for what others wrote
    for (let round = 1; round <= 10; round += 1) {
      const from = cluster.nodes[round % 3]!;
      const at = cluster.nodes[(round + 1) % 3]!;
      const written = await from.post("/increment", { headers: { "idempotency-key": newKey() } });
      const token = headerOf(written, "counter-version");
      expect(token).not.toBeNull();
      tokens.push(token!);
      const read = await at.get("/get", { headers: { "counter-at-least": tokens.join(",") } });
      expect([read.status, read.text.trim()]).toEqual([200, `{"counter":${round}}`]);
    }
  }));

test("a node that is named before it exists changes no value, and has all of them when it is ready", () =>
  withEventual({}, async (cluster) => {
    await cluster.start();
    for (const node of cluster.nodes) await increment(node, { delta: 10 });
    const added = await cluster.joiner();
    await cluster.nodes[0]!.kill();
    cluster.nodes[0]!.start(`--newnode=${added.port}`);
    await cluster.nodes[0]!.ready();
    const stop = new AbortController();
    const counting = (async () => {
      let acknowledged = 0;
      for (; !stop.signal.aborted; acknowledged += 1) await increment(cluster.nodes[1]!);
      return acknowledged;
    })();
    added.start("--mode=eventual");
    await added.ready();
    await until("it has been met", async () => {
      const { peers } = await viewOf(cluster.nodes[2]!);
      return peers.some(({ address, up }) => address === added.address && up);
    });
    stop.abort();
    const total = 30 + (await counting);
    await agree(cluster.nodes, total);
    await increment(added);
    await agree(cluster.nodes, total + 1);
  }));

test("acknowledged by a majority means: on the disks of two of three", () =>
  withEventual({}, async (cluster) => {
    await cluster.start();
    const [a, b, c] = cluster.nodes;
    await increment(a!, { query: "?ack=majority" });
    await increment(a!, { query: "?ack=all" });
    await b!.kill();
    await increment(a!, { query: "?ack=majority" });
    await c!.kill();
    const late = await a!.post("/increment?ack=majority", { headers: { prefer: "wait=1" } });
    expect(late.status).toBe(504);
    expect(late.text).toMatch(/appl/);
    expect(await countOf(a!)).toBe(4);
  }));
