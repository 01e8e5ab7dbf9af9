/** The members of the gossip, as the rest of the node sees them. */
import { decodeTags, type MemberView } from "@counter/gossip";

import { formatAddress } from "../config/addresses.ts";
import { decodeNodeTags, type NodeTags } from "./node-tags.ts";

/** It answers, it is doubted, it is given up, it said goodbye. */
export type GossipStanding = "alive" | "suspect" | "failed" | "left";

export interface GossipMember {
  /** Unique, and the same after a restart. */
  readonly name: string;
  /** `host:port` of its gossip, not of its clients. */
  readonly address: string;
  readonly standing: GossipStanding;
  /** What it says of itself; `null`: a member of Serf that is no node of ours. */
  readonly node: NodeTags | null;
}

/** How many members there are of each standing, this one included. */
export interface GossipSummary extends Readonly<Record<GossipStanding, number>> {
  readonly name: string;
  readonly address: string;
}

type Seen = Pick<MemberView, "name" | "address" | "standing" | "meta">;

export function gossipMember({ name, address, standing, meta }: Seen): GossipMember {
  const tags = decodeTags(meta);
  return {
    name,
    address: formatAddress(address),
    standing: standing === "dead" ? "failed" : standing,
    node: tags.ok ? decodeNodeTags(tags.value) : null,
  };
}

export function summaryOf(
  own: { readonly name: string; readonly address: string },
  members: readonly Pick<MemberView, "standing">[],
): GossipSummary {
  const count = (wanted: MemberView["standing"]): number =>
    members.filter(({ standing }) => standing === wanted).length;
  const counts = { alive: count("alive"), suspect: count("suspect") };
  return { ...own, ...counts, failed: count("dead"), left: count("left") };
}

/**
 * The cluster that both belong to. A name that nobody chose is no name, and an id that is not known
 * yet is nobody's.
 */
export function isSameCluster(a: NodeTags | null, b: NodeTags | null): boolean {
  if (a === null || b === null) return false;
  return a.mode === b.mode && a.cluster !== null && a.cluster === b.cluster;
}
