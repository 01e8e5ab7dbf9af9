/** What gossip tells of candidates and clusters that are meant by our settings. */
import { isNamed } from "../config/cluster-id.ts";
import type { GossipMember } from "../gossip/gossip-member.ts";
import type { NodeTags } from "../gossip/node-tags.ts";
import type { Sighting } from "./types.ts";

/** @param name - what `--cluster-id` says; `null` if it was not given */
export function sightingsIn(
  members: readonly GossipMember[],
  name: string | null,
): readonly Sighting[] {
  return members.flatMap(({ node, standing }): Sighting[] => {
    if (node?.mode !== "raft" || standing === "left" || !isOurs(node, name)) return [];
    const { dir: directoryId, http: address, expect, cluster: clusterId } = node;
    // Who is doubted is not given up: it may still answer, and has to.
    const seen = standing === "failed" ? "lost" : "there";
    return [{ directoryId, address, standing: seen, expect, clusterId }];
  });
}

/** Unlike a node that a person has named with `--join`, one in sight may be of any cluster. */
function isOurs(node: Pick<NodeTags, "name" | "cluster">, name: string | null): boolean {
  if (node.cluster === null) return node.name === name;
  return name === null ? !node.cluster.includes("~") : isNamed(node.cluster, name);
}
