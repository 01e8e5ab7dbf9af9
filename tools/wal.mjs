// npm run wal -- data/node-8080: prints the log of a stopped server, verifies it, cuts a torn tail.
// Build first. The tool itself lives in packages/storage-file/src/tool.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runWalTool } from "../packages/storage-file/dist/index.js";

/** A node keeps its log in a folder of its data directory. */
function logDirectory(argument) {
  const inside = join(argument, "raft");
  return !argument.startsWith("-") && existsSync(inside) ? inside : argument;
}

const args = process.argv.slice(2);
const missing = args.find((argument) => !argument.startsWith("-") && !existsSync(argument));
if (missing === undefined) {
  process.exitCode = await runWalTool(args.map(logDirectory), {
    out: (line) => console.log(line),
    error: (line) => console.error(line),
  });
} else {
  console.error(`there is no directory ${missing}`);
  process.exitCode = 2;
}
