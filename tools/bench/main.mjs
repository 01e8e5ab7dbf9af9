// npm run bench: what consensus and the whole service can do on this machine, with the spread.
import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import yargs from "yargs";
import { benchCore } from "./core.mjs";
import { benchReplay, printReplay } from "./replay.mjs";
import { benchSnapshots, printSnapshots } from "./snapshot.mjs";
import { externalTarget, targets } from "./targets.mjs";
import { benchTurns, printTurns } from "./turns.mjs";

const options = yargs(process.argv.slice(2))
  .scriptName("npm run bench --")
  .usage(
    "$0 [core|cluster|snapshot|replay|turns ...] [options]\n\n" +
      "Measures the core in memory, a cluster over HTTP, what snapshots of a large state cost, what a\n" +
      "node of eventual mode has to do after a long partition, and the longest turns of the event loop\n" +
      "while many counters are saved and restored, and many keys are remembered of one counter.",
  )
  .option("clients", { type: "string", default: "1,64,256", describe: "concurrent clients" })
  .option("runs", { type: "number", default: 5, describe: "counted runs of each figure" })
  .option("seconds", { type: "number", default: 3, describe: "length of a run" })
  .option("beside", {
    type: "string",
    array: true,
    default: [],
    describe:
      "other systems in the same run: secured (tokens and a peer secret), eventual, eventual-spread, etcd (increments by compare-and-swap), etcd-put, redis (one, appendfsync always), or name=POST:http://host:port/path",
  })
  .option("megabytes", {
    type: "number",
    default: 100,
    describe: "snapshot: state of keys and values",
  })
  .option("keys", {
    type: "number",
    describe:
      "snapshot: remembered keys of a counter machine, in whole thousands [200,000]; turns: of one counter [1,000,000]",
  })
  .option("counters", { type: "number", default: 100_000, describe: "turns: counters, labelled" })
  .option("missed", {
    type: "number",
    default: 1_000_000,
    describe: "replay: increments that one node misses",
  })
  .option("json", { type: "string", describe: "also write all figures to this file" })
  .example("$0 core", "commits per second of the protocol alone")
  .example("$0 cluster --beside etcd", "the service and etcd, run by run in turn")
  .example(
    "$0 snapshot --megabytes 500",
    "stalls and throughput while snapshots are taken and sent",
  )
  .epilogue("Machines differ and are noisy: compare ratios within one run.")
  .strictOptions()
  .parseSync();

const wanted = options._.length === 0 ? ["core", "cluster"] : options._;
const report = {
  machine: { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version },
};
console.log(`${report.machine.cores} × ${report.machine.cpu}, Node ${report.machine.node}`);
if (wanted.includes("core")) report.core = core();
if (wanted.includes("cluster")) report.cluster = await cluster();
if (wanted.includes("snapshot")) report.snapshot = await snapshots();
if (wanted.includes("replay")) report.replay = await replays();
if (wanted.includes("turns")) report.turns = await turns();
if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(report, null, 2));

function core() {
  console.log("\nThe core alone: three in one thread, in memory, commits per second");
  const rows = benchCore({ runs: options.runs, forMs: options.seconds * 1000 });
  for (const { batch, median, least, most, recorded } of rows) {
    console.log(
      `  ${batch} at a time`.padEnd(20),
      `${thousands(median)}   (${thousands(least)} – ${thousands(most)})`.padEnd(40),
      `× ${recorded.toFixed(2)} with flight recorders`,
    );
  }
  return rows;
}

async function cluster() {
  const systems = await startAll();
  const rows = [];
  try {
    console.log("\nOver HTTP, closed loop, every answer durable on a majority");
    console.log("  system    clients      per second              p50 ms   p99 ms   CPU-ms/1000");
    for (const clients of options.clients.split(",").map(Number)) {
      const results = new Map([...systems.keys()].map((name) => [name, []]));
      for (const system of systems.values()) await measure(system, clients, 1); // warm-up
      for (let run = 0; run < options.runs; run += 1) {
        for (const [name, system] of systems) {
          results.get(name).push(await measure(system, clients, options.seconds));
        }
      }
      for (const [name, runs] of results) rows.push(summary(name, clients, runs));
    }
  } finally {
    for (const system of systems.values()) await system.stop();
  }
  return rows;
}

async function snapshots() {
  const load = { clients: 32, seconds: options.seconds };
  const { keys = 200_000 } = options;
  const report = {};
  for (const [machine, size, what] of [
    ["kv", options.megabytes, `${options.megabytes} MB of keys and values`],
    ["counter", keys / 1000, `a counter machine with ${thousands(keys)} keys`],
  ]) {
    console.log(`\nSnapshots of ${what}: three processes, durable, ${load.clients} writers`);
    report[machine] = await benchSnapshots({ machine, size, ...load });
    printSnapshots(report[machine]);
  }
  return report;
}

async function replays() {
  console.log("\nA partition of eventual mode: three processes, durable, 64 clients at one node");
  console.log("  stalls: the longest of any node, on the core · without the wait for a core · all");
  const rows = [];
  for (const keyed of [false, true]) {
    rows.push(await benchReplay({ times: options.missed, keyed, clients: 64 }));
    printReplay(rows.at(-1));
  }
  return rows;
}

async function turns() {
  const { counters, keys = 1_000_000 } = options;
  const report = {};
  for (const mode of ["raft", "eventual"]) {
    console.log(`\n${mode}: one process, ${thousands(counters)} counters, ${thousands(keys)} keys`);
    report[mode] = await benchTurns({ mode, counters, keys });
    printTurns(report[mode]);
  }
  return report;
}

async function startAll() {
  const systems = new Map([["counter", await targets.counter()]]);
  for (const beside of options.beside) {
    const [name, address] = beside.split(/=(.*)/s);
    const [method, url] = address === undefined ? [] : address.split(/:(.*)/s);
    const system = url === undefined ? await targets[name]?.() : externalTarget(method, url);
    if (system === null || system === undefined) console.error(`${name}: not installed, left out`);
    else systems.set(name, system);
  }
  return systems;
}

async function measure({ target, cpuMs }, clients, seconds) {
  const before = cpuMs();
  const result = await inProcess(target, { clients, seconds });
  const used = before === null ? null : ((cpuMs() - before) / result.requests) * 1000;
  return { ...result, cpuMsPerThousand: used };
}

function inProcess(target, loadOptions) {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, "load.mjs"));
    child.on("message", ({ result, error }) => {
      child.kill();
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    });
    child.send({ target, options: loadOptions });
  });
}

function summary(name, clients, runs) {
  const sorted = (field) => runs.map((run) => run[field]).sort((a, b) => a - b);
  const middle = (field) => sorted(field)[runs.length >> 1];
  const rates = sorted("perSecond");
  const cpu = middle("cpuMsPerThousand");
  const failed = runs.reduce((sum, run) => sum + run.failed, 0);
  console.log(
    `  ${name.padEnd(10)}${String(clients).padStart(5)}`,
    `${thousands(middle("perSecond")).padStart(12)}`,
    `(${thousands(rates[0])} – ${thousands(rates[rates.length - 1])})`.padEnd(22),
    middle("p50Ms").toFixed(2).padStart(7),
    middle("p99Ms").toFixed(2).padStart(8),
    (cpu === null ? "–" : cpu.toFixed(0)).padStart(9),
    failed > 0 ? `  ${failed} requests failed` : "",
  );
  return { name, clients, runs };
}

function thousands(value) {
  return Math.round(value).toLocaleString("en");
}
