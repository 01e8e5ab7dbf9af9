/** Rules of reads by lease (dissertation §6.4.1). */
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
  {
    name: "lease-survives-a-transfer",
    rule: "a leader that told another one to campaign has no lease any more (V3)",
    file: "lease.ts",
    find: "  if (!usesLeases(s) || role.leaseVoid || role.transfer !== null) return false; // V3",
    replace: "  if (!usesLeases(s)) return false;",
    expects: ["fresh-read", "linearizable"],
  },
];
