// Kills, pauses, restarts and cuts a cluster of three real processes under load, and checks what its
// clients saw. The test `apps/node/e2e/chaos.e2e.ts` does the work; this chooses time and seed.
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

import { ensureBuilt } from "./ensure-built.mjs";

const root = resolve(import.meta.dirname, "..");
/** The file descriptor on which the test tells how far it is. */
const progressAt = 3;
/** So much of the test runner's output is kept for a failure. */
const outputMaxChunks = 1024;

const usage = `Usage: npm run chaos -- [--seconds 60] [--seed N]

Starts three nodes, lets clients count and read, and meanwhile kills, pauses, restarts and cuts off
nodes: one, the leader, two or all. At the end no number may have been handed out twice, none lost,
no read stale, and all nodes agree. The seed of a run is told; with --seed the same faults come
again in the same order (what they meet is a matter of timing).`;

function wholeNumber(name, text, min, max) {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`${name}: "${text}" is not a whole number from ${min} to ${max}`);
}

async function main() {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const env = {
    ...process.env,
    CHAOS_SECONDS: String(wholeNumber("--seconds", values.seconds, 1, 86_400)),
    CHAOS_SEED: String(wholeNumber("--seed", values.seed, 0, 2 ** 32 - 1)),
  };
  await ensureBuilt();
  const jest = join(root, "node_modules", "jest", "bin", "jest.js");
  const args = [jest, "--config", "e2e/jest.config.cjs", "--runInBand", "chaos.e2e"];
  console.log(
    `${env.CHAOS_SECONDS} s of faults from seed ${env.CHAOS_SEED}, three nodes, 8 writers, 4 readers`,
  );
  const child = spawn(process.execPath, args, {
    cwd: join(root, "apps", "node"),
    env: { ...env, CHAOS_PROGRESS: String(progressAt) },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  // What the test runner says is for those who look for a bug; the logs of all nodes are in it.
  const output = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes) => {
      output.push(bytes);
      if (output.length > outputMaxChunks) output.shift();
    });
  createInterface({ input: child.stdio[progressAt] }).on("line", (line) =>
    console.log(`  ${line}`),
  );
  let asked = false;
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
      asked = true;
      child.kill(signal);
    });
  }
  const code = await new Promise((done) => child.once("close", (status) => done(status ?? 1)));
  if (code !== 0 && !asked) process.stderr.write(Buffer.concat(output));
  console.log(
    code === 0 ? "passed" : asked ? "stopped" : `FAILED; again with --seed ${env.CHAOS_SEED}`,
  );
  return code;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
