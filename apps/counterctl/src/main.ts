/** The program. */
import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";

import { runCounterctl } from "./cli.ts";
import { isRecord } from "./contexts.ts";
import { exitCodes } from "./exit-codes.ts";

const stopping = new AbortController();
setMaxListeners(0, stopping.signal); // a check has many calls that end with it
let interrupted = 0;
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    interrupted += 1;
    // The second one is from somebody who does not want to wait.
    if (interrupted > 1) process.exit(exitCodes.error);
    stopping.abort(new Error(`stopped by ${name}`));
  });
}

// `counterctl list | head` closes the pipe: nobody reads any more, which is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(exitCodes.ok);
});

process.exitCode = await runCounterctl(process.argv.slice(2), {
  streams: {
    out: (line) => void process.stdout.write(`${line}\n`),
    error: (line) => void process.stderr.write(`${line}\n`),
    tty: process.stdout.isTTY,
  },
  env: process.env,
  version: versionOf(),
  signal: stopping.signal,
});

function versionOf(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const manifest: unknown = JSON.parse(text);
  const version = isRecord(manifest) ? manifest["version"] : null;
  return typeof version === "string" ? version : "unknown";
}
