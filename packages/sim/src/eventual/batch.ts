/** The smallest way to describe a run of eventual mode that failed. */
import { drawEventualKnobs } from "./knobs.ts";
import type { EventualFaultKind } from "./knobs.ts";
import { runEventualSeed } from "./run.ts";
import type { EventualRunOptions, EventualRunResult } from "./run.ts";

export interface ShrunkEventualRun {
  readonly seed: number;
  readonly without: readonly EventualFaultKind[];
  readonly ticks: number | null;
  readonly result: EventualRunResult;
}

/** Leaves kinds of faults out one after the other, then halves the time with faults; see ../batch.ts. */
export function shrinkEventual(seed: number, options: EventualRunOptions = {}): ShrunkEventualRun {
  let best = runEventualSeed(seed, options);
  let without: readonly EventualFaultKind[] = options.without ?? [];
  let ticks = options.ticks ?? null;
  for (const kind of drawEventualKnobs(seed, options).faults.enabled) {
    const attempt = [...without, kind];
    const result = runEventualSeed(seed, { ...options, without: attempt });
    if (result.ok) continue;
    without = attempt;
    best = result;
  }
  for (let cut = drawEventualKnobs(seed, options).faultTicks >> 1; cut >= 1; cut >>= 1) {
    const result = runEventualSeed(seed, { ...options, without, ticks: cut });
    if (result.ok) break;
    ticks = cut;
    best = result;
  }
  return { seed, without, ticks, result: best };
}

/** The command that shows this run again. */
export function eventualReplayCommand(
  run: Pick<ShrunkEventualRun, "seed" | "without" | "ticks">,
): string {
  const parts = [`npm run sim -- --mode eventual --seed ${run.seed}`];
  if (run.without.length > 0) parts.push(`--without ${run.without.join(",")}`);
  if (run.ticks !== null) parts.push(`--ticks ${run.ticks}`);
  return parts.join(" ");
}
