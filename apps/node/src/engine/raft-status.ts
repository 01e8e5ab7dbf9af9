/** What a node of Raft mode says of itself. */
import type { RaftNodeStatus } from "@counter/raft";
import type { MachineStats } from "@counter/state-machine";

import type { EngineStatus, PeerLag } from "./engine.ts";

/** @param waiting - operations that wait for an answer */
export function engineStatus(
  status: RaftNodeStatus,
  stats: MachineStats,
  waiting: number,
): EngineStatus {
  const { configuration } = status;
  const voters = new Set([...configuration.voters, ...configuration.outgoing]);
  return {
    state: stateOf(status),
    id: status.id,
    leader: configuration.members.find(({ id }) => id === status.leaderId) ?? null,
    members: configuration.members.map(({ id, address }) => {
      return { id, address, role: voters.has(id) ? "voter" : "nonvoter" };
    }),
    term: status.term,
    commitIndex: status.commitIndex,
    appliedIndex: status.appliedIndex,
    lastIndex: status.lastIndex,
    leaderSilentMs: status.leaderSilentMs,
    peers: status.role === "leader" ? lags(status) : [],
    pending: {
      operations: waiting,
      proposals: status.pendingProposals,
      reads: status.pendingReads,
    },
    counters: stats.counters,
    idempotencyKeys: stats.keys,
    sessions: stats.sessions,
    logTimeMs: stats.logTimeMs,
    restoreEpoch: stats.restoreEpoch,
  };
}

function stateOf(status: RaftNodeStatus): EngineStatus["state"] {
  if (status.fatal !== null) return "Shutdown";
  switch (status.role) {
    case "leader":
      return "Leader";
    case "follower":
      return "Follower";
    case "preCandidate":
    case "candidate":
      return "Candidate";
  }
}

function lags(status: RaftNodeStatus): PeerLag[] {
  return Object.entries(status.peers)
    .filter(([id]) => id !== status.id)
    .map(([id, { matchIndex, state }]) => {
      return { id, matchIndex, lagEntries: Math.max(0, status.lastIndex - matchIndex), state };
    });
}
