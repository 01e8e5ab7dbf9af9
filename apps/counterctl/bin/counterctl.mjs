#!/usr/bin/env node
// Runs what was built. In a clone of the repository it is built first where it was not.
import { existsSync } from "node:fs";

const at = (path) => new URL(path, import.meta.url);
const main = at("../dist/main.js");
const builder = at("../../../tools/ensure-built.mjs");
// A build that was cleaned away in part would only say which file it misses.
const needed = [
  main,
  at("../../node/dist/offline.js"),
  at("../../../packages/client/dist/index.js"),
];

try {
  if (existsSync(builder) && !needed.every((file) => existsSync(file))) {
    console.error("building counterctl: this is done once, and takes a moment …");
    const { ensureBuilt } = await import(builder.href);
    await ensureBuilt("apps/counterctl/tsconfig.app.json");
  }
  await import(main.href);
} catch (error) {
  const missing = error.code === "ERR_MODULE_NOT_FOUND";
  console.error(missing ? `counterctl is not whole: ${error.message}` : error.message);
  process.exitCode = 1;
}
