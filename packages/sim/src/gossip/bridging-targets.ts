/** G13: how soon two networks meet that a newcomer joins at once (X5, X6). */
import { Sight } from "./healing-targets.ts";
import { seconds } from "./measuring.ts";
import type { TargetRow } from "./measuring.ts";
import { GossipWorld, addressOf } from "./world.ts";
import type { CoreFactory } from "./world.ts";

export interface BridgeOptions {
  readonly seed: number;
  /** Of each of the two networks. */
  readonly members: number;
  readonly lossRate?: number;
  readonly factory?: CoreFactory;
}

/** How long all of two networks take to see each other, from when a newcomer joins both at once. */
export function bridgeMs({ seed, members, lossRate = 0, factory }: BridgeOptions): number {
  const world = new GossipWorld({ seed, ...(factory ? { factory } : {}) });
  const sight = new Sight(world, 2 * members + 1);
  for (let index = 0; index < 2 * members; index += 1) {
    const to = addressOf(index < members ? 0 : members);
    world.start(index).deliver({ type: "join", context: 1, addresses: [to] });
  }
  const apart = (): boolean => sight.pairs === 2 * members * (members - 1);
  if (members > 1 && !world.run(120_000, apart)) return Infinity;
  world.run(world.nowMs + 60_000); // nobody is still telling anything
  world.network.weather.lossRate = lossRate;
  const began = world.nowMs;
  const addresses = [addressOf(0), addressOf(members)];
  world.start(2 * members).deliver({ type: "join", context: 1, addresses });
  return world.run(began + 120_000, () => sight.complete) ? world.nowMs - began : Infinity;
}

/** @param seeds - how many runs of each, of which the slowest counts */
export function bridgeTargets(seeds: number): TargetRow[] {
  return [3, 30].flatMap((members) =>
    [0, 0.1].map((lossRate) => {
      const limit = lossRate === 0 ? 3 : 10;
      let tookMs = 0;
      for (let seed = 1; seed <= seeds; seed += 1) {
        tookMs = Math.max(tookMs, bridgeMs({ seed, members, lossRate }));
      }
      const weather = lossRate === 0 ? "" : `, ${lossRate * 100} % loss`;
      return {
        ...{ id: "G13", what: `a newcomer joins two networks of ${members} at once${weather}` },
        ...{ target: `≤ ${limit} s`, measured: `${seconds(tookMs)}, slowest of ${seeds}` },
        ok: tookMs <= limit * 1000,
      };
    }),
  );
}
