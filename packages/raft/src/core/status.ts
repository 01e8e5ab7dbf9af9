import type { NodeId } from "../types.ts";
import type { PeerStatus, RaftStatus } from "./door.ts";
import { neverHeard } from "./progress.ts";
import type { Progress } from "./progress.ts";
import { leaderOf } from "./state.ts";
import type { RaftState } from "./state.ts";

/** A copy of what people and tests want to see. */
export function statusOf(s: RaftState): RaftStatus {
  const { snapshot } = s;
  const { index, configuration } = s.configurations.current;
  return {
    id: s.id,
    role: s.role.kind,
    term: s.term,
    vote: s.vote,
    leaderId: leaderOf(s),
    leaderSilentTicks: Math.max(0, s.electionElapsedTicks),
    commitIndex: s.commitIndex,
    appliedIndex: s.appliedIndex,
    persistedIndex: s.persistedIndex,
    firstIndex: s.log.firstIndex,
    lastIndex: s.log.lastIndex,
    lastTerm: s.log.lastTerm,
    snapshot: snapshot === null ? null : { index: snapshot.index, term: snapshot.term },
    configuration,
    configurationIndex: index,
    removed: s.removed,
    peers: peersOf(s),
  };
}

function peersOf(s: RaftState): Record<NodeId, PeerStatus> {
  const peers: Record<NodeId, PeerStatus> = {};
  if (s.role.kind === "leader") {
    for (const peer of s.role.peers) peers[peer.id] = peerStatus(s, peer);
  }
  return peers;
}

function peerStatus(s: RaftState, peer: Progress): PeerStatus {
  const { matchIndex, nextIndex, state, recentlyActive, window, snapshot } = peer;
  const { inflightMaxMessages, inflightMaxBytes } = s.options;
  const full = window.messages >= inflightMaxMessages || window.bytes >= inflightMaxBytes;
  return {
    matchIndex,
    nextIndex,
    state,
    snapshot:
      snapshot === null
        ? null
        : { index: snapshot.index, offset: snapshot.offset, sending: snapshot.sending },
    inflightMessages: window.messages,
    inflightBytes: window.bytes,
    paused: state === "snapshot" || (state === "probe" ? peer.probeSent : full),
    recentlyActive,
    silentTicks: peer.silentTicks < neverHeard ? peer.silentTicks : null,
    removed: peer.farewell !== null,
  };
}
