// npm run package-node: a server that runs without this workspace. Copies what was built and what it
// needs in production, as package-lock.json has it, into one folder and one archive beside it.
//   node tools/package-node.mjs [--out=<folder>] [--commit=<id>] [--no-archive]
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import yargs from "yargs";

const root = resolve(import.meta.dirname, "..");
const options = yargs(process.argv.slice(2))
  .scriptName("npm run package-node --")
  .usage("$0 [options]\n\nPacks the server with everything that it needs.")
  .option("out", { type: "string", default: "dist-node", describe: "folder to write to" })
  .option("commit", { type: "string", describe: "what GET /metrics says it was built from" })
  .option("archive", { type: "boolean", default: true, describe: "also as .tar.gz" })
  .strictOptions()
  .parseSync();

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
const manifest = readJson(join(root, "apps/node/package.json"));
const out = resolve(options.out);
const name = `counter-node-${manifest.version}`;
const target = join(out, name);

if (!existsSync(join(root, "apps/node/dist/main.js"))) {
  throw new Error("nothing is built: run npm run build first");
}
const staging = mkdtempSync(join(tmpdir(), "package-node-"));
try {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  installProduction(staging);
  copyModules(staging);
  copyServer();
} finally {
  rmSync(staging, { recursive: true, force: true });
}
console.log(`${target} is ready: ${join(target, "bin/counter-node")} --help`);
if (options.archive) archive();

/** In a copy of the manifests alone, so that the workspace stays what it is. */
function installProduction(folder) {
  for (const file of ["package.json", "package-lock.json", ".npmrc"]) {
    cpSync(join(root, file), join(folder, file));
  }
  for (const kind of ["apps", "packages"]) {
    for (const one of readdirSync(join(root, kind))) {
      const source = join(root, kind, one, "package.json");
      if (existsSync(source)) cpSync(source, join(folder, kind, one, "package.json"));
    }
  }
  const args = ["ci", "--omit=dev", "--ignore-scripts", "--workspace", manifest.name];
  execFileSync("npm", args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
}

/** Packages of others as they are; ours from where they were built, instead of links to them. */
function copyModules(folder) {
  const modules = join(target, "node_modules");
  const others = (source) => basename(source) !== "@counter" && basename(source) !== ".bin";
  cpSync(join(folder, "node_modules"), modules, { recursive: true, filter: others });
  const nested = join(folder, "apps/node/node_modules");
  for (const one of existsSync(nested) ? readdirSync(nested) : []) {
    if (one.startsWith(".")) continue;
    if (existsSync(join(modules, one))) throw new Error(`${one} is there in two versions`);
    cpSync(join(nested, one), join(modules, one), { recursive: true });
  }
  const wanted = Object.keys(manifest.dependencies).filter((id) => id.startsWith("@counter/"));
  for (const id of wanted) copyOwn(id, modules, new Set());
}

function copyOwn(id, modules, done) {
  if (done.has(id)) return;
  done.add(id);
  const source = join(root, "packages", id.slice("@counter/".length));
  const own = readJson(join(source, "package.json"));
  for (const dependency of Object.keys(own.dependencies ?? {})) {
    if (dependency.startsWith("@counter/")) copyOwn(dependency, modules, done);
  }
  cpSync(join(source, "package.json"), join(modules, id, "package.json"));
  cpSync(join(source, "dist"), join(modules, id, "dist"), { recursive: true, filter: isNeeded });
}

/** Not what only compilers and debuggers read. */
function isNeeded(source) {
  return !/\.(d\.[cm]?ts|map|tsbuildinfo)$/.test(source);
}

function copyServer() {
  cpSync(join(root, "apps/node/dist"), join(target, "dist"), { recursive: true, filter: isNeeded });
  cpSync(join(root, "LICENSE"), join(target, "LICENSE"));
  const { version, license, type, engines, dependencies } = manifest;
  const about = { name: "counter-node", version, license, type, engines, private: true };
  const bin = { "counter-node": "bin/counter-node" };
  const packed = { ...about, gitHead: commit(), bin, dependencies };
  writeFileSync(join(target, "package.json"), `${JSON.stringify(packed, null, 2)}\n`);
  mkdirSync(join(target, "bin"));
  for (const helper of ["livez.mjs", "drain.mjs"]) {
    cpSync(join(root, "ops/docker", helper), join(target, "bin", helper));
  }
  const script = join(target, "bin/counter-node");
  // exec: signals are for the server, not for a shell before it.
  const lines = ["#!/bin/sh", 'here=$(dirname "$(readlink -f "$0")")'];
  writeFileSync(script, [...lines, 'exec node "$here/../dist/main.js" "$@"', ""].join("\n"));
  chmodSync(script, 0o755);
}

function commit() {
  if (options.commit !== undefined) return options.commit;
  try {
    const args = ["rev-parse", "HEAD"];
    return execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  } catch {
    return "unknown"; // a copy of the sources without their history
  }
}

/** The same bytes for the same content, whenever and by whomever it is packed. */
function archive() {
  const file = join(out, `${name}.tar.gz`);
  const same = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  const packed = execFileSync("tar", [...same, "-C", out, "-cf", "-", name], {
    maxBuffer: 2 ** 30,
  });
  writeFileSync(file, execFileSync("gzip", ["-9n"], { input: packed, maxBuffer: 2 ** 30 }));
  const digest = createHash("sha256").update(readFileSync(file)).digest("hex");
  writeFileSync(`${file}.sha256`, `${digest}  ${basename(file)}\n`);
  console.log(`${file}\nsha256 ${digest}`);
}
