/**
 * What gossip says of each member of a cluster, by its id there. Gossip forgets who has been gone for
 * a day; the last that it said is kept for as long as they are members.
 */
import type { NodeId } from "@counter/raft";

import type { GossipMember } from "../gossip/gossip-member.ts";
import type { Standing } from "./decide.ts";

/** The more alive, the smaller. */
const rank: Readonly<Record<Standing, number>> = { alive: 0, suspect: 1, failed: 2, left: 3 };

export class Standings {
  readonly #clusterId: string;
  /** Of members of the configuration only. */
  #kept: ReadonlyMap<NodeId, Standing> = new Map();

  constructor(clusterId: string) {
    this.#clusterId = clusterId;
  }

  /** @returns without an entry for members of whom gossip has never said anything */
  look(gossip: readonly GossipMember[], members: readonly NodeId[]): ReadonlyMap<NodeId, Standing> {
    const said = this.#best(gossip);
    const found = new Map<NodeId, Standing>();
    for (const id of members) {
      const standing = said.get(id) ?? this.#kept.get(id);
      if (standing !== undefined) found.set(id, standing);
    }
    this.#kept = found;
    return found;
  }

  /** A node that was started under another name, or that somebody poses as, is there more than once. */
  #best(gossip: readonly GossipMember[]): ReadonlyMap<NodeId, Standing> {
    const best = new Map<NodeId, Standing>();
    for (const { node, standing } of gossip) {
      if (node?.mode !== "raft" || node.id === null || node.cluster !== this.#clusterId) continue;
      const known = best.get(node.id);
      if (known === undefined || rank[standing] < rank[known]) best.set(node.id, standing);
    }
    return best;
  }
}
