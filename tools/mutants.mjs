// Removes the rules of the Raft core and of the gossip core one at a time, then breaks the contract
// of the host of Raft clause by clause, and lets the simulator find out. A rule that can be removed
// unnoticed has no guard: the exit code is 1 then.
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
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
  return { mutants: [...ofRaft, ...ofEventual, ...ofGossip, ...ofCounters], flawedHosts };
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

/** Runs seeds until one kills the mutant. */
async function hunt(run, options, seedsMax) {
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    const { violation } = await run(seed, options);
    if (violation !== null) return { seed, ...violation };
  }
  return null;
}

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [] },
      seeds: { type: "string", default: "5000" },
      trace: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(help);
  const dir = mkdtempSync(join(tmpdir(), "counter-mutants-"));
  try {
    const { mutants, flawedHosts } = await importTables(dir);
    const sim = await import(join(root, "packages/sim/dist/index.js"));
    const hosts = Object.entries(flawedHosts).map(([flaw, expects]) => {
      return { name: `host-${flaw}`, rule: sim.hostFlaws[flaw], flaw, expects };
    });
    const chosen = [...mutants, ...hosts].filter(
      ({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)),
    );
    if (values.list) return chosen.forEach((m) => console.log(`${m.name.padEnd(36)} ${m.rule}`));
    for (const m of chosen) {
      if (!m.flaw) patch(m, readFileSync(join(sources[m.mode], folderOf(m), m.file), "utf8"));
    }
    const show = async ({ run, shrink }, seed, options) => {
      if (shrink === null) return run(seed, { ...options, trace: true }).trace.join("\n");
      const { without, ticks } = await shrink(seed, options);
      const cut = ticks === null ? {} : { ticks };
      const result = await run(seed, { ...options, ...cut, without, trace: true });
      return result.trace.join("\n");
    };
    const trace = values.trace ? show : null;
    await runAll(chosen, { dir, sim, trace, seedsMax: Number(values.seeds) });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
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
    return { workload: sim.counterOperationsWorkloadOf(made.CounterMachine) };
  }
  const { RaftCore, exactlyOnce } = made;
  const factory = (options, persisted) => new RaftCore(options, persisted);
  if (mutant.workload !== "once") return { factory };
  return { factory, workload: sim.exactlyOnceWorkloadOf(exactlyOnce) };
}

async function runAll(chosen, { dir, sim, trace, seedsMax }) {
  const needed = [];
  const survivors = [];
  for (const mutant of chosen) {
    const options = await runOptions(mutant, { dir, sim });
    const began = process.hrtime.bigint();
    const runner = runnerOf(mutant, sim);
    const found = await hunt(runner.run, options, seedsMax);
    const seconds = (Number(process.hrtime.bigint() - began) / 1e9).toFixed(1);
    const name = mutant.name.padEnd(36);
    if (found === null) {
      survivors.push(mutant.name);
      console.log(`${name} SURVIVED ${seedsMax} seeds (${seconds} s)  ${mutant.rule}`);
      continue;
    }
    needed.push(found.seed);
    const surprise = mutant.expects.includes(found.invariant) ? "" : "  (not the expected one)";
    console.log(`${name} ${found.invariant} at seed ${found.seed} (${seconds} s)${surprise}`);
    if (trace !== null) console.log(await trace(runner, found.seed, options));
  }
  needed.sort((a, b) => a - b);
  const median = needed[needed.length >> 1] ?? "-";
  console.log(`${needed.length} of ${chosen.length} died; median ${median} seeds`);
  if (survivors.length > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
