/** The cluster as this node sees it: who leads, who can be reached, who refuses us, what is missing. */
import type { RaftNodeStatus } from "@counter/raft";
import type { HttpTransport, TransportEvent } from "@counter/transport-http";
import type { Logger } from "winston";

import type { Ask } from "./asking.ts";
import type { NodeConfig } from "../config/node-config.ts";
import type { DataDir } from "../data-dir/data-dir.ts";
import type { Leadership } from "../engine/raft-host.ts";
import type { StartError } from "../process/exit-codes.ts";
import { askForCluster } from "./foreign-cluster.ts";
import type { ClusterView } from "../http/raft/leader-seeking.ts";
import { Refusals } from "./refusals.ts";

export interface NeighboursParts {
  readonly leadership: Leadership;
  /** What this node waits for before it is a member; `null` once it is one. */
  readonly admission: () => string | null;
  /** This node can never take part as it was started; the error says why. */
  readonly onHopeless: (error: StartError) => void;
}

/** What there is once the data directory has been read. */
export interface Joined {
  readonly status: () => RaftNodeStatus;
  readonly transport: Pick<HttpTransport, "stats">;
  readonly dataDir: Pick<DataDir, "identity" | "peerDirectories">;
  readonly config: Pick<NodeConfig, "dataDir">;
  readonly log: Logger;
  readonly ask: Ask;
}

export class Neighbours implements ClusterView {
  readonly #parts: NeighboursParts;
  #joined: Joined | null = null;
  #refusals: Refusals | null = null;

  constructor(parts: NeighboursParts) {
    this.#parts = parts;
  }

  /** From now on the others are looked at, and what they say about us. */
  join(joined: Joined): void {
    const { status, dataDir, config, log } = joined;
    const { identity, peerDirectories } = dataDir;
    this.#joined = joined;
    this.#refusals = new Refusals({
      own: identity.address,
      dataDir: config.dataDir,
      clusterId: identity.clusterId,
      members: () => status().configuration.members.map(({ id }) => id),
      voters: () => status().configuration.voters,
      met: (peer) => peerDirectories.get(peer) !== null,
      // The first configuration is one entry; whoever has heard a leader has more.
      untouched: () => status().lastIndex <= 1 && status().snapshot === null,
      ask: (address) => askForCluster(joined.ask, address),
      onReason: (text) => log.warn(text),
      onHopeless: this.#parts.onHopeless,
    });
  }

  onTransport(event: TransportEvent): void {
    this.#refusals?.onTransport(event);
  }

  leaderAddress(): string | null {
    const { leaderId } = this.#parts.leadership;
    const status = this.#joined?.status();
    if (leaderId === null || leaderId === status?.id) return null;
    const members = status?.configuration.members ?? [];
    return members.find(({ id }) => id === leaderId)?.address ?? null;
  }

  leaderAtHand(): boolean {
    const { leading, leaderId } = this.#parts.leadership;
    return leading || (leaderId !== null && this.connected(leaderId));
  }

  cutOff(): boolean {
    return this.#parts.leadership.leaderId === null && (this.#refusals?.cutOff() ?? false);
  }

  /** Whether messages reach this member now. */
  connected(id: string): boolean {
    return this.#joined?.transport.stats().peers[id]?.connected ?? false;
  }

  /** Whether it answers where the configuration says that it is; it may have dialled us from elsewhere. */
  answersAtItsAddress(id: string): boolean {
    return this.#joined?.transport.stats().peers[id]?.dialled ?? false;
  }

  unreachable(): readonly string[] {
    const peers = this.#joined?.transport.stats().peers ?? {};
    return Object.entries(peers)
      .filter(([, { connected }]) => !connected)
      .map(([id]) => id);
  }

  waiting(): string {
    const refused = this.#refusals?.reasons() ?? [];
    if (refused.length > 0) return refused.join("; ");
    const admission = this.#parts.admission();
    if (admission !== null) return admission;
    const missing = this.unreachable();
    return missing.length > 0 ? `waiting for ${missing.join(", ")}` : "an election is under way";
  }

  /** Whether enough others are there to elect one of them. Learners do not help with that. */
  successorPossible(): boolean {
    const status = this.#joined?.status();
    if (status === undefined) return false;
    const { voters } = status.configuration;
    const others = voters.filter((id) => id !== status.id && this.connected(id)).length;
    const own = voters.includes(status.id) ? 1 : 0; // our own vote counts until we are gone
    return others > 0 && (others + own) * 2 > voters.length;
  }
}
