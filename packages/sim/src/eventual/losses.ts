/** What is lost for good when a disk is, or a node is removed: the simulation knows it exactly. */
import type { NodeId, Position, WriterId } from "@counter/eventual";
import type { SimNode } from "./node.ts";
import type { EventualWorld } from "./world.ts";

/** What these nodes together know. */
function knownTo(nodes: readonly SimNode[]): Map<WriterId, Position> {
  const known = new Map<WriterId, Position>();
  for (const node of nodes) {
    for (const [writer, position] of node.watch.model.vector) {
      known.set(writer, Math.max(position, known.get(writer) ?? 0));
    }
  }
  return known;
}

/** Its own disk is gone, or went back: some of what it wrote may be with others alone. */
function isKeptByOthersOnly({ goneIds, nodes }: EventualWorld, owner: NodeId): boolean {
  return goneIds.has(owner) || nodes.some(({ id, hasGoneBack }) => id === owner && hasGoneBack);
}

/**
 * Call when this node can no longer tell anybody what it knows, before that is so: its own records
 * that nobody else has may be missing from now on, and so may those of nodes that went before it.
 */
export function onNodeLost(world: EventualWorld, lost: SimNode): void {
  const { nodes, goneIds } = world;
  const known = knownTo(nodes.filter((n) => n !== lost && !n.isGone && !goneIds.has(n.id)));
  for (const writer of world.truth.writers.values()) {
    if (writer.owner !== lost.id && !isKeptByOthersOnly(world, writer.owner)) continue;
    const left = known.get(writer.id) ?? 0;
    if (left >= writer.records.length && writer.owner !== lost.id) continue;
    writer.losableFrom = Math.min(writer.losableFrom ?? Infinity, left + 1);
  }
}

/** The disk of this node went back, and its process has read it: what it wrote since is forgotten unless somebody has it. */
export function onDiskWentBack(world: EventualWorld, node: SimNode): void {
  // One that is about to be removed, or never will be, can still tell what it knows.
  const known = knownTo(world.nodes.filter(({ isGone }) => !isGone));
  for (const writer of world.truth.writers.values()) {
    if (writer.owner !== node.id && !isKeptByOthersOnly(world, writer.owner)) continue;
    const left = known.get(writer.id) ?? 0;
    if (left >= writer.records.length) continue;
    writer.losableFrom = Math.min(writer.losableFrom ?? Infinity, left + 1);
    if (writer.owner === node.id) world.truth.truncate(writer.id, left);
  }
}
