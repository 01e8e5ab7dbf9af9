// How fast is consensus itself? Three cores in one thread, in memory, every write "durable" at once,
// every message delivered at once: what is left is the protocol.
import {
  FlightRecorder,
  RaftCore,
  bootstrap,
  defaultRaftOptions,
} from "../../packages/raft/dist/index.js";

const ids = ["n1", "n2", "n3"];
const command = new Uint8Array(64);

/** A core that a flight recorder watches, as RaftNode lets it. */
class RecordedCore extends RaftCore {
  #recorder = new FlightRecorder();

  constructor(options, persisted) {
    super(options, persisted);
    this.#recorder.onStart({ options, image: () => this.image() });
  }

  step(input) {
    this.#recorder.onInput(input);
    super.step(input);
  }

  ready() {
    const ready = super.ready();
    this.#recorder.onReady(ready);
    return ready;
  }
}

function newCluster(Core) {
  const persisted = bootstrap(ids.map((id) => ({ id, address: id })));
  const cores = new Map();
  ids.forEach((id, at) => {
    const options = { ...defaultRaftOptions, id, seed: at + 1 };
    cores.set(id, { core: new Core(options, persisted), committed: 0, sinceSnapshot: 0 });
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
function run(batch, forMs, Core = RaftCore) {
  const cores = newCluster(Core);
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

/**
 * One line a batch size: median and spread of several runs, after a warm-up. `recorded` is how fast
 * it is with a flight recorder on every core, as a part of that: the runs take turns.
 */
export function benchCore({ runs = 5, forMs = 1000 } = {}) {
  return [1, 64].map((batch) => {
    const rates = [];
    const recordedRates = [];
    for (let at = -1; at < runs; at += 1) {
      const rate = run(batch, forMs);
      const recordedRate = run(batch, forMs, RecordedCore);
      if (at < 0) continue; // warming up
      rates.push(rate);
      recordedRates.push(recordedRate);
    }
    for (const list of [rates, recordedRates]) list.sort((a, b) => a - b);
    const median = rates[runs >> 1];
    const recorded = recordedRates[runs >> 1] / median;
    return { batch, runs, median, least: rates[0], most: rates[runs - 1], recorded };
  });
}

if (process.argv[1] === import.meta.filename) console.table(benchCore({ runs: 3 }));
