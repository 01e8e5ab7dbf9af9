/** G5: what members that do not run for a while do to those that do. */
import type { GossipTiming } from "@counter/gossip";
import { Random } from "../random.ts";
import type { TargetRow } from "./measuring.ts";
import { unitsPerMs } from "./member.ts";
import type { SimMember } from "./member.ts";
import { GossipWorld, nameOf } from "./world.ts";
import type { CoreFactory } from "./world.ts";

/** As memberlist behaves: nacks come too late, timeouts stay, and stalls are not noticed. */
export const memberlistTiming: Partial<GossipTiming> = {
  nackAfterMs: 500,
  scalesProbeTimeout: false,
  stallMs: 0,
};

export interface StallOptions {
  readonly members: number;
  readonly stalled: number;
  readonly minutes: number;
  readonly timing?: Partial<GossipTiming>;
  readonly factory?: CoreFactory;
}

/** How often a member that always ran was given up by another. */
export function falsePositives(options: StallOptions): number {
  const { members, stalled, minutes, timing, factory } = options;
  const world = new GossipWorld({
    seed: 5000 + stalled,
    ...(timing ? { timing } : {}),
    ...(factory ? { factory } : {}),
  });
  world.startAcquainted(members);
  const healthy = new Set<string>();
  for (let index = stalled; index < members; index += 1) healthy.add(nameOf(index));
  let wrong = 0;
  world.watcher = {
    onEvent: ({ type, member }) => {
      if (type === "failed" && healthy.has(member.name)) wrong += 1;
    },
  };
  const random = new Random(stalled, "stalls");
  for (const member of world.members.slice(0, stalled)) stallForEver(world, member, random);
  world.run(minutes * 60_000);
  return wrong;
}

/** It runs for a moment, does not for 2 to 33 s, and so on. */
function stallForEver(world: GossipWorld, member: SimMember, random: Random): void {
  const runsMs = random.between(200, 4000);
  const stallsMs = random.between(2000, 33_000);
  world.heap.after(runsMs * unitsPerMs, () => {
    member.block(stallsMs);
    world.heap.after(stallsMs * unitsPerMs, () => stallForEver(world, member, random));
  });
}

export function stallTargets(minutes: number): TargetRow[] {
  const counts = [1, 4, 16];
  const members = 128;
  const ours = counts.map((stalled) => falsePositives({ members, stalled, minutes }));
  const theirs = counts.map((stalled) =>
    falsePositives({ members, stalled, minutes, timing: memberlistTiming }),
  );
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return [
    {
      id: "G5",
      what: `${members} members of which 1, 4, 16 stall, ${minutes} minutes: false positives`,
      target: `≤ half of ${theirs.join(", ")} (as memberlist does it)`,
      measured: ours.join(", "),
      ok: sum(ours) * 2 <= sum(theirs),
    },
  ];
}
