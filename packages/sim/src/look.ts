/** A look at a core after something happened to it: everything that is checked all the time. */
import type { RaftCoreLike } from "@counter/raft";
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
