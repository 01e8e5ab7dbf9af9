// Removes the rules of the Raft core one at a time and lets the simulator find out. A rule that can
// be removed unnoticed has no guard: the exit code is 1 then.
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import ts from "typescript";

const root = resolve(import.meta.dirname, "..");
const raftSource = join(root, "packages/raft/src");
const tables = join(root, "packages/sim/src/test-support");

const help = `npm run mutants -- [--only NAME] [--seeds 5000] [--list]

Each mutant is the core of packages/raft without one rule. Seeds 1, 2, 3 … are run against it until
an invariant breaks. Prints a line a mutant: what killed it, and after how many seeds.

  --only NAME   only mutants whose name contains NAME (may be repeated)
  --seeds N     most seeds a mutant; default 5000
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

/** The table of mutants, which is made of several files. */
async function importTables(dir) {
  writeFileSync(join(dir, "package.json"), '{ "type": "module" }');
  for (const name of readdirSync(tables)) {
    if (!name.startsWith("mutant") || name.endsWith(".test.ts")) continue;
    const text = readFileSync(join(tables, name), "utf8");
    writeFileSync(join(dir, name.replace(/\.ts$/, ".js")), transpile(text, name));
  }
  return import(pathToFileURL(join(dir, "mutants.js")).href);
}

/** The text of the core with one rule taken out. Fails unless the place is found exactly once. */
function patch(mutant, text) {
  const places = text.split(mutant.find).length - 1;
  if (places !== 1) {
    throw new Error(`mutant ${mutant.name}: its text is found ${places} times in ${mutant.file}`);
  }
  return text.replace(mutant.find, () => mutant.replace);
}

async function importMutant(mutant, dir) {
  cpSync(raftSource, dir, { recursive: true });
  const patched = join(dir, "core", mutant.file);
  writeFileSync(patched, patch(mutant, readFileSync(patched, "utf8")));
  writeFileSync(join(dir, "package.json"), '{ "type": "module" }');
  for (const name of readdirSync(dir, { recursive: true })) {
    if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
    const file = join(dir, name);
    writeFileSync(file.replace(/\.ts$/, ".js"), transpile(readFileSync(file, "utf8"), file));
  }
  return import(pathToFileURL(join(dir, "core/raft-core.js")).href);
}

/** Runs seeds until one kills the mutant. */
function hunt(runSeed, factory, seedsMax) {
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    const { violation } = runSeed(seed, { factory });
    if (violation !== null) return { seed, ...violation };
  }
  return null;
}

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [] },
      seeds: { type: "string", default: "5000" },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(help);
  const dir = mkdtempSync(join(tmpdir(), "counter-mutants-"));
  try {
    const { mutants } = await importTables(dir);
    const chosen = mutants.filter(
      ({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)),
    );
    if (values.list) return chosen.forEach((m) => console.log(`${m.name.padEnd(36)} ${m.rule}`));
    for (const m of chosen) patch(m, readFileSync(join(raftSource, "core", m.file), "utf8"));
    const { runSeed } = await import(join(root, "packages/sim/dist/index.js"));
    await runAll(chosen, { dir, runSeed, seedsMax: Number(values.seeds) });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function runAll(chosen, { dir, runSeed, seedsMax }) {
  const needed = [];
  const survivors = [];
  for (const mutant of chosen) {
    const { RaftCore } = await importMutant(mutant, join(dir, mutant.name));
    const began = process.hrtime.bigint();
    const found = hunt(runSeed, (options, persisted) => new RaftCore(options, persisted), seedsMax);
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
    if (process.env.VERBOSE === "1") console.log(`  ${found.detail}`);
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
