/** The gossip of a node in eventual mode: what it says of itself, and where it looks for others. */
import type { EventualNodeStatus } from "@counter/eventual";
import type { Logger } from "winston";

import type { Ask } from "../membership/asking.ts";
import type { CommonConfig, EventualConfig } from "../config/node-config.ts";
import type { EventualIdentity } from "../data-dir/eventual-identity.ts";
import { NodeGossip } from "./node-gossip.ts";
import type { NodeTags } from "./node-tags.ts";

export interface EventualGossipParts {
  readonly config: EventualConfig;
  readonly log: Logger;
  readonly ask: Ask;
  /** `null` before the node has begun. */
  readonly status: () => EventualNodeStatus | null;
}

export function eventualGossip({ config, log, ask, status }: EventualGossipParts): NodeGossip {
  const { address, mode, peers, join, storage, dataDir } = config;
  const gossip: NodeGossip = new NodeGossip({
    config,
    log,
    ask,
    folder: storage === "file" ? dataDir : null,
    seeds: () => {
      const known = status()?.peers.map((peer) => peer.address) ?? [];
      return [...new Set([...peers, ...join, ...known])].filter((other) => other !== address);
    },
    status: () => {
      const { node: id = null, clusterId: cluster = null } = status() ?? {};
      const state = gossip.tags()?.state ?? null;
      return { id, address, mode, state, leader: null, cluster };
    },
  });
  return gossip;
}

/**
 * What the node says of itself.
 *
 * @param status - `null` before the node has begun
 */
export function eventualTags(
  { address }: Pick<CommonConfig, "address">,
  { nodeId, clusterName }: Pick<EventualIdentity, "nodeId" | "clusterName">,
  status: Pick<EventualNodeStatus, "clusterId" | "provisional" | "ready"> | null,
): NodeTags {
  return {
    mode: "eventual",
    http: address,
    id: nodeId,
    cluster: status === null || status.provisional ? null : status.clusterId,
    name: clusterName,
    expect: null,
    dir: nodeId,
    state: status?.ready === true ? "up" : "joining",
  };
}
