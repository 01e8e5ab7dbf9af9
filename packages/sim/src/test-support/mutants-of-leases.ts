/**
 * Rules of reads by lease (dissertation §6.4.1). That a leader who told another one to campaign has no
 * lease any more (V3) is no mutant here: what has to come together takes more than 5000 seeds. A test
 * of the core guards it.
 */
import type { Mutant } from "./mutant.ts";

export const leaseMutants: readonly Mutant[] = [
  {
    name: "lease-outlives-its-time",
    rule: "a lease is over when its time is, whatever the ticks do (V1, V4)",
    file: "lease.ts",
    find: "  return nowMs < beat.sentMs + s.options.leaseMs; // V4",
    replace: "  return nowMs >= beat.sentMs;",
    expects: ["fresh-read", "linearizable"],
  },
  {
    name: "lease-from-the-last-tick",
    rule: "a lease begins when its heartbeat was sent, not when the answer came (V1)",
    file: "lease.ts",
    find: "  return nowMs < beat.sentMs + s.options.leaseMs; // V4",
    replace: "  return nowMs < Math.max(beat.sentMs, s.nowMs ?? 0) + s.options.leaseMs;",
    expects: ["fresh-read", "linearizable"],
  },
];
