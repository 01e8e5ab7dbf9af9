// Do the examples run for whoever installs the packages? Installs the packed tarballs in an empty
// project outside the workspace, compiles examples/ there, strictly, and runs each: what it prints
// must be its output.txt.
//
//   npm run examples                   all
//   npm run examples -- job-lock       one
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withNodes } from "./local-nodes.mjs";
import { addNodeTypes, bin, installAll, packAll, run, strictOptions } from "./packing.mjs";
import { root } from "./packages.mjs";

/** Those that want the addresses of a running cluster as arguments. */
const wantCluster = new Set(["invoices"]);
/** Those that other tests run: this one among agents of Serf (npx nx e2e gossip). */
const runElsewhere = new Set(["join-serf"]);

const source = join(root, "examples");
const isExample = (name) => existsSync(join(source, name, "main.ts"));
const all = readdirSync(source).filter(isExample);
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`no such example: ${unknown.join(" ")}`);
const chosen = asked.length > 0 ? asked : all;

/** What the example printed, and how it ended; killed after a minute. */
async function outputOf(file, args) {
  const options = { stdio: ["ignore", "pipe", "inherit"], timeout: 60_000, killSignal: "SIGKILL" };
  const child = spawn(process.execPath, [file, ...args], options);
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (printed += text));
  const [code, signal] = await once(child, "close");
  return { printed, ended: code ?? signal };
}

async function runOne(dir, name) {
  const began = performance.now();
  const file = join(dir, "out", name, "main.js");
  const start = (urls) => outputOf(file, urls);
  const { printed, ended } = await (wantCluster.has(name) ? withNodes(3, dir, start) : start([]));
  const expected = readFileSync(join(source, name, "output.txt"), "utf8");
  const good = ended === 0 && printed === expected;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${name.padEnd(20)} ${good ? "ok" : "FAILED"} (${seconds} s)`);
  if (good) return;
  console.error(`it ended with ${ended} and printed:\n${printed}\ninstead of:\n${expected}`);
  process.exitCode = 1;
}

const dir = mkdtempSync(join(tmpdir(), "counter-examples-"));
try {
  installAll(dir, packAll(join(dir, "packs")));
  addNodeTypes(dir);
  for (const name of chosen) cpSync(join(source, name), join(dir, name), { recursive: true });
  const compilerOptions = { ...strictOptions, rootDir: ".", outDir: "out" };
  const include = chosen.map((name) => `${name}/**/*.ts`);
  writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, include }));
  run(dir, bin("tsc"), "-p", "tsconfig.json");
  for (const name of chosen) if (!runElsewhere.has(name)) await runOne(dir, name);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
