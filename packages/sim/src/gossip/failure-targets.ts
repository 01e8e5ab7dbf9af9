/** G1 and G2: how soon a crash is found, by whom, at what price. G8: and that nothing else is. */
import { median, packetsOf, runFor, seconds, spreadOf } from "./measuring.ts";
import type { TargetRow } from "./measuring.ts";
import { GossipWorld } from "./world.ts";
import type { CoreFactory } from "./world.ts";

/** What the best known implementation needs, in seconds: the first `failed`, and everywhere. */
const limitsByMembers: readonly (readonly [number, number, number])[] = [
  [100, 9.8, 10.1],
  [1000, 13.5, 14.1],
  [10_000, 17.9, 18.6],
];

export interface FailureOptions {
  readonly members: number;
  readonly crashes: number;
  readonly factory?: CoreFactory;
}

export interface FailureFigures {
  readonly firstMs: readonly number[];
  readonly lastMs: readonly number[];
  readonly complete: boolean;
  /** Sent by a member in a second, while a crash was not known everywhere. */
  readonly packetsPerSecond: number;
  /** The worst score of health of any member. */
  readonly worstHealth: number;
}

export function measureFailures({ members, crashes, factory }: FailureOptions): FailureFigures {
  const firstMs: number[] = [];
  const lastMs: number[] = [];
  const rates: number[] = [];
  let complete = true;
  let worstHealth = 0;
  // So few of a cluster crash that its size stays what it says.
  const crashesPerWorld = Math.max(1, Math.floor(members / 20));
  for (let done = 0; done < crashes;) {
    const world = new GossipWorld({ seed: 1000 + done, ...(factory ? { factory } : {}) });
    world.startAcquainted(members);
    world.watcher = {
      onEffect: (effect) => {
        if (effect.type !== "note" || effect.note.type !== "health") return;
        worstHealth = Math.max(worstHealth, effect.note.score);
      },
    };
    for (let i = 0; i < crashesPerWorld && done < crashes; i += 1, done += 1) {
      runFor(world, 5000 + ((done * 377) % 1000));
      const member = world.members[i]!;
      const before = packetsOf(world);
      const spread = spreadOf(world, { member, event: "failed", maxMs: 200_000 }, () => {
        member.crash();
      });
      firstMs.push(spread.firstMs);
      lastMs.push(spread.lastMs);
      rates.push((packetsOf(world) - before) / members / (spread.lastMs / 1000));
      complete &&= spread.complete;
    }
  }
  return { firstMs, lastMs, complete, packetsPerSecond: median(rates), worstHealth };
}

export function failureTargets(options: FailureOptions): TargetRow[] {
  const figures = measureFailures(options);
  const { members, crashes } = options;
  const [, first, last] = limitsByMembers.find(([size]) => members <= size)!;
  const firstMs = median(figures.firstMs);
  const lastMs = median(figures.lastMs);
  return [
    {
      id: "G1",
      what: `one of ${members} crashes (${crashes} times): p50 of first and last \`failed\`, load`,
      target: `≤ ${first} s, ≤ ${last} s, ≤ 5 packets/s`,
      measured: `${seconds(firstMs)}, ${seconds(lastMs)}, ${figures.packetsPerSecond.toFixed(2)}/s`,
      ok:
        figures.complete &&
        firstMs <= first * 1000 &&
        lastMs <= last * 1000 &&
        figures.packetsPerSecond <= 5,
    },
    {
      id: "G2",
      what: `worst health of a healthy member of ${members} meanwhile`,
      target: "0",
      measured: `${figures.worstHealth}`,
      ok: figures.worstHealth === 0,
    },
  ];
}

export interface FalseAlarmOptions {
  readonly members: number;
  readonly lossRate: number;
  readonly minutes: number;
  readonly factory?: CoreFactory;
}

/** How often a member that runs was given up by another. */
export function falseAlarms(options: FalseAlarmOptions): number {
  const { members, lossRate, minutes, factory } = options;
  const world = new GossipWorld({
    seed: 8,
    weather: { lossRate },
    ...(factory ? { factory } : {}),
  });
  world.startAcquainted(members);
  let failed = 0;
  world.watcher = {
    onEvent: ({ type }) => {
      if (type === "failed") failed += 1;
    },
  };
  world.run(minutes * 60_000);
  return failed;
}

export function lossTargets(options: FalseAlarmOptions): TargetRow[] {
  const failed = falseAlarms(options);
  const { members, lossRate, minutes } = options;
  return [
    {
      id: "G8",
      what: `${members} members, ${lossRate * 100} % loss for ${minutes} minutes: false \`failed\``,
      target: "0",
      measured: `${failed}`,
      ok: failed === 0,
    },
  ];
}
