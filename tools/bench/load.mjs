// A closed-loop HTTP load: each client sends its next request when the last one was answered.
// Plain sockets, since a load that costs as much as what it measures measures itself.
import { connect } from "node:net";
import { createHistogram } from "node:perf_hooks";

/**
 * @param target - { hosts: [{ host, port }], method, path, headers, body }; client i talks to host i mod n
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
  const bytes = requestBytes(target, `${host}:${port}`);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    let sentAt = 0;
    let received = Buffer.alloc(0);
    const send = () => {
      sentAt = performance.now();
      if (sentAt >= run.endsAt) return socket.end(resolve);
      socket.write(bytes);
    };
    socket.on("connect", send);
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const response = parse(received);
      if (response === null) return;
      received = received.subarray(response.length);
      run.histogram.record(Math.max(1, Math.round((performance.now() - sentAt) * 1e6)));
      if (response.status < 300) run.requests += 1;
      else run.failed += 1;
      send();
    });
  });
}

function requestBytes({ method, path, headers = {}, body = "" }, host) {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (method !== "GET") lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

/** @returns { status, length } of the first whole response, or null */
function parse(buffer) {
  const head = buffer.indexOf("\r\n\r\n");
  if (head < 0) return null;
  const text = buffer.latin1Slice(0, head).toLowerCase();
  const status = Number(text.slice(9, 12));
  const sized = /\r\ncontent-length: *(\d+)/.exec(text);
  if (sized !== null) {
    const length = head + 4 + Number(sized[1]);
    return buffer.length < length ? null : { status, length };
  }
  if (!text.includes("\r\ntransfer-encoding: chunked")) return { status, length: head + 4 };
  const end = buffer.indexOf("0\r\n\r\n", head + 4);
  return end < 0 ? null : { status, length: end + 5 };
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
