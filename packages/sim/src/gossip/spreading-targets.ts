/** G3 and G4: how fast news gets around, and what a cluster costs that has none. */
import { bytesOf, median, packetsOf, runFor, seconds, spreadOf } from "./measuring.ts";
import type { TargetRow } from "./measuring.ts";
import { GossipWorld } from "./world.ts";

const limitsByMembers: readonly (readonly [number, number])[] = [
  [100, 0.6],
  [1000, 0.9],
  [10_000, 1.1],
];

/** p50 of the time until metadata is known everywhere. */
export function metadataMs(members: number, changes: number, lossRate: number): number {
  const world = new GossipWorld({ seed: 3, weather: { lossRate } });
  world.startAcquainted(members);
  const took: number[] = [];
  for (let i = 0; i < changes; i += 1) {
    runFor(world, 4000 + ((i * 377) % 1000));
    const member = world.members[i % members]!;
    const spread = spreadOf(world, { member, event: "update", maxMs: 60_000 }, () => {
      member.deliver({ type: "updateMeta", context: i, meta: Uint8Array.of(i, i >> 8) });
    });
    took.push(spread.complete ? spread.lastMs : Infinity);
  }
  return median(took);
}

/**
 * p50 of the time until a broadcast arrived everywhere. The layer above is what it has to be: whoever
 * receives it for the first time broadcasts it on.
 */
export function broadcastMs(members: number, broadcasts: number, lossRate: number): number {
  const world = new GossipWorld({ seed: 4, weather: { lossRate } });
  world.startAcquainted(members);
  const took: number[] = [];
  for (let i = 0; i < broadcasts; i += 1) {
    runFor(world, 4000 + ((i * 377) % 1000));
    const began = world.nowMs;
    const seen = new Set([i % members]);
    const payload = Uint8Array.of(i, i >> 8);
    const tell = { type: "broadcast", context: i, key: null, payload } as const;
    world.watcher = {
      onUser: (heard, at) => {
        if (heard[0] !== payload[0] || heard[1] !== payload[1] || seen.has(at.index)) return;
        seen.add(at.index);
        at.deliver(tell);
      },
    };
    world.members[i % members]!.deliver(tell);
    const complete = world.run(began + 60_000, () => seen.size === members);
    took.push(complete ? world.nowMs - began : Infinity);
  }
  return median(took);
}

export function spreadingTargets(members: number, times: number): TargetRow[] {
  const [, limit] = limitsByMembers.find(([size]) => members <= size)!;
  const row = (what: string, tookMs: number, limitSeconds: number): TargetRow => ({
    ...{ id: "G3", what: `${what} to ${members}, p50 of ${times}` },
    ...{ target: `≤ ${limitSeconds} s`, measured: seconds(tookMs) },
    ok: tookMs <= limitSeconds * 1000,
  });
  return [
    row("metadata", metadataMs(members, times, 0), limit),
    row("a broadcast", broadcastMs(members, times, 0), limit),
    row("metadata, 25 % loss,", metadataMs(members, times, 0.25), 2),
    row("a broadcast, 25 % loss,", broadcastMs(members, times, 0.25), 2),
  ];
}

/** Packets and bytes that a member sends in a second while nothing happens. */
export function idleLoad(members: number): { readonly packets: number; readonly bytes: number } {
  const world = new GossipWorld({ seed: 5 });
  world.startAcquainted(members);
  runFor(world, 20_000);
  const [packets, bytes] = [packetsOf(world), bytesOf(world)];
  const measuredSeconds = 30;
  runFor(world, measuredSeconds * 1000);
  return {
    packets: (packetsOf(world) - packets) / members / measuredSeconds,
    bytes: (bytesOf(world) - bytes) / members / measuredSeconds,
  };
}

export function idleTargets(sizes: readonly number[]): TargetRow[] {
  return sizes.map((members) => {
    const { packets, bytes } = idleLoad(members);
    return {
      ...{ id: "G4", what: `${members} idle members: sent by each` },
      target: "≤ 2.05 packets/s, ≤ 100 B/s",
      measured: `${packets.toFixed(2)}/s, ${bytes.toFixed(0)} B/s`,
      ok: packets <= 2.05 && bytes <= 100,
    };
  });
}
