/** What `/status` and `/health` say in eventual mode. */
import type { EventualNodeStatus, PeerStatus } from "@counter/eventual";

import type { EventualConfig } from "../../config/node-config.ts";
import type { ClusterStatus, ClusterSummary } from "../status-route.ts";

/** How many records this node knows; it never falls while the disk is there. */
export function recordsKnown({ vector }: Pick<EventualNodeStatus, "vector">): number {
  let records = 0;
  for (const position of vector.values()) records += position;
  return records;
}

export function eventualStatus(
  status: EventualNodeStatus,
  { storage }: Pick<EventualConfig, "storage">,
): ClusterStatus {
  const present = status.members.filter((member) => member.status !== "removed");
  return {
    lastIndex: recordsKnown(status),
    leader: null,
    // Nobody votes: that is the point of this mode.
    nodes: present.map(({ address, id }) => ({ address, id, role: "nonvoter" })),
    state: status.fatal === null ? "Eventual" : "Shutdown",
    more: {
      id: status.node,
      provisional: status.provisional,
      boot: status.boot,
      writer: status.writer,
      position: status.position,
      ready: status.ready,
      leaving: status.leaving,
      peers: status.peers.map((peer) => peerOf(peer, status.tickMs)),
      writers: status.vector.size,
      vectorHash: status.vectorHash,
      counters: status.counters,
      idempotencyKeys: status.keys,
      keysClosedBefore: status.closedBefore,
      keepsKeys: status.keepsKeys,
      conflicts: status.conflicts,
      pending: {
        writes: status.pendingWrites,
        reads: status.pendingReads,
        exchanges: status.exchanges,
      },
      storage,
      storageFull: status.storageFull,
      retainedBytes: status.retainedBytes,
      journalBytes: status.journalBytes,
      checkpointBytes: status.checkpointBytes,
      malformedMessages: status.malformedMessages,
    },
  };
}

export function clusterSummary({ members }: EventualNodeStatus): ClusterSummary {
  const present = members.filter((member) => member.status !== "removed");
  return { leader: null, members: present.length, epoch: null };
}

function peerOf(peer: PeerStatus, tickMs: number): Readonly<Record<string, unknown>> {
  const { address, node, up, silentTicks, acked, lagRecords, boot } = peer;
  const silentMs = silentTicks === null ? null : silentTicks * tickMs;
  return { id: node, address, up, silentMs, acked, lagRecords, boot };
}

/** What `/health` says besides to those who read JSON. */
export function healthFacts(status: EventualNodeStatus): Readonly<Record<string, unknown>> {
  return {
    nodeId: status.node,
    boot: status.boot,
    writer: status.writer,
    clusterId: status.clusterId,
    mode: "eventual",
    vectorHash: status.vectorHash,
    ready: status.ready,
  };
}
