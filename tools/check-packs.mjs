// Packs every publishable package, lints the tarballs, installs them in an empty project outside the
// workspace and loads them there with `import` and with `require`.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const run = (cwd, file, ...args) =>
  execFileSync(file, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const bin = (name) => join(root, "node_modules", ".bin", name);
const dir = mkdtempSync(join(tmpdir(), "counter-packs-"));
try {
  const names = readdirSync(join(root, "packages"));
  for (const name of names)
    run(join(root, "packages", name), "npm", "pack", "--silent", "--pack-destination", dir);
  const tarballs = readdirSync(dir).map((f) => join(dir, f));
  for (const tarball of tarballs) {
    run(root, bin("publint"), "run", tarball, "--strict");
    run(root, bin("attw"), tarball, "--profile", "node16", "--format", "ascii");
  }
  writeFileSync(join(dir, "package.json"), '{ "private": true }');
  run(dir, "npm", "install", "--silent", "--no-package-lock", ...tarballs);
  for (const name of names) {
    const pkg = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
    for (const sub of Object.keys(pkg.exports).filter((k) => !k.endsWith(".json"))) {
      const id = pkg.name + sub.slice(1);
      const code = `const r = require(${JSON.stringify(id)}); import(${JSON.stringify(id)}).then((m) => {
        for (const k of Object.keys(m)) if (k !== 'default' && m[k] !== r[k]) throw new Error('two copies of ' + k);
        console.log(${JSON.stringify(id)}, Object.keys(r).length, 'exports'); })`;
      process.stdout.write(run(dir, process.execPath, "-e", code));
    }
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
