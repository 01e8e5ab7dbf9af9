/** What a target says, what was measured, and how to wait for something in a simulated cluster. */
import type { MemberEventType } from "@counter/gossip";
import { nameOf } from "./world.ts";
import type { GossipWorld } from "./world.ts";
import type { SimMember } from "./member.ts";

/** A line of the table of targets. */
export interface TargetRow {
  readonly id: string;
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  readonly ok: boolean;
}

/** Half of them are not larger. `NaN` of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? NaN;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

export function packetsOf(world: GossipWorld): number {
  return world.members.reduce((sum, { packetsSent }) => sum + packetsSent, 0);
}

export function bytesOf(world: GossipWorld): number {
  return world.members.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
}

export function runFor(world: GossipWorld, ms: number): void {
  world.run(world.nowMs + ms);
}

/** When the first and the last of those who run told an event about a member. */
export interface Spread {
  readonly firstMs: number;
  readonly lastMs: number;
  /** All of them did. */
  readonly complete: boolean;
}

/**
 * Does something to a member, and waits until everybody else who runs has told of it.
 *
 * @param act - what is done, after somebody watches
 */
export function spreadOf(
  world: GossipWorld,
  about: { readonly member: SimMember; readonly event: MemberEventType; readonly maxMs: number },
  act: () => void,
): Spread {
  const { member, event, maxMs } = about;
  const name = nameOf(member.index);
  const told = new Set<number>();
  const began = world.nowMs;
  let firstMs = Infinity;
  world.watcher = {
    ...world.watcher,
    onEvent: (seen, at, nowMs) => {
      if (seen.type !== event || seen.member.name !== name || at === member) return;
      told.add(at.index);
      firstMs = Math.min(firstMs, nowMs - began);
    },
  };
  act();
  const wanted = world.members.filter((other) => !other.crashed && other !== member).length;
  const complete = world.run(began + maxMs, () => told.size >= wanted);
  return { firstMs, lastMs: world.nowMs - began, complete };
}
