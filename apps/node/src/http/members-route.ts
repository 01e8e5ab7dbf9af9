/**
 * `GET /v1/members`: whom this node knows, as replication has them and as gossip has them. That a
 * node is alive and that it may vote are two facts: neither follows from the other.
 */
import { isSameCluster, type GossipMember, type GossipSummary } from "../gossip/gossip-member.ts";
import type { NodeTags } from "../gossip/node-tags.ts";
import { bodyMaxBytes, json, type Route } from "./api.ts";
import { membersDoc } from "./docs/cluster.ts";
import type { NodeFacts } from "./node-facts.ts";

/** Members that one reply lists at most; the rest is counted. */
export const membersShownMax: number = 500;

/** A member as replication knows it, with what else its mode says of it. */
export interface ReplicaRow extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly address: string;
}

export interface GossipSource {
  members(): readonly GossipMember[];
  summary(): GossipSummary | null;
  /** What this node says of itself; `null` without gossip. */
  tags(): NodeTags | null;
}

export function membersRoute(
  replicas: () => readonly ReplicaRow[],
  gossip: GossipSource,
  facts: Pick<NodeFacts, "mode" | "clusterId">,
): Route {
  const handle: Route["handle"] = () => {
    const rows = membersOf(replicas(), gossip.members(), gossip.tags());
    return json({
      mode: facts.mode,
      clusterId: facts.clusterId(),
      gossip: gossip.summary(),
      members: rows.slice(0, membersShownMax),
      more: Math.max(0, rows.length - membersShownMax),
    });
  };
  const summary = "who is there: the members of replication and of gossip, side by side";
  return {
    method: "GET",
    path: "/v1/members",
    summary,
    kind: "probe",
    scope: "read",
    operation: membersDoc,
    bodyMaxBytes,
    handle,
  };
}

/**
 * Joins both views by node id. Members of replication come first, then those that gossip alone knows,
 * nodes of our cluster before all others.
 *
 * @param own - what this node says of itself; `null` without gossip
 */
export function membersOf(
  replicas: readonly ReplicaRow[],
  gossip: readonly GossipMember[],
  own: NodeTags | null,
): readonly Readonly<Record<string, unknown>>[] {
  const rest = new Set(gossip);
  const known = replicas.map((row) => {
    const same = gossip.filter(({ node }) => node?.id === row.id && mayBeOurs(node, own));
    // A node whose disk was lost is there under two names: the one that answers is the one.
    const [member = null] = same.sort((a, b) => rankOf(a) - rankOf(b));
    if (member !== null) rest.delete(member);
    return { ...row, gossip: member === null ? null : viewOf(member) };
  });
  const nearness = ({ node }: GossipMember): number => {
    if (node === null) return 2;
    return isSameCluster(node, own) ? 0 : 1;
  };
  const others = [...rest]
    .sort((a, b) => nearness(a) - nearness(b) || rankOf(a) - rankOf(b))
    .map((member) => ({
      id: member.node?.id ?? null,
      address: member.node?.http ?? null,
      role: null,
      gossip: viewOf(member),
    }));
  return [...known, ...others];
}

/** In eventual mode a node may not have settled on a cluster yet, and its id is like no other. */
function mayBeOurs(node: NodeTags, own: NodeTags | null): boolean {
  if (node.mode !== own?.mode) return false;
  return node.cluster === null || own.cluster === null || node.cluster === own.cluster;
}

function rankOf({ standing }: GossipMember): number {
  return ["alive", "suspect", "failed", "left"].indexOf(standing);
}

function viewOf({ name, address, standing, node }: GossipMember): object {
  const { mode = null, state = null, cluster = null, dir = null } = node ?? {};
  return { name, address, standing, mode, state, cluster, dir };
}
