/** What measuring needs of the process. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { measureTargets, targetIds } from "../gossip/targets.ts";
import type { TargetOptions } from "../gossip/targets.ts";
import { UsageError } from "./arguments.ts";

/** Collects the garbage first, which a process may only do if it was asked to allow it. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void; // what the flag has just made
  collect();
  return process.memoryUsage().heapUsed;
}

/** @returns the exit code, as `--help` explains it */
export function runGossipTargets(options: TargetOptions, print: (line: string) => void): number {
  const unknown = options.only.find((id) => !targetIds.includes(id));
  if (unknown !== undefined) {
    throw new UsageError(`${unknown} is no target; there are ${targetIds.join(", ")}`);
  }
  return measureTargets(options, { heapBytes, print }) ? 0 : 1;
}
