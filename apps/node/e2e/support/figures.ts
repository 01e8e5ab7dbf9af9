/** What was measured, in one line that can be quoted, and what was promised. */
import { availableParallelism, loadavg } from "node:os";

/** Processes that want a core, for each core there is; the tests themselves need less than this. */
const crowded = 2.5;

/**
 * A limit in milliseconds. It holds for a machine that has room: where others take the cores away,
 * every clock of the nodes runs late, and the limit is doubled, aloud.
 */
export function promised(ms: number): number {
  const load = loadavg()[0]! / availableParallelism();
  if (load <= crowded) return ms;
  tell("crowded machine", `load ${load.toFixed(1)} a core, so ${ms} ms became ${2 * ms} ms`);
  return 2 * ms;
}

/** Least, median and greatest of some times in milliseconds. */
export function spread(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number): string => {
    return String(Math.round(sorted[Math.round(part * (sorted.length - 1))] ?? NaN));
  };
  return `min ${at(0)} ms, median ${at(0.5)} ms, max ${at(1)} ms of ${sorted.length}`;
}

export function tell(what: string, figure: string): void {
  console.info(`${what}: ${figure}`);
}
