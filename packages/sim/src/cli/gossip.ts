/** `npm run sim -- --gossip`, from seeds, and `--gossip-targets`. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { measureFailures } from "../gossip/failure-targets.ts";
import { median } from "../gossip/measuring.ts";
import { plotOf } from "../gossip/plot.ts";
import type { PlotPoint } from "../gossip/plot.ts";
import { metadataMs } from "../gossip/spreading-targets.ts";
import { runGossipSeed } from "../gossip/simulation.ts";
import { measureTargets, targetIds } from "../gossip/targets.ts";
import type { TargetOptions } from "../gossip/targets.ts";
import { UsageError, seedsOf } from "./arguments.ts";
import type { SeedList } from "./arguments.ts";

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

/** Sizes of the clusters in the plot. */
const plotSizes = [10, 30, 100, 300, 1000] as const;

/** @returns the plot of detection and dissemination, as SVG */
export function drawGossipTargets(progress: (line: string) => void): string {
  const points = plotSizes.map((members): PlotPoint => {
    progress(`${members} members`);
    const times = members > 300 ? 4 : 20;
    const { firstMs, lastMs } = measureFailures({ members, crashes: times });
    return {
      members,
      firstSeconds: median(firstMs) / 1000,
      lastSeconds: median(lastMs) / 1000,
      spreadSeconds: metadataMs(members, times, 0) / 1000,
    };
  });
  progress("");
  return plotOf(points);
}

/** Runs a seed, and prints all that happened. @returns the exit code, as `--help` explains it */
export function runGossipTrace(seed: number, print: (line: string) => void): number {
  const { trace, hash, violation } = runGossipSeed(seed, { trace: true });
  for (const line of trace) print(line);
  print(`seed ${seed}: hash ${hash}`);
  if (violation !== null) print(`seed ${seed}: ${violation.invariant}: ${violation.detail}`);
  return violation === null ? 0 : 1;
}

/** Runs seeds until one breaks an invariant. @returns the exit code, as `--help` explains it */
export function runGossipSeeds(
  seeds: SeedList,
  out: { readonly print: (line: string) => void; readonly progress: (line: string) => void },
): number {
  let hash = "";
  for (const seed of seedsOf(seeds)) {
    const result = runGossipSeed(seed);
    hash = result.hash;
    out.progress(`gossip seed ${seed}`);
    if (result.violation === null) continue;
    out.progress("");
    out.print(`FAILED ${result.violation.invariant}: ${result.violation.detail}`);
    out.print(`  npm run sim -- --gossip --seed ${seed}`);
    return 1;
  }
  out.progress("");
  out.print(`${seeds.count} seeds of gossip, no violation; last hash ${hash}`);
  return 0;
}
