// npm run sim: see --help. The same file starts the worker threads.
import { isMainThread } from "node:worker_threads";
import { simMain, simWorker } from "../packages/sim/dist/cli/main.js";

if (isMainThread) {
  const { stdout, stderr } = process;
  stdout.on("error", (error) => {
    if (error.code === "EPIPE") process.exit(0); // the reader has seen enough
    throw error;
  });
  process.exitCode = await simMain(process.argv.slice(2), {
    print: (line) => void stdout.write(`${line}\n`),
    progress: (line) => void (stderr.isTTY && stderr.write(`\r\u001b[K${line}`)),
    workerUrl: new URL(import.meta.url),
  });
} else {
  await simWorker();
}
