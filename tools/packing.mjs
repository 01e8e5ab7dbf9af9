// The packages as their users get them: packed, linted, and installed outside the workspace.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publicPackages, root } from "./packages.mjs";

const env = { ...process.env, FORCE_COLOR: "0" }; // what is printed is compared

/** Runs a program in a directory and gives what it printed; throws when it fails. */
export function run(cwd, file, ...args) {
  const stdio = ["ignore", "pipe", "inherit"];
  try {
    return execFileSync(file, args, { cwd, encoding: "utf8", stdio, env, timeout: 300_000 });
  } catch (error) {
    process.stderr.write(error.stdout ?? ""); // compilers complain there
    throw new Error(`${[file, ...args].join(" ")} failed`, { cause: error });
  }
}

export const bin = (name) => join(root, "node_modules", ".bin", name);

/** Packs every package into `dir`, and gives the paths of the tarballs. */
export function packAll(dir) {
  mkdirSync(dir, { recursive: true });
  const folders = publicPackages().map((one) => one.dir);
  run(root, "npm", "pack", "--silent", "--pack-destination", dir, ...folders);
  return readdirSync(dir).map((file) => join(dir, file));
}

/** Makes `dir` a project outside the workspace that has installed the tarballs. */
export function installAll(dir, tarballs) {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "package.json"), '{ "private": true, "type": "module" }');
  const quiet = ["--silent", "--no-package-lock", "--no-audit", "--no-fund"];
  run(dir, "npm", "install", ...quiet, ...tarballs);
}

/** Gives the project Node's own types, as most have them. */
export function addNodeTypes(dir) {
  for (const name of ["@types", "undici-types"]) {
    symlinkSync(join(root, "node_modules", name), join(dir, "node_modules", name));
  }
}

/** The options of a strict project. */
export const strictOptions = {
  ...{ module: "nodenext", moduleResolution: "nodenext", target: "es2022", lib: ["es2023"] },
  ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
  ...{ skipLibCheck: false, types: ["node"], rewriteRelativeImportExtensions: true },
};
