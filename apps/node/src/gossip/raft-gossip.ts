/** The gossip of a node in Raft mode: what it says of itself, and where it looks for others. */
import type { RaftNodeStatus } from "@counter/raft";
import type { Logger } from "winston";

import type { Ask } from "../membership/asking.ts";
import type { CommonConfig, RaftConfig } from "../config/node-config.ts";
import type { Identity } from "../data-dir/identity.ts";
import type { GossipMember } from "./gossip-member.ts";
import { NodeGossip } from "./node-gossip.ts";
import type { NodeState, NodeTags } from "./node-tags.ts";

export interface RaftGossipParts {
  readonly config: RaftConfig;
  readonly log: Logger;
  readonly ask: Ask;
  /** `null` before Raft has begun. */
  readonly status: () => RaftNodeStatus | null;
  readonly clusterId: () => string | null;
}

export function raftGossip({ config, log, ask, status, clusterId }: RaftGossipParts): NodeGossip {
  const { address, mode, dataDir: folder } = config;
  const gossip: NodeGossip = new NodeGossip({
    config,
    log,
    ask,
    folder,
    seeds: () => {
      const members = status()?.configuration.members ?? [];
      const named = [...config.join, ...config.peers, ...members.map((member) => member.address)];
      return [...new Set(named)].filter((other) => other !== address);
    },
    status: () => {
      const { id = null, leaderId: leader = null, term = null } = status() ?? {};
      const state = gossip.tags()?.state ?? null;
      return { id, address, mode, state, term, leader, cluster: clusterId() };
    },
  });
  return gossip;
}

/**
 * What the node says of itself once it belongs to a cluster.
 *
 * @param status - `null` before Raft has begun
 */
export function raftTags(
  { address, clusterName }: Pick<CommonConfig, "address" | "clusterName">,
  { directoryId, nodeId, clusterId }: Pick<Identity, "directoryId" | "nodeId" | "clusterId">,
  status: Pick<RaftNodeStatus, "id" | "role" | "configuration"> | null,
): NodeTags {
  return {
    mode: "raft",
    http: address,
    id: nodeId,
    cluster: clusterId,
    name: clusterName,
    expect: null,
    dir: directoryId,
    state: status === null ? "joining" : stateOf(status),
  };
}

function stateOf({
  id,
  role,
  configuration: { voters, outgoing, learners },
}: Pick<RaftNodeStatus, "id" | "role" | "configuration">): NodeState {
  if (role === "leader") return "leader";
  if (voters.includes(id) || outgoing.includes(id)) return "voter";
  return learners.includes(id) ? "learner" : "joining";
}

/** Whom a node may ask to be taken in: who was named, and who is known to be of the cluster. */
export function seedsOf(
  { join, address }: Pick<RaftConfig, "join" | "address">,
  found: {
    /** Where the cluster was found. */
    readonly via: readonly string[];
    readonly gossip: readonly GossipMember[];
    /** `null` until it is known. */
    readonly cluster: string | null;
  },
): readonly string[] {
  const members = found.gossip.flatMap(({ node, standing }) => {
    const ours = node?.mode === "raft" && node.cluster === found.cluster;
    return ours && node.cluster !== null && standing === "alive" ? [node.http] : [];
  });
  return [...new Set([...join, ...found.via, ...members])].filter((seed) => seed !== address);
}
