/** Input that nobody should send: refused, counted for nothing, survived without growth. */
import { randomBytes } from "node:crypto";

import { withCluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster-node.ts";
import { tell } from "./support/figures.ts";
import { exchange, type Call } from "./support/http.ts";
import { residentMiB } from "./support/memory.ts";
import { dial, flood, tellRaw } from "./support/raw.ts";
import { until } from "./support/until.ts";

const halfOpen = 500;
/** Clients that send a whole request and never read the reply. */
const unread = 50;
const json = { "content-type": "application/json" };
const head = (line: string, ...headers: readonly string[]): string =>
  `${[line, "Host: x", ...headers].join("\r\n")}\r\n\r\n`;

const badRequests: readonly (Omit<Call, "port"> & { readonly status: number })[] = [
  { method: "GET", path: "/next", status: 405 },
  { method: "PUT", path: "/next", status: 405 },
  { method: "DELETE", path: "/get", status: 405 },
  { method: "POST", path: "/get", status: 405 },
  { method: "HEAD", path: "/next", status: 405 },
  { method: "POST", path: "/nope", status: 404 },

  { method: "GET", path: "/../../etc/passwd", status: 404 },
  { method: "GET", path: "/%00%ff", status: 404 },
  { method: "GET", path: "/__proto__", status: 404 },
  { method: "GET", path: "/get?consistency=none", status: 400 },
  { method: "GET", path: "/raft/stream", status: 404 },
  { method: "POST", path: "/increment", body: "{", headers: json, status: 400 },
  { method: "POST", path: "/increment", body: "[]", headers: json, status: 400 },
  { method: "POST", path: "/increment", body: '{"delta":1e400}', headers: json, status: 400 },
  { method: "POST", path: "/increment", body: '{"delta":0.5}', headers: json, status: 400 },
  { method: "POST", path: "/increment", body: '{"delta":null}', headers: json, status: 400 },
  { method: "POST", path: "/increment", body: '{"__proto__":1}', headers: json, status: 400 },
  { method: "POST", path: "/increment", body: "\u0000\u0001", headers: json, status: 400 },
  { method: "POST", path: "/increment", body: randomBytes(64), headers: json, status: 400 },
  { method: "POST", path: "/increment", body: "delta=1", status: 415 },
  { method: "POST", path: "/increment", body: " ".repeat(65_537), headers: json, status: 413 },
  { method: "POST", path: "/next", headers: { "idempotency-key": "" }, status: 400 },
  { method: "POST", path: "/next", headers: { "idempotency-key": "k".repeat(256) }, status: 400 },
  { method: "POST", path: "/restore", body: '{"file":"../x"}', headers: json, status: 404 },
];

/** Each is answered by a 4xx or by hanging up, never by a 2xx. */
const rawInputs: readonly (readonly [what: string, bytes: string | Uint8Array])[] = [
  ["random bytes", randomBytes(4096)],
  ["a TLS hello", Buffer.from("16030100a5010000a10303", "hex")],
  ["a version that does not exist", head("POST /next HTTP/9.9")],
  ["two lengths", head("POST /next HTTP/1.1", "Content-Length: 0", "Content-Length: 5")],
  [
    "a length and chunks",
    head("POST /next HTTP/1.1", "Content-Length: 4", "Transfer-Encoding: chunked") + "0\r\n\r\n",
  ],
  ["a broken chunk", head("POST /next HTTP/1.1", "Transfer-Encoding: chunked") + "zz\r\n"],
  ["a header of 20 KB", head("POST /next HTTP/1.1", `X: ${"x".repeat(20_000)}`)],
  ["a peer that is none", head("GET /raft/stream HTTP/1.1", "Connection: Upgrade", "Upgrade: x")],
  [
    "a peer of another cluster",
    head(
      "GET /raft/stream HTTP/1.1",
      ...["Connection: Upgrade", "Upgrade: counter-raft/1", "counter-raft-version: 1.0"],
      ...["counter-raft-cluster: other", "counter-raft-from: a", "counter-raft-to: b"],
    ) + randomBytes(2000).toString("latin1"),
  ],
  ["an upgrade elsewhere", head("GET /nope HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket")],
];

async function attack(nodes: readonly ClusterNode[]): Promise<void> {
  for (const { port } of nodes) {
    for (const { status, ...call } of badRequests) {
      const reply = await exchange({ ...call, port });
      const answered = { path: call.path, method: call.method, status: reply.status };
      expect(answered).toEqual({ path: call.path, method: call.method, status });
    }
    const statuses = await Promise.all(rawInputs.map(([, bytes]) => tellRaw(port, bytes)));
    const told = statuses.map((list, place) => `${rawInputs[place]![0]}: ${list.join(" ")}`);
    for (const line of told) expect(line).toMatch(/: (4\d\d)?$/);
  }
}

test("bad requests and bytes that are none get 4xx on every node, and the counter stays as it is", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    expect(await cluster.nodes[0]!.next()).toBe(1);
    await attack(cluster.nodes);
    expect(await cluster.values()).toEqual([1, 1, 1]);
    for (const node of cluster.nodes) {
      const stray = node.lines.filter((line) => / error |unexpected|TypeError/.test(line));
      expect(stray).toEqual([]);
    }
  }));

test("good requests in one piece are all answered; garbage behind them ends the connection", () =>
  withCluster({ nodes: 1 }, async (cluster) => {
    await cluster.start();
    const node = cluster.nodes[0]!;
    const good = head("POST /next HTTP/1.1");
    expect(await tellRaw(node.port, good.repeat(1000))).toEqual(Array(1000).fill("200"));
    expect(await node.value()).toBe(1000);
    const statuses = await tellRaw(node.port, good + good + "garbage\r\n\r\n");
    expect(statuses.at(-1)).toBe("400");
    expect(await node.next()).toBeLessThanOrEqual(1003);
  }));

test("bodies without end are cut off, and memory stays what it was", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const node = cluster.nodes[0]!;
    const { pid } = node.process;
    const pour = async (): Promise<void> => {
      const length = "Content-Length: 1000000000";
      for (const path of ["/next", "/increment", "/get", "/restore", "/nope"]) {
        for (const size of [length, "Transfer-Encoding: chunked\r\n\r\n10000000"]) {
          await flood(node.port, head(`POST ${path} HTTP/1.1`, size), 64 * 1024 * 1024);
        }
      }
    };
    await pour(); // what a process takes once does not count as growth
    await attack([node]);
    const before = await residentMiB(pid);
    for (let round = 0; round < 3; round += 1) await pour();
    await attack([node]);
    const after = await residentMiB(pid);
    expect(await cluster.values()).toEqual([0, 0, 0]);
    expect(await node.next()).toBe(1);
    if (before === null || after === null) return;
    tell("memory after endless bodies", `${before.toFixed(0)} to ${after.toFixed(0)} MiB`);
    expect(after - before).toBeLessThan(50);
  }));

test(`${halfOpen} half-open connections and ${unread} unread replies: others are served, and they are closed in time`, () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const node = cluster.nodes[0]!;
    for (let i = 0; i < 200; i += 1) await node.get("/get?consistency=local");
    const before = await residentMiB(node.process.pid);
    const opened = performance.now();
    const sockets = await Promise.all(
      Array.from({ length: halfOpen + unread }, async (_, i) => {
        const socket = await dial(node.port);
        socket.write(
          i < halfOpen ? "POST /next HTTP/1.1\r\nHost" : head("POST /next HTTP/1.1", "X: y"),
        );
        return socket;
      }),
    );
    const replies: number[] = [];
    for (let i = 0; i < 100; i += 1) replies.push((await node.post("/next")).status);
    expect(replies.filter((status) => status === 200).length).toBeGreaterThanOrEqual(90);

    const closing = sockets.slice(0, halfOpen);
    for (const socket of sockets) socket.resume();
    await until(
      "all half-open ones are closed",
      () => closing.every((socket) => socket.closed),
      35_000,
    );
    const seconds = ((performance.now() - opened) / 1000).toFixed(1);
    tell(`${halfOpen} half-open connections, until all are closed`, `${seconds} s`);
    for (const socket of sockets) socket.destroy();
    const counted = replies.filter((status) => status === 200).length + unread;
    expect(await cluster.values()).toEqual([counted, counted, counted]);
    const after = await residentMiB(node.process.pid);
    if (before === null || after === null) return;
    tell("memory after half-open connections", `${before.toFixed(0)} to ${after.toFixed(0)} MiB`);
    expect(after - before).toBeLessThan(50);
  }));
