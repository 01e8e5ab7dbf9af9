/** What `/status` says in Raft mode. */
import type { EngineStatus } from "../../engine/engine.ts";
import type { ClusterStatus, ClusterSummary } from "../status-route.ts";

/**
 * @param about.directoryId - of the data directory: who has another one is not this node, whatever its id
 * @param about.connected - whether messages reach this member now
 */
export function raftStatus(
  status: EngineStatus,
  about: {
    readonly directoryId: string | null;
    readonly connected: (id: string) => boolean;
  },
): ClusterStatus {
  return {
    lastIndex: status.lastIndex,
    leader: status.leader,
    nodes: status.members.map(({ address, id, role }) => ({ address, id, role })),
    state: status.state,
    more: {
      id: status.id,
      directoryId: about.directoryId,
      term: status.term,
      commitIndex: status.commitIndex,
      appliedIndex: status.appliedIndex,
      leaderSilentMs: status.leaderSilentMs,
      peers: status.members
        .filter(({ id }) => id !== status.id)
        .map(({ id }) => ({
          id,
          connected: about.connected(id),
          ...status.peers.find((peer) => peer.id === id),
        })),
      pending: status.pending,
      counters: status.counters,
      idempotencyKeys: status.idempotencyKeys,
      sessions: status.sessions,
      logTimeMs: status.logTimeMs,
    },
  };
}

export function clusterSummary({ leader, members, restoreEpoch }: EngineStatus): ClusterSummary {
  return {
    leader: leader === null ? null : { id: leader.id, address: leader.address },
    members: members.length,
    epoch: restoreEpoch,
  };
}
