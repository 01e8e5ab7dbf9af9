// How fast is consensus itself? Three cores in one thread, in memory, every write "durable" at once,
// every message delivered at once: what is left is the protocol.
import { RaftCore, bootstrap, defaultRaftOptions } from "../../packages/raft/dist/index.js";

const ids = ["n1", "n2", "n3"];
const command = new Uint8Array(64);

function newCluster() {
  const persisted = bootstrap(ids.map((id) => ({ id, address: id })));
  const cores = new Map();
  ids.forEach((id, at) => {
    const options = { ...defaultRaftOptions, id, seed: at + 1 };
    cores.set(id, { core: new RaftCore(options, persisted), committed: 0, sinceSnapshot: 0 });
  });
  return cores;
}

/** Carries out everything that the cores ask for, until all is quiet. */
function settle(cores) {
  for (let busy = true; busy;) {
    busy = false;
    for (const node of cores.values()) {
      const { core } = node;
      while (core.hasReady()) {
        busy = true;
        const ready = core.ready();
        for (const message of ready.messages) {
          cores.get(message.to).core.step({ type: "receive", message });
        }
        if (ready.write !== null) core.step({ type: "persisted", write: ready.write.id });
        if (ready.committed.length > 0) apply(node, ready.committed);
      }
    }
  }
}

function apply(node, entries) {
  node.core.step({ type: "applied", index: entries[entries.length - 1].index });
  node.committed += entries.length;
  node.sinceSnapshot += entries.length;
  if (node.sinceSnapshot < 8192) return;
  node.sinceSnapshot = 0;
  const snapshot = node.core.snapshotMeta();
  node.core.step({ type: "snapshotSaved", snapshot, retainEntries: 4096 });
}

/** Proposes `batch` commands one by one, then lets them commit. Answers commits per second. */
function run(batch, forMs) {
  const cores = newCluster();
  const leader = cores.get("n1").core;
  leader.step({ type: "campaign" });
  settle(cores);
  const commands = Array.from({ length: batch }, () => command);
  const startedMs = performance.now();
  let proposed = 0;
  let nowMs = startedMs;
  while (nowMs - startedMs < forMs) {
    for (let at = 0; at < 100; at += 1) {
      for (const one of commands)
        leader.step({ type: "propose", context: proposed, commands: [one] });
      settle(cores);
      proposed += batch;
    }
    nowMs = performance.now();
  }
  const { committed } = cores.get("n1");
  if (committed < proposed) throw new Error(`only ${committed} of ${proposed} were committed`);
  return proposed / ((nowMs - startedMs) / 1000);
}

/** One line a batch size: median and spread of several runs, after a warm-up. */
export function benchCore({ runs = 5, forMs = 1000 } = {}) {
  return [1, 64].map((batch) => {
    run(batch, forMs);
    const rates = Array.from({ length: runs }, () => run(batch, forMs)).sort((a, b) => a - b);
    return { batch, runs, median: rates[runs >> 1], least: rates[0], most: rates[runs - 1] };
  });
}

if (process.argv[1] === import.meta.filename) console.table(benchCore({ runs: 3 }));
