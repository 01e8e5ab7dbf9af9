/** What `/status` says in Raft mode. */
import type { EngineStatus } from "../../engine/engine.ts";
import type { ClusterStatus } from "../status-route.ts";

/** @param connected - whether messages reach this member now */
export function raftStatus(
  status: EngineStatus,
  connected: (id: string) => boolean,
): ClusterStatus {
  return {
    lastIndex: status.lastIndex,
    leader: status.leader,
    nodes: status.members.map(({ address, id, role }) => ({ address, id, role })),
    state: status.state,
    more: {
      id: status.id,
      term: status.term,
      commitIndex: status.commitIndex,
      appliedIndex: status.appliedIndex,
      leaderSilentMs: status.leaderSilentMs,
      peers: status.members
        .filter(({ id }) => id !== status.id)
        .map(({ id }) => ({
          id,
          connected: connected(id),
          ...status.peers.find((peer) => peer.id === id),
        })),
      pending: status.pending,
      counters: status.counters,
      idempotencyKeys: status.idempotencyKeys,
      logTimeMs: status.logTimeMs,
    },
  };
}
