#!/usr/bin/env node
// Runs what was built, and says how to build it where it was not.
import { existsSync } from "node:fs";

const main = new URL("../dist/main.js", import.meta.url);
if (existsSync(main)) await import(main.href);
else {
  console.error("counterctl is not built yet: npx nx run counterctl:build");
  process.exitCode = 1;
}
