/** What a node says of itself, made of its status. */
import type { EventualNodeStatus } from "@counter/eventual";
import type { RaftNodeStatus } from "@counter/raft";

import type { CommonConfig } from "../config/node-config.ts";
import type { EventualIdentity } from "../data-dir/eventual-identity.ts";
import type { Identity } from "../data-dir/identity.ts";
import type { NodeState, NodeTags } from "./node-tags.ts";

type Named = Pick<CommonConfig, "address" | "clusterName">;

/** @param status - `null`: Raft has not begun */
export function raftTags(
  { address, clusterName }: Named,
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
    state: status === null ? "joining" : raftState(status),
  };
}

function raftState({
  id,
  role,
  configuration: { voters, outgoing, learners },
}: Pick<RaftNodeStatus, "id" | "role" | "configuration">): NodeState {
  if (role === "leader") return "leader";
  if (voters.includes(id) || outgoing.includes(id)) return "voter";
  return learners.includes(id) ? "learner" : "joining";
}

/** @param status - `null`: the node has not begun */
export function eventualTags(
  { address, clusterName }: Named,
  { nodeId }: Pick<EventualIdentity, "nodeId">,
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
