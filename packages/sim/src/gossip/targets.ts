/** `npm run sim -- --gossip-targets`: every target of membership, measured on the real core. */
import { bridgeTargets } from "./bridging-targets.ts";
import { failureTargets, lossTargets } from "./failure-targets.ts";
import { healTargets, joinTargets, repeatTargets } from "./healing-targets.ts";
import type { TargetRow } from "./measuring.ts";
import { memoryTargets } from "./memory-targets.ts";
import type { HeapBytes } from "./memory-targets.ts";
import { idleTargets, spreadingTargets } from "./spreading-targets.ts";
import { stallTargets } from "./stall-targets.ts";

export interface TargetOptions {
  /** Larger clusters, longer runs: many minutes instead of one, and gigabytes. */
  readonly full: boolean;
  /** Only these, by id; all if there is none. */
  readonly only: readonly string[];
}

interface Measurement {
  readonly ids: readonly string[];
  readonly run: () => readonly TargetRow[];
}

function measurements(full: boolean, heapBytes: HeapBytes): Measurement[] {
  const sizes = full ? [100, 1000] : [100];
  const each = <T>(make: (members: number) => readonly T[]): T[] => sizes.flatMap(make);
  return [
    {
      ids: ["G1", "G2"],
      run: () =>
        each((members) =>
          failureTargets({ members, crashes: members > 100 ? 20 : full ? 200 : 30 }),
        ),
    },
    { ids: ["G3"], run: () => each((members) => spreadingTargets(members, full ? 20 : 10)) },
    { ids: ["G4"], run: () => idleTargets(full ? [50, 200, 1000] : [50, 200]) },
    { ids: ["G5"], run: () => stallTargets(full ? 20 : 2) },
    { ids: ["G6"], run: () => joinTargets(full ? [300, 1000] : [300]) },
    { ids: ["G7"], run: () => healTargets({ members: 100, minutes: full ? 10 : 2 }) },
    {
      ids: ["G8"],
      run: () => lossTargets({ members: 100, lossRate: 0.1, minutes: full ? 60 : 3 }),
    },
    { ids: ["G10"], run: () => memoryTargets({ members: 10_000, forged: 1_000_000 }, heapBytes) },
    { ids: ["G11"], run: () => repeatTargets() },
    { ids: ["G13"], run: () => bridgeTargets(full ? 100 : 10) },
  ];
}

/** Ids of the targets that can be measured here. */
export const targetIds: readonly string[] = measurements(false, () => 0).flatMap(({ ids }) => ids);

/**
 * Measures, and prints a line for each as soon as it is known.
 *
 * @returns whether all of them are met
 */
export function measureTargets(
  options: TargetOptions,
  outside: { readonly heapBytes: HeapBytes; readonly print: (line: string) => void },
): boolean {
  let ok = true;
  for (const { ids, run } of measurements(options.full, outside.heapBytes)) {
    if (options.only.length > 0 && !ids.some((id) => options.only.includes(id))) continue;
    for (const row of run()) {
      ok &&= row.ok;
      outside.print(lineOf(row));
    }
  }
  return ok;
}

function lineOf({ id, what, target, measured, ok }: TargetRow): string {
  return `${ok ? "ok  " : "MISS"}  ${id.padEnd(3)}  ${what}: ${measured}  (${target})`;
}
