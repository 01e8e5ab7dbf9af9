// One node of the replay benchmark, in a process of its own: EventualNode on a real disk and real
// sockets. The parent tells it what to do and asks how it felt.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { EventualNode } from "../../packages/eventual/dist/index.js";
import { openFileJournal } from "../../packages/storage-file/dist/index.js";
import { HttpReplicaTransport } from "../../packages/transport-http/dist/index.js";
import { StallMeter } from "./stall-meter.mjs";

const { directory, keysMax } = JSON.parse(process.argv[2]);
const server = createServer().listen(0, "127.0.0.1");
await new Promise((done) => server.once("listening", done));
const address = `127.0.0.1:${server.address().port}`;
const meter = new StallMeter();
const seen = { bytes: 0, records: 0, snapshots: 0 };
let node = null;
let isCut = false;
let rssMax = 0;
setInterval(() => (rssMax = Math.max(rssMax, process.memoryUsage.rss())), 20).unref();

/** The network of this node, which the parent can cut without anybody's socket being closed. */
function cuttable(transport) {
  return {
    start: (handler) => transport.start(handler),
    exchange: (to, kind, request, signal) =>
      isCut ? Promise.reject(new Error("cut")) : transport.exchange(to, kind, request, signal),
    close: () => transport.close(),
  };
}

async function start({ peers }) {
  const transport = new HttpReplicaTransport({});
  server.on("request", (request, response) => {
    if (isCut) request.socket.destroy();
    else transport.handle(request, response);
  });
  node = await EventualNode.start({
    node: randomBytes(16).toString("hex"),
    address,
    label: address,
    peers: peers.filter((peer) => peer !== address),
    cluster: { id: "bench", fixed: true },
    journal: await openFileJournal(directory),
    transport: cuttable(transport),
    limits: { keysMax },
    observer: { onReady: ({ notes }) => notes.forEach(count) },
  });
  void node.stopped.then((error) => error !== null && process.send({ fatal: String(error) }));
}

function count(note) {
  if (note.type === "replayed" && note.direction === "in") {
    seen.bytes += note.bytes;
    seen.records += note.records;
  }
  if (note.type === "snapshot" && note.what === "ended") seen.snapshots += 1;
}

/** A key as a client makes it: UUIDv7, RFC 9562. */
function newKey(number) {
  const time = Date.now().toString(16).padStart(12, "0");
  const rest = number.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7abc-8def-${rest}`;
}

/** So many increments, by clients that each wait for their answer; every answer is on the disk. */
async function increments({ times, clients, keyed }) {
  let begun = 0;
  const client = async () => {
    for (let number = begun++; number < times; number = begun++) {
      const key = keyed ? { key: newKey(number) } : {};
      await node.add({ counter: "default", delta: 1n, ...key }, { timeoutMs: 60_000 });
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  return performance.now() - startedMs;
}

const orders = {
  start,
  increments,
  ready: () => node.status().ready && node.status().peers.every(({ up }) => up),
  value: () => String(node.value("default")),
  cut: ({ on }) => void (isCut = on),
  measure() {
    meter.reset();
    rssMax = process.memoryUsage.rss();
    Object.assign(seen, { bytes: 0, records: 0, snapshots: 0 });
  },
  measured: () => ({ ...meter.read(), rssMax, ...seen, retained: node.status().retainedBytes }),
  async stop() {
    meter.stop();
    await node.stop();
    server.close();
  },
};

process.on("message", async ({ order, number, ...rest }) => {
  try {
    process.send({ number, result: (await orders[order](rest)) ?? null });
  } catch (error) {
    process.send({ number, error: error.stack ?? String(error) });
  }
  if (order === "stop") process.disconnect();
});
process.send({ port: server.address().port });
