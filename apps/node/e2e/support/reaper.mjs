// Ends what a test run leaves behind, however the run ends: also when it is killed with `kill -9`.
//
// Reads lines from the run: `+pid` a process was started, `-pid` it has ended, `@path` a temporary
// folder. When the pipe closes, which the kernel does for the dead, it kills and removes the rest.
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

const pids = new Set();
const folders = new Set();

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const what = line.slice(1);
    if (line.startsWith("+")) pids.add(Number(what));
    else if (line.startsWith("-")) pids.delete(Number(what));
    else folders.add(what);
  })
  .on("close", () => {
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL"); // works on stopped processes too
      } catch (error) {
        if (error.code !== "ESRCH") throw error;
      }
    }
    for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  });
