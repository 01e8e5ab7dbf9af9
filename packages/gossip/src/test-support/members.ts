import type { MemberEventType, MemberView } from "../core/door.ts";
import { localTiming, type GossipTiming } from "../core/options.ts";
import { GossipNode } from "../node/gossip-node.ts";
import type { GossipNodeOptions } from "../node/options.ts";
import type { MemberName, Standing } from "../types.ts";

/** The pace of one machine, quickened; the machine may be slow, so failing still takes a while. */
export const fastTiming: GossipTiming = {
  ...localTiming,
  probeIntervalMs: 200,
  probeTimeoutMs: 100,
  nackAfterMs: 80,
  gossipIntervalMs: 20,
  retransmitMult: 4, // a rumour that misses a member of a small cluster would be a test that fails
  streamTimeoutMs: 5_000,
  joinRetryMs: 100,
  seedIntervalMs: 500,
  leaveTimeoutMs: 1_000,
};

/** Members of one test, on loopback, closed at its end. */
export class Members {
  readonly #nodes: GossipNode[] = [];

  async start(name: MemberName, options: Partial<GossipNodeOptions> = {}): Promise<GossipNode> {
    const node = await GossipNode.start({
      name,
      bindHost: "127.0.0.1",
      bindPort: 0,
      timing: fastTiming,
      ...options,
    });
    this.#nodes.push(node);
    return node;
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map((node) => node.close()));
  }
}

/** Waits until something holds. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  timeoutMs: number = 20_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`did not come about: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What a member thinks of another; null if it does not know it. */
export function standingOf(
  node: { members(): readonly MemberView[] },
  name: MemberName,
): Standing | null {
  return node.members().find((member) => member.name === name)?.standing ?? null;
}

/** The first event of a type within some time, or null. */
export async function memberEvent(
  node: GossipNode,
  type: MemberEventType,
  withinMs: number,
): Promise<MemberView | null> {
  for await (const event of node.events({ signal: AbortSignal.timeout(withinMs) })) {
    if (event.type === type) return event.member;
  }
  return null;
}
