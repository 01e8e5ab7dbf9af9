/** Many seeds, one after another, and the smallest way to describe one that failed. */
import { Coverage } from "./coverage.ts";
import type { CornerCounts } from "./coverage.ts";
import type { HostFlaw } from "./host-flaws.ts";
import { drawKnobs } from "./knobs.ts";
import type { FaultKind } from "./knobs.ts";
import { runSeedAsync } from "./simulation.ts";
import type { RunOptions, RunResult } from "./simulation.ts";
import { defaultWorkload } from "./workloads.ts";

export interface BatchResult {
  readonly seeds: number;
  readonly events: number;
  readonly answered: number;
  readonly failures: readonly RunResult[];
  readonly coverage: CornerCounts;
}

/** Runs these seeds; `onResult` sees each of them and may end the batch by answering `false`. */
export async function runSeeds(
  seeds: Iterable<number>,
  options: RunOptions = {},
  onResult: (result: RunResult) => boolean = () => true,
): Promise<BatchResult> {
  const coverage = new Coverage();
  const failures: RunResult[] = [];
  let count = 0;
  let events = 0;
  let answered = 0;
  for (const seed of seeds) {
    const result = await runSeedAsync(seed, options);
    count += 1;
    events += result.events;
    answered += result.answered;
    coverage.add(result.coverage);
    if (!result.ok) failures.push(result);
    if (!onResult(result)) break;
  }
  return { seeds: count, events, answered, failures, coverage: coverage.counts };
}

export interface ShrunkRun {
  readonly seed: number;
  readonly without: readonly FaultKind[];
  readonly ticks: number | null;
  readonly result: RunResult;
}

/**
 * Makes a failing run simpler, as long as it fails (not necessarily in the same way): drops one kind
 * of fault after the other, then cuts the part with faults in half, again and again.
 */
export async function shrink(seed: number, options: RunOptions = {}): Promise<ShrunkRun> {
  let best = await runSeedAsync(seed, options);
  let without: readonly FaultKind[] = options.without ?? [];
  let ticks = options.ticks ?? null;
  for (const kind of drawKnobs(seed, options).faults.enabled) {
    const attempt = [...without, kind];
    const result = await runSeedAsync(seed, { ...options, without: attempt });
    if (result.ok) continue;
    without = attempt;
    best = result;
  }
  for (let cut = drawKnobs(seed, options).faultTicks >> 1; cut >= 1; cut >>= 1) {
    const result = await runSeedAsync(seed, { ...options, without, ticks: cut });
    if (result.ok) break;
    ticks = cut;
    best = result;
  }
  return { seed, without, ticks, result: best };
}

/** What else a run depends on, where it is not the default: names as the command line has them. */
export interface ReplaySetting {
  readonly workload?: string;
  readonly flaw?: HostFlaw | null;
}

/** The command that shows this run again. */
export function replayCommand(
  run: Pick<ShrunkRun, "seed" | "without" | "ticks">,
  setting: ReplaySetting = {},
): string {
  const { workload = defaultWorkload, flaw = null } = setting;
  const parts = [`npm run sim -- --seed ${run.seed}`];
  if (workload !== defaultWorkload) parts.push(`--workload ${workload}`);
  if (flaw !== null) parts.push(`--flaw ${flaw}`);
  if (run.without.length > 0) parts.push(`--without ${run.without.join(",")}`);
  if (run.ticks !== null) parts.push(`--ticks ${run.ticks}`);
  return parts.join(" ");
}
