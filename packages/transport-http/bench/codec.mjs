/**
 * What a message costs: `node packages/transport-http/bench/codec.mjs`, after a build.
 *
 * Prints the median of several rounds, in microseconds.
 */
import { createServer } from "node:http";

import { decodeMessage, encodeMessage, HttpTransport, openFrame } from "@counter/transport-http";

const ROUNDS = 15;
const ends = { from: "n1", to: "n2" };

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Median time of one call in microseconds. */
function time(calls, run) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    for (let i = 0; i < calls; i += 1) run();
    return ((performance.now() - start) * 1000) / calls;
  });
  return median(rounds.slice(ROUNDS / 3)); // the first ones warm up
}

function appendOf(count, dataBytes) {
  const entries = Array.from({ length: count }, (_, i) => ({
    index: 1_000_001 + i,
    term: 7,
    kind: "command",
    data: new Uint8Array(dataBytes).fill(i),
  }));
  const rest = { term: 7, prevIndex: 1_000_000, prevTerm: 7, commitIndex: 999_990, readRound: 3 };
  return { type: "appendEntries", ...ends, ...rest, entries };
}

function decodeFrame(frame) {
  const { type, payloadStart: start } = openFrame(frame, { start: 4, end: frame.length });
  const payload = { type, bytes: frame, start, end: frame.length, owned: false, newer: false };
  return decodeMessage(payload, ends);
}

function benchCodec(count) {
  const message = appendOf(count, 64);
  const { head, body } = encodeMessage(message, 1);
  const frame = Buffer.concat(body === null ? [head] : [head, body]);
  const calls = count === 1 ? 100_000 : 10_000;
  // A fresh array each time: otherwise the entries would be encoded only once.
  const fresh = () => encodeMessage({ ...message, entries: [...message.entries] }, 1);
  const row = (what, run) =>
    console.log(`${what.padEnd(34)} ${time(calls, run).toFixed(2).padStart(8)} µs`);
  row(`encode ${count} × 64 bytes`, fresh);
  row(`encode ${count} × 64 bytes, second peer`, () => encodeMessage(message, 1));
  row(`decode ${count} × 64 bytes`, () => decodeFrame(frame));
}

async function listen(id) {
  const server = createServer((_, response) => response.end());
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const known = new Map();
  const transport = new HttpTransport({
    id,
    clusterId: "bench",
    directoryId: `directory-of-${id}`,
    knownDirectories: {
      get: (peer) => known.get(peer) ?? null,
      remember: async (peer, directoryId) => void known.set(peer, directoryId),
    },
  });
  transport.attach(server);
  return { id, server, transport, address: `127.0.0.1:${server.address().port}` };
}

async function benchRoundTrip() {
  const [n1, n2] = await Promise.all([listen("n1"), listen("n2")]);
  let onAnswer = () => undefined;
  const unreachable = () => undefined;
  const back = { from: "n2", to: "n1" };
  n1.transport.start({ receive: () => onAnswer(), unreachable });
  n2.transport.start({
    receive: ({ context }) =>
      n2.transport.send({ type: "readIndexResponse", ...back, term: 7, context, index: 1 }),
    unreachable,
  });
  const members = [n1, n2].map(({ id, address }) => ({ id, address }));
  for (const { transport } of [n1, n2]) transport.setMembers(members);
  while (!n1.transport.stats().peers.n2.dialled || !n2.transport.stats().peers.n1.dialled) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const times = [];
  for (let i = 0; i < 20_000; i += 1) {
    const start = performance.now();
    await new Promise((resolve) => {
      onAnswer = resolve;
      n1.transport.send({ type: "readIndexRequest", ...ends, term: 7, context: i });
    });
    times.push((performance.now() - start) * 1000);
  }
  const sorted = times.slice(2000).toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.floor(sorted.length * share)].toFixed(1);
  console.log(`loopback round trip, one process    p50 ${at(0.5)} µs, p99 ${at(0.99)} µs`);
  for (const { transport, server } of [n1, n2]) {
    await transport.close();
    server.close();
  }
}

benchCodec(1);
benchCodec(100);
await benchRoundTrip();
