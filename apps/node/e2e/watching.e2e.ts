/** Watching real processes: through the death of a leader, and with a thousand who watch one counter. */
import { Agent, request, type ClientRequest } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

import { EventStream } from "../src/test-support/event-stream.ts";
import { withCluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster-node.ts";
import { spread, tell } from "./support/figures.ts";
import { residentMiB } from "./support/memory.ts";
import { until } from "./support/until.ts";

const counter = "/v1/counters/watched";

async function add(node: ClusterNode, agent?: Agent): Promise<void> {
  const headers = { "content-type": "application/json" };
  const more = { headers, body: '{"delta":"1"}', timeoutMs: 20_000 };
  const reply = await node.post(`${counter}/add`, agent === undefined ? more : { ...more, agent });
  if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
}

test("a watch on a follower goes on when the leader is killed, and never goes back", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const leader = await cluster.leader();
    const [follower, other] = await cluster.followers();
    await add(follower!);
    const client = await EventStream.open(`http://127.0.0.1:${follower!.port}${counter}/watch`);
    await client.until("the first write", () => client.lastValue === "1");
    await leader.kill();
    await until("a write succeeds", async () => {
      await add(other!);
      return true;
    });
    await client.until("a write after the leader's death", () => Number(client.lastValue) > 1);
    const values = client.events.map(({ data }) => Number(data["value"] ?? 0));
    expect(values).toEqual([...values].sort((left, right) => left - right));
    expect(client.ended).toBe(false);
    client.close();
  }));

const watchersMany = 1000;
const writesPerSecond = 1000;
const loadMs = 20_000;

test(`${watchersMany} watchers of one counter with ${writesPerSecond} writes a second: all see the last write, memory is flat`, () =>
  withCluster({ flags: ["--watchers-max=1024"] }, async (cluster) => {
    await cluster.start();
    const [node] = await cluster.followers();
    const leader = await cluster.leader();
    await add(leader);
    const watchers = Array.from({ length: watchersMany }, () => new Watcher(node!.port));
    await until("all watch", () => watchers.every(({ events }) => events > 0));
    const lags: number[] = [];
    const memory: number[] = [];
    const agent = new Agent({ keepAlive: true, maxSockets: 32 });
    const endMs = performance.now() + loadMs;
    let written = 1;
    const probing = (async () => {
      for (; performance.now() < endMs; await pause(200)) {
        const beganMs = performance.now();
        await node!.get("/livez");
        lags.push(performance.now() - beganMs);
        memory.push((await residentMiB(node!.process.pid)) ?? 0);
      }
    })();
    for (let turn = performance.now(); turn < endMs; turn += 20) {
      await pause(Math.max(0, turn - performance.now()));
      const adds = Array.from({ length: (writesPerSecond * 20) / 1000 }, () => add(leader, agent));
      written += (await Promise.all(adds)).length;
    }
    await probing;
    agent.destroy();
    await until("all see the last write", () =>
      watchers.every(({ value }) => value === String(written)),
    );
    const events = watchers.reduce((sum, watcher) => sum + watcher.events, 0);
    tell("writes a second", String(Math.round((written * 1000) / loadMs)));
    tell("events a second to each watcher", (events / watchersMany / (loadMs / 1000)).toFixed(1));
    tell("GET /livez meanwhile", spread(lags));
    tell("memory in MiB, every 200 ms", memory.map((mib) => mib.toFixed(0)).join(" "));
    for (const watcher of watchers) watcher.close();
    // At first the heap grows to the size at which it is swept.
    const half = memory[memory.length >> 1] ?? 0;
    expect((memory.at(-1) ?? 0) - half).toBeLessThan(64);
  }));

/** As little of a client as will do: a thousand of them share this process. */
class Watcher {
  events = 0;
  value = "";
  readonly #request: ClientRequest;

  constructor(port: number) {
    const path = `${counter}/watch`;
    this.#request = request({ port, host: "127.0.0.1", path, agent: false }, (reply) => {
      reply.setEncoding("utf8");
      reply.on("data", (text: string) => {
        for (const [, value = ""] of text.matchAll(/"value":"(\d+)"/g)) {
          this.events += 1;
          this.value = value;
        }
      });
      reply.on("error", () => undefined); // closed by us
    });
    this.#request.on("error", () => undefined);
    this.#request.end();
  }

  close(): void {
    this.#request.destroy();
  }
}
