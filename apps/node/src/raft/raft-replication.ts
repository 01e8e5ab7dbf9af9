/** Raft as a node runs it: on its data directory, and over its HTTP port. */
import type { Server } from "node:http";
import type { Duplex } from "node:stream";

import { RaftNode, type RaftObserver } from "@counter/raft";
import type { CounterMachine } from "@counter/state-machine";
import {
  HttpTransport,
  type PeerTrust,
  type TlsSource,
  type TransportEvent,
} from "@counter/transport-http";

import type { RaftConfig } from "../config/node-config.ts";
import type { DataDir } from "../data-dir/data-dir.ts";
import { firstMembers } from "../data-dir/identity.ts";
import type { BatchResults } from "../engine/raft-host.ts";

export interface Replication {
  readonly raft: RaftNode<BatchResults>;
  readonly transport: HttpTransport;
}

export interface ReplicationParts {
  readonly config: Pick<RaftConfig, "address" | "label">;
  readonly dataDir: DataDir;
  readonly server: Server;
  readonly trust: PeerTrust;
  readonly tls: TlsSource;
  readonly machine: CounterMachine;
  readonly observer: RaftObserver;
  /** Told of the connections of peers. */
  readonly onPeer: (socket: Duplex) => void;
  readonly onTransport: (event: TransportEvent) => void;
  /** Default: Raft's own. */
  readonly tickMs: number | undefined;
  /** What else has to be there before this node takes part; others are answered "not ready" until then. */
  readonly before: () => Promise<void>;
}

/** @throws whatever `before` or Raft rejects with; the data directory is closed then */
export async function startReplication(parts: ReplicationParts): Promise<Replication> {
  const { config, tickMs } = parts;
  const { identity, storage, peerDirectories } = parts.dataDir;
  const transport = new HttpTransport({
    id: identity.nodeId,
    clusterId: identity.clusterId,
    directoryId: identity.directoryId,
    knownDirectories: peerDirectories,
    address: config.address,
    label: config.label,
    // A node that is behind has to hear a leader that it does not know as a member yet (§6).
    admit: "cluster",
    trust: parts.trust,
    tls: parts.tls,
    onPeer: parts.onPeer,
    onEvent: parts.onTransport,
  });
  transport.attach(parts.server);
  try {
    await parts.before();
    const raft = await RaftNode.start<BatchResults>({
      id: identity.nodeId,
      members: firstMembers(identity),
      stateMachine: parts.machine,
      storage,
      transport,
      observer: parts.observer,
      leases: {},
      ...(tickMs === undefined ? {} : { tickMs }),
    });
    return { raft, transport };
  } catch (error) {
    await storage.close();
    throw error;
  }
}
