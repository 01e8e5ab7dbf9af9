// Removes the rules of the Raft core and of the gossip core one at a time, then breaks the contract
// of the host of Raft clause by clause, and lets the simulator find out. A rule that can be removed
// unnoticed has no guard: the exit code is 1 then. The same file starts the worker threads: one takes
// a mutant after the other, so that all processors hunt.
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import ts from "typescript";

const root = resolve(import.meta.dirname, "..");
const sources = {
  raft: join(root, "packages/raft/src"),
  eventual: join(root, "packages/eventual/src"),
  gossip: join(root, "packages/gossip/src"),
  counter: join(root, "packages/state-machine/src"),
};
const tables = join(root, "packages/sim/src/test-support");

const help = `npm run mutants -- [--only NAME] [--seeds 5000] [--list]

Each mutant is packages/raft without one rule of its core or of exactlyOnce, packages/eventual without
one rule of its core (names eventual-…), packages/gossip likewise (gossip-…), packages/state-machine
without one rule of the counters (counter-…), or a host that breaks one clause of its contract. Seeds 1, 2, 3 … are run against it until an invariant breaks. Prints a line a mutant: what
killed it, and after how many seeds.

  --only NAME   only mutants whose name contains NAME (may be repeated)
  --seeds N     most seeds a mutant; default 5000
  --workers N   threads; default: one for each processor
  --trace       the trace of the run that killed it as well, made smaller first
  --list        the rules, without running anything

Exit code 0: all died. 1: there is a survivor. 2: a mutant does not fit the text of the core.`;

function transpile(source, fileName) {
  const { outputText, diagnostics } = ts.transpileModule(source, {
    fileName,
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      rewriteRelativeImportExtensions: true,
      verbatimModuleSyntax: true,
    },
  });
  if (diagnostics.length > 0) throw new Error(`${fileName} does not transpile`);
  return outputText;
}

/** The tables of mutants and of flawed hosts. */
async function importTables(dir) {
  writeFileSync(join(dir, "package.json"), '{ "type": "module" }');
  for (const name of readdirSync(tables)) {
    if (!/^(mutant|flawed-hosts)/.test(name) || name.endsWith(".test.ts")) continue;
    const text = readFileSync(join(tables, name), "utf8");
    writeFileSync(join(dir, name.replace(/\.ts$/, ".js")), transpile(text, name));
  }
  const load = (name) => import(pathToFileURL(join(dir, name)).href);
  const { mutants } = await load("mutants.js");
  const { flawedHosts } = await load("flawed-hosts.js");
  const { eventualMutants } = await load("mutants-of-eventual.js");
  const ofRaft = mutants.map((mutant) => ({ ...mutant, mode: "raft" }));
  const ofEventual = eventualMutants.map((mutant) => ({ ...mutant, mode: "eventual" }));
  const { gossipMutants } = await load("mutants-of-gossip.js");
  const ofGossip = gossipMutants.map((mutant) => ({ ...mutant, mode: "gossip" }));
  const { counterMutants } = await load("mutants-of-counters.js");
  const ofCounters = counterMutants.map((mutant) => ({ ...mutant, mode: "counter" }));
  const { mutantSeeds } = await load("mutant-seeds.js");
  const all = [...ofRaft, ...ofEventual, ...ofGossip, ...ofCounters];
  return { mutants: all, flawedHosts, mutantSeeds };
}

/** The text of the core with one rule taken out. Fails unless the place is found exactly once. */
function patch(mutant, text) {
  const places = text.split(mutant.find).length - 1;
  if (places !== 1) {
    throw new Error(`mutant ${mutant.name}: its text is found ${places} times in ${mutant.file}`);
  }
  return text.replace(mutant.find, () => mutant.replace);
}

/** Where the files of a mutant are, under the sources of its package. */
function folderOf({ mode }) {
  return mode === "counter" ? "." : "core";
}

async function importMutant(mutant, dir) {
  cpSync(sources[mutant.mode], dir, { recursive: true });
  const patched = join(dir, folderOf(mutant), mutant.file);
  writeFileSync(patched, patch(mutant, readFileSync(patched, "utf8")));
  writeFileSync(join(dir, "package.json"), '{ "type": "module" }');
  for (const name of readdirSync(dir, { recursive: true })) {
    if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
    const file = join(dir, name);
    writeFileSync(file.replace(/\.ts$/, ".js"), transpile(readFileSync(file, "utf8"), file));
  }
  const load = (file) => import(pathToFileURL(join(dir, file)).href);
  if (mutant.mode === "eventual") return await load("core/eventual-core.js");
  if (mutant.mode === "gossip") return await load("core/gossip-core.js");
  if (mutant.mode === "counter") return await load("counter-machine.js");
  const { RaftCore } = await load("core/raft-core.js");
  const { exactlyOnce } = await load("exactly-once/exactly-once.js");
  return { RaftCore, exactlyOnce };
}

/** Runs seeds until one kills the mutant: first the one that did before, where it takes many. */
async function hunt(run, options, { known, seedsMax }) {
  for (let at = known === undefined ? 1 : 0; at <= seedsMax; at += 1) {
    const seed = at === 0 ? known : at;
    const { violation } = await run(seed, options);
    if (violation !== null) return { seed, ...violation };
  }
  return null;
}

/** Everything that can be chosen: the tables from their text, the flaws from the simulator. */
async function everyMutant(dir) {
  const { mutants, flawedHosts, mutantSeeds } = await importTables(dir);
  const sim = await import(join(root, "packages/sim/dist/index.js"));
  const hosts = Object.entries(flawedHosts).map(([flaw, expects]) => {
    return { name: `host-${flaw}`, rule: sim.hostFlaws[flaw], flaw, expects };
  });
  const every = [...mutants, ...hosts].map((one) => ({ ...one, known: mutantSeeds[one.name] }));
  const gone = Object.keys(mutantSeeds).filter((name) => !every.some((one) => one.name === name));
  if (gone.length > 0)
    throw new Error(`mutant-seeds.ts knows what is no mutant: ${gone.join(" ")}`);
  return { sim, every };
}

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [] },
      seeds: { type: "string", default: "5000" },
      workers: { type: "string", default: String(availableParallelism()) },
      trace: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(help);
  const dir = mkdtempSync(join(tmpdir(), "counter-mutants-"));
  try {
    const { every } = await everyMutant(dir);
    const chosen = every.filter(
      ({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)),
    );
    if (values.list) return chosen.forEach((m) => console.log(`${m.name.padEnd(36)} ${m.rule}`));
    for (const m of chosen) {
      if (!m.flaw) patch(m, readFileSync(join(sources[m.mode], folderOf(m), m.file), "utf8"));
    }
    const workers = Math.max(1, Math.min(Number(values.workers), chosen.length));
    const names = chosen.map(({ name }) => name);
    const settings = { dir, trace: values.trace, seeds: Number(values.seeds) };
    const found = await huntAll(names, workers, settings);
    summarize(chosen, found);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Hands the names out to worker threads, one at a time each, and prints what they found. */
async function huntAll(names, workers, settings) {
  const waiting = [...names];
  const found = new Map();
  const hunter = () =>
    new Promise((resolve, reject) => {
      const own = mkdtempSync(join(settings.dir, "worker-"));
      const worker = new Worker(new URL(import.meta.url), {
        workerData: { ...settings, dir: own },
      });
      worker.once("error", reject);
      worker.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`exit ${code}`))));
      worker.on("message", (result) => {
        if (result !== null) {
          found.set(result.name, result.seed);
          console.log(result.text);
        }
        worker.postMessage(waiting.shift() ?? null);
      });
    });
  await Promise.all(Array.from({ length: workers }, hunter));
  return found;
}

function summarize(chosen, found) {
  const needed = [...found.values()].filter((seed) => seed !== null).sort((a, b) => a - b);
  const median = needed[needed.length >> 1] ?? "-";
  console.log(`${needed.length} of ${chosen.length} died; median ${median} seeds`);
  if (needed.length < chosen.length) process.exitCode = 1;
}

/** The worker: asks for a name, hunts that mutant, tells, asks again; ends when there is none. */
async function work({ dir, trace, seeds }) {
  const { sim, every } = await everyMutant(dir);
  parentPort.on("message", async (name) => {
    if (name === null) return parentPort.close();
    const mutant = every.find((one) => one.name === name);
    parentPort.postMessage(await huntOne(mutant, { dir, sim, trace, seeds }));
  });
  parentPort.postMessage(null);
}

async function huntOne(mutant, { dir, sim, trace, seeds }) {
  const { name, rule, expects, known } = mutant;
  const options = await runOptions(mutant, { dir, sim });
  const began = process.hrtime.bigint();
  const runner = runnerOf(mutant, sim);
  const found = await hunt(runner.run, options, { known, seedsMax: seeds });
  const seconds = (Number(process.hrtime.bigint() - began) / 1e9).toFixed(1);
  const start = name.padEnd(36);
  if (found === null) {
    return { name, seed: null, text: `${start} SURVIVED ${seeds} seeds (${seconds} s)  ${rule}` };
  }
  const surprise = expects.includes(found.invariant) ? "" : "  (not the expected one)";
  const stale = (known ?? found.seed) === found.seed ? "" : `  (not at ${known} any more)`;
  const line = `${start} ${found.invariant} at seed ${found.seed} (${seconds} s)${surprise}${stale}`;
  const lines = trace ? [line, await traceOf(runner, found.seed, options)] : [line];
  return { name, seed: found.seed, text: lines.join("\n") };
}

/** The trace of the run that killed a mutant, made smaller first where that can be done. */
async function traceOf({ run, shrink }, seed, options) {
  if (shrink === null) return (await run(seed, { ...options, trace: true })).trace.join("\n");
  const { without, ticks } = await shrink(seed, options);
  const cut = ticks === null ? {} : { ticks };
  return (await run(seed, { ...options, ...cut, without, trace: true })).trace.join("\n");
}

/** How a mutant is run, and its failing run made smaller. */
function runnerOf({ mode }, sim) {
  if (mode === "eventual") return { run: sim.runEventualSeed, shrink: sim.shrinkEventual };
  if (mode === "gossip") return { run: sim.runGossipSeed, shrink: null };
  return { run: sim.runSeedAsync, shrink: sim.shrink };
}

/** What the simulator runs: the core of the mutant, and under `once` also its exactlyOnce. */
async function runOptions(mutant, { dir, sim }) {
  if (mutant.flaw) return { flaw: mutant.flaw };
  const made = await importMutant(mutant, join(dir, mutant.name));
  if (mutant.mode === "eventual") return { factory: (options) => new made.EventualCore(options) };
  if (mutant.mode === "gossip") {
    return { factory: (options, now) => new made.GossipCore(options, now) };
  }
  if (mutant.mode === "counter") {
    const { counterOperationsWorkloadOf, counterRestoresWorkloadOf } = sim;
    const of =
      mutant.workload === "restores" ? counterRestoresWorkloadOf : counterOperationsWorkloadOf;
    return { workload: of(made.CounterMachine) };
  }
  const { RaftCore, exactlyOnce } = made;
  const factory = (options, persisted) => new RaftCore(options, persisted);
  if (mutant.workload !== "once") return { factory };
  return { factory, workload: sim.exactlyOnceWorkloadOf(exactlyOnce) };
}

if (!isMainThread) {
  await work(workerData);
} else {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2); // the other threads would go on
  }
}
