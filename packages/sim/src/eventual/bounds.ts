/** Checks that tables and logs stay within their limits, however long a partition lasts (E15). */
import type { EventualStatus } from "@counter/eventual";
import type { SimNode } from "./node.ts";
import { must } from "./sentences.ts";
import type { EventualWorld } from "./world.ts";

export function checkBounds(world: EventualWorld, node: SimNode, status: EventualStatus): void {
  const { limits } = world.knobs;
  const within = (what: string, size: number, max: number): void => {
    must(size <= max, "bounded", () => `${node.name}: ${size} ${what}, at most ${max} are allowed`);
  };
  within("bytes of records kept", status.retainedBytes, limits.retainedMaxBytes);
  // Each node accepts keys up to the limit, and again whenever it has closed those; the others have to
  // know them all, and may close later.
  // An older copy of a disk has room again for keys beside those that it has forgotten.
  const nodes = Math.max(world.nodes.length, status.members.length);
  const hasRolledBack = world.knobs.faults.enabled.has("rollback");
  if (!hasRolledBack) within("keys", status.keys, 3 * limits.keysMax * nodes);
  within("counters", status.counters, limits.countersMax);
  within("members", status.members.length, limits.membersMax);
  within("peers", status.peers.length, limits.membersMax);
}
