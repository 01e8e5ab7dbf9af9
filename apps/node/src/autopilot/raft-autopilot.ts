/** The autopilot of a node in Raft mode, put together from its parts. */
import { defaultTickMs, type RaftNode } from "@counter/raft";
import type { Logger } from "winston";

import type { RaftConfig } from "../config/node-config.ts";
import type { Identity } from "../data-dir/identity.ts";
import type { ClusterMembers } from "../engine/members.ts";
import type { NodeGossip } from "../gossip/node-gossip.ts";
import { Autopilot, replacedAfterMs, votersMin } from "./autopilot.ts";

export interface RaftAutopilotParts {
  readonly config: Pick<RaftConfig, "deadServerAfterMs">;
  readonly identity: Pick<Identity, "clusterId" | "members">;
  readonly raft: Pick<RaftNode<unknown>, "status" | "read">;
  readonly members: Pick<ClusterMembers, "remove">;
  readonly gossip: Pick<NodeGossip, "members" | "summary">;
  readonly connected: (id: string) => boolean;
  readonly tickMs?: number;
  readonly log: Logger;
}

/** @returns `null` if nobody is to be removed by itself, or there is no gossip to ask */
export function raftAutopilot(parts: RaftAutopilotParts): Autopilot | null {
  const { config, identity, raft, members, gossip, connected, log } = parts;
  const { deadServerAfterMs: deadAfterMs } = config;
  if (deadAfterMs === null || gossip.summary() === null) return null;
  const began = identity.members.length; // of a node that joined it says nothing
  return new Autopilot({
    status: () => raft.status(),
    confirm: () => raft.read(() => undefined),
    members,
    gossip: () => gossip.members(),
    connected,
    clusterId: identity.clusterId,
    limits: {
      deadAfterMs,
      replacedAfterMs,
      votersMin: began === 0 ? votersMin : Math.min(votersMin, began),
    },
    tickMs: parts.tickMs ?? defaultTickMs,
    log,
  });
}
