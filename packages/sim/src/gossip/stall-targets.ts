/** G5: what members that do not run for a while do to those that do. */
import type { GossipTiming } from "@counter/gossip";
import { Random } from "../random.ts";
import type { TargetRow } from "./measuring.ts";
import { unitsPerMs } from "./member.ts";
import type { SimMember } from "./member.ts";
import { GossipWorld, nameOf } from "./world.ts";
import type { CoreFactory } from "./world.ts";

/**
 * As memberlist behaves: nacks come too late, timeouts stay, and stalls are not noticed. After one,
 * its timers and its sockets race, so that half the time the timers win.
 */
export const memberlistTiming: Partial<GossipTiming> = {
  nackAfterMs: 500,
  probeTimeoutMinMs: 500,
  scalesProbeTimeout: false,
  stallMs: 0,
};

export interface StallOptions {
  readonly members: number;
  readonly stalled: number;
  readonly minutes: number;
  readonly timing?: Partial<GossipTiming>;
  /** How often timers win over what has arrived, 0 to 1; our host never lets them. */
  readonly timersFirst?: number;
  readonly factory?: CoreFactory;
}

/** How often a member that always ran was given up, and doubted, by another. */
export interface FalseAlarms {
  readonly failed: number;
  readonly suspected: number;
}

export function falsePositives(options: StallOptions): FalseAlarms {
  const { members, stalled, minutes, timing, timersFirst = 0, factory } = options;
  const world = new GossipWorld({
    seed: 5000 + stalled,
    ...(timing ? { timing } : {}),
    ...(factory ? { factory } : {}),
  });
  world.startAcquainted(members);
  const healthy = new Set<string>();
  for (let index = stalled; index < members; index += 1) healthy.add(nameOf(index));
  const wrong = { failed: 0, suspected: 0 };
  world.watcher = {
    onEvent: ({ type, member }) => {
      if (!healthy.has(member.name)) return;
      if (type === "failed") wrong.failed += 1;
      if (type === "suspect") wrong.suspected += 1;
    },
  };
  const random = new Random(stalled, "stalls");
  const stall = { random, timersFirst };
  for (const member of world.members.slice(0, stalled)) stallForEver(world, member, stall);
  world.run(minutes * 60_000);
  return wrong;
}

/** It runs for a moment (1 ms to 4 s, short ones as often as long ones), not for 2 to 33 s, … */
function stallForEver(
  world: GossipWorld,
  member: SimMember,
  stall: { readonly random: Random; readonly timersFirst: number },
): void {
  const { random, timersFirst } = stall;
  const runsMs = 2 ** (random.below(1200) / 100);
  const stallsMs = random.between(2000, 33_000);
  const wins = random.chance(timersFirst);
  world.heap.after(runsMs * unitsPerMs, () => {
    member.block(stallsMs, wins);
    world.heap.after(stallsMs * unitsPerMs, () => stallForEver(world, member, stall));
  });
}

export function stallTargets(minutes: number): TargetRow[] {
  const counts = [1, 4, 16];
  const members = 128;
  const ours = counts.map((stalled) => falsePositives({ members, stalled, minutes }));
  const theirs = counts.map((stalled) =>
    falsePositives({ members, stalled, minutes, timing: memberlistTiming, timersFirst: 0.5 }),
  );
  const row = (what: string, of: keyof FalseAlarms): TargetRow => {
    const [mine, memberlist] = [ours, theirs].map((runs) => runs.map((run) => run[of]));
    return {
      id: "G5",
      what: `1, 4, 16 of ${members} stall for ${minutes} minutes: others falsely ${what}`,
      target: `≤ half of ${memberlist!.join(", ")}, as memberlist does it`,
      measured: mine!.join(", "),
      ok: sum(mine!) * 2 <= sum(memberlist!),
    };
  };
  return [row("failed", "failed"), row("suspected", "suspected")];
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
