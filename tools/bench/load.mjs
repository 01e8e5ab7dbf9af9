// A closed-loop load: each client sends its next request when the last one was answered. Plain sockets,
// since a load that costs as much as what it measures measures itself.
import { connect } from "node:net";
import { createHistogram } from "node:perf_hooks";

import * as protocols from "./protocols.mjs";

/**
 * @param target - { hosts: [{ host, port }], protocol, … }: the name of a protocol (`http` if none) and
 * what it takes; client i talks to host i mod n
 * @returns { requests, seconds, failed, p50Ms, p99Ms, maxMs }
 */
export async function load(target, { clients, seconds }) {
  const run = { histogram: createHistogram(), failed: 0, requests: 0, endsAt: 0 };
  const startedAt = performance.now();
  run.endsAt = startedAt + seconds * 1000;
  await Promise.all(Array.from({ length: clients }, (_, at) => client(target, at, run)));
  const took = (performance.now() - startedAt) / 1000;
  const percentile = (p) => run.histogram.percentile(p) / 1e6;
  return {
    requests: run.requests,
    failed: run.failed,
    seconds: took,
    perSecond: run.requests / took,
    p50Ms: percentile(50),
    p99Ms: percentile(99),
    maxMs: run.histogram.max / 1e6,
  };
}

function client(target, at, run) {
  const { host, port } = target.hosts[at % target.hosts.length];
  const { request, answered } = protocols[target.protocol ?? "http"](target, `${host}:${port}`);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    let sentAt = 0;
    let received = Buffer.alloc(0);
    const send = () => {
      sentAt = performance.now();
      if (sentAt >= run.endsAt) return socket.end(resolve);
      socket.write(request);
    };
    socket.on("connect", send);
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const reply = answered(received);
      if (reply === null) return;
      received = received.subarray(reply.length);
      if (reply.next !== null) return void socket.write(reply.next);
      run.histogram.record(Math.max(1, Math.round((performance.now() - sentAt) * 1e6)));
      if (reply.ok) run.requests += 1;
      else run.failed += 1;
      send();
    });
  });
}

// As a process of its own, so that the load does not share a thread with who reports it.
if (process.send !== undefined && process.argv[1] === import.meta.filename) {
  process.on("message", async ({ target, options }) => {
    try {
      process.send({ result: await load(target, options) });
    } catch (error) {
      process.send({ error: String(error) });
    }
  });
}
