// One server of the snapshot benchmark, in a process of its own: RaftNode on a real disk and real
// sockets, with a large state. The parent tells it what to do and asks how it felt.
import { PerformanceObserver, constants } from "node:perf_hooks";
import { createServer } from "node:http";
import { RaftNode } from "../../packages/raft/dist/index.js";
import { openFileStorage } from "../../packages/storage-file/dist/index.js";
import { HttpTransport } from "../../packages/transport-http/dist/index.js";
import { machines } from "./snapshot-machines.mjs";
import { StallMeter } from "./stall-meter.mjs";

const { id, directory, machine: kind, size } = JSON.parse(process.argv[2]);
const { machine, command } = await machines[kind](size);
const server = createServer().listen(0, "127.0.0.1");
await new Promise((done) => server.once("listening", done));
const meter = new StallMeter();
const load = { clients: 0, written: 0, stopped: Promise.resolve() };
let node = null;
let isCut = false;
let longestCollectionMs = 0;
new PerformanceObserver((list) => {
  for (const { duration, detail } of list.getEntries()) {
    if (detail.kind === constants.NODE_PERFORMANCE_GC_INCREMENTAL) continue;
    longestCollectionMs = Math.max(longestCollectionMs, duration);
  }
}).observe({ entryTypes: ["gc"] });

/** The network of this server, which the parent can cut without anybody's socket being closed. */
function cuttable(transport) {
  return {
    start: (handler) =>
      transport.start({
        receive: (message) => void (isCut || handler.receive(message)),
        unreachable: (peer) => handler.unreachable(peer),
      }),
    send: (message) => void (isCut || transport.send(message)),
    setMembers: (members) => transport.setMembers(members),
    close: () => transport.close(),
  };
}

async function start({ members, raft }) {
  const known = new Map();
  const transport = new HttpTransport({
    id,
    clusterId: "bench",
    directoryId: `directory-of-${id}`,
    knownDirectories: {
      get: (of) => known.get(of) ?? null,
      remember: (of, directoryId) => Promise.resolve(void known.set(of, directoryId)),
    },
  });
  transport.attach(server);
  const storage = await openFileStorage(directory);
  const snapshots = { everyEntries: 1e9, everyBytes: 1e12, retainEntries: 100 };
  const ports = { storage, transport: cuttable(transport), stateMachine: machine };
  node = await RaftNode.start({ id, members, snapshots, raft, ...ports });
  void node.stopped.then((error) => error !== null && process.send({ fatal: String(error) }));
}

/** A closed loop of writers beside the node; only a leader is asked to. */
async function client() {
  while (load.clients > 0) {
    await node.propose(command(load.written));
    load.written += 1;
  }
}

const orders = {
  start,
  status: () => ({ ...node.status(), fatal: null }),
  load({ clients }) {
    load.clients = clients;
    if (clients === 0) return load.stopped;
    load.stopped = Promise.all(Array.from({ length: clients }, client)).then(() => undefined);
  },
  written: () => load.written,
  async snapshot() {
    const startedMs = performance.now();
    await node.takeSnapshot();
    return performance.now() - startedMs;
  },
  cut: ({ on }) => void (isCut = on),
  measure() {
    meter.reset();
    longestCollectionMs = 0;
  },
  measured: () => ({ ...meter.read(), collectionMs: longestCollectionMs }),
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
