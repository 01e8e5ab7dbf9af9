// Are the packages what their users get? Packs every one, lints the tarballs, installs them in an
// empty project outside the workspace, loads them there with `import` and with `require`, and
// type-checks and runs the README's example, once as a module and once as CommonJS.
import { execFileSync } from "node:child_process";
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const env = { ...process.env, FORCE_COLOR: "0" }; // what is printed is compared
const run = (cwd, file, ...args) =>
  execFileSync(file, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], env });
const bin = (name) => join(root, "node_modules", ".bin", name);

/** The README's first TypeScript block. */
function readmeExample() {
  const found = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, "README.md"), "utf8"));
  if (found === null) throw new Error("README.md has no example");
  return found[1];
}

function pack(dir) {
  const names = readdirSync(join(root, "packages"));
  for (const name of names) {
    run(join(root, "packages", name), "npm", "pack", "--silent", "--pack-destination", dir);
  }
  const tarballs = readdirSync(dir).map((file) => join(dir, file));
  for (const tarball of tarballs) {
    run(root, bin("publint"), "run", tarball, "--strict");
    run(root, bin("attw"), tarball, "--profile", "node16", "--format", "ascii");
  }
  return { names, tarballs };
}

/** Loads every entry point both ways and wants one and the same instance. */
function loadBothWays(dir, name) {
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
  for (const entry of Object.keys(manifest.exports).filter((key) => !key.endsWith(".json"))) {
    const id = JSON.stringify(manifest.name + entry.slice(1));
    const code = `const r = require(${id}); import(${id}).then((m) => {
      for (const k of Object.keys(m)) if (k !== "default" && k !== "module.exports" && m[k] !== r[k]) throw new Error("two copies of " + k);
      console.log(${id}, Object.keys(r).length, "exports"); })`;
    process.stdout.write(run(dir, process.execPath, "-e", code));
  }
}

function runExample(dir, { file, type }) {
  writeFileSync(join(dir, "package.json"), JSON.stringify({ private: true, type }));
  writeFileSync(join(dir, file), readmeExample());
  const compiler = { module: "nodenext", moduleResolution: "nodenext", target: "es2022" };
  const strict = { strict: true, skipLibCheck: false, types: ["node"], lib: ["es2023"] };
  const options = { ...compiler, ...strict, outDir: "out" };
  writeFileSync(
    join(dir, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, files: [file] }),
  );
  run(dir, bin("tsc"), "-p", "tsconfig.json");
  const printed = run(dir, process.execPath, join("out", file.replace(".ts", ".js")));
  if (!printed.includes("[ 5, 5, 5 ]")) throw new Error(`the example printed: ${printed}`);
  console.log(`the README's example runs as ${type}: ${printed.trim()}`);
}

const dir = mkdtempSync(join(tmpdir(), "counter-packs-"));
try {
  const { names, tarballs } = pack(dir);
  writeFileSync(join(dir, "package.json"), '{ "private": true }');
  run(dir, "npm", "install", "--silent", "--no-package-lock", ...tarballs);
  for (const name of names) loadBothWays(dir, name);
  // First as in a project that has nothing but the compiler.
  writeFileSync(join(dir, "example.ts"), readmeExample());
  const plain = ["--strict", "--module", "nodenext", "--target", "es2022", "--noEmit"];
  run(dir, bin("tsc"), ...plain, "--types", "", "--ignoreConfig", "example.ts");
  // Then with Node's own types, as most have them.
  symlinkSync(join(root, "node_modules/@types"), join(dir, "node_modules/@types"));
  symlinkSync(join(root, "node_modules/undici-types"), join(dir, "node_modules/undici-types"));
  runExample(dir, { file: "example.ts", type: "module" });
  runExample(dir, { file: "example.ts", type: "commonjs" });
} finally {
  rmSync(dir, { recursive: true, force: true });
}
