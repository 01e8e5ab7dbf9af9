/** A look at a core after something happened to it: everything that is checked all the time. */
import type { RaftCoreLike, Ready } from "@counter/raft";
import type { SimServer } from "./server.ts";
import type { World } from "./world.ts";

export function lookAt(core: RaftCoreLike, server: SimServer, world: World): void {
  const { trace, invariants, corners, onElected } = world;
  const before = server.status;
  const now = core.status();
  server.status = now;
  invariants.onStatus(server, before, now);
  if (before !== null) corners.onStatus(server, before, now);
  if (now.role === "leader" && before?.role !== "leader") onElected(server.position);
  trace.mix(now.term);
  trace.mix(now.commitIndex);
  trace.mix(now.lastIndex);
}

/**
 * Whether a Ready hands out more than the last look saw committed: it may have left a joint
 * configuration, and what the smaller quorum has is committed at once.
 */
export function isAhead({ committed }: Ready, { status }: SimServer): boolean {
  return (committed.at(-1)?.index ?? 0) > (status?.commitIndex ?? 0);
}
