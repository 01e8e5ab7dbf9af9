/** Metrics of Raft mode, made of what an observer sees and of what the node says when it is asked. */
import {
  combineObservers,
  type NodeId,
  type Note,
  type RaftNodeStatus,
  type RaftObserver,
} from "@counter/raft";
import type { CounterMachine } from "@counter/state-machine";

import type { RaftConfig } from "../config/node-config.ts";
import type { DataDirOwner } from "../data-dir/data-dir.ts";
import type { RaftCounterOptions } from "../engine/raft-counter.ts";
import type { BatchResults, RaftHost } from "../engine/raft-host.ts";
import type { GossipSummary } from "../gossip/gossip-member.ts";
import { sampleNode, setKeys } from "./node-metrics.ts";
import type { Metrics } from "./registry.ts";
import type { Tally } from "./tally.ts";

export interface RaftMeterParts {
  readonly metrics: Metrics;
  readonly config: Pick<
    RaftConfig,
    "dataDir" | "idempotencyMax" | "sessionsMax" | "metricsCounters"
  >;
  readonly machine: Pick<CounterMachine, "stats" | "value">;
  /** `null` until Raft has started. */
  readonly status: () => RaftNodeStatus | null;
  readonly connected: (id: NodeId) => boolean;
  readonly gossip: () => GossipSummary | null;
}

type Metered = Pick<RaftCounterOptions, "node" | "onBatch">;

export class RaftMeter {
  readonly #parts: RaftMeterParts;
  readonly #syncs: Tally;
  readonly #proposals: Tally;
  readonly #batches: Tally;
  readonly #snapshots: Tally;
  #leaderId: NodeId | null = null;
  /** Added since the last scrape. */
  #units = 0;

  constructor(parts: RaftMeterParts) {
    this.#parts = parts;
    const { metrics } = parts;
    this.#syncs = metrics.tally("counter_wal_fsync_duration_seconds");
    this.#proposals = metrics.tally("counter_raft_proposal_duration_seconds");
    this.#batches = metrics.tally("counter_combined_batch_size");
    this.#snapshots = metrics.tally("counter_snapshot_duration_seconds");
    metrics.set("counter_storage_full", false);
    sampleNode(parts, "raft");
    parts.metrics.onScrape(() => this.#sample());
  }

  /** Told of every sync of the log, and whether writes find the disk full. */
  readonly ofDisk: Required<Pick<DataDirOwner, "onSync" | "onFull">> = {
    onSync: (tookMs) => this.#syncs.observe(tookMs / 1000),
    onFull: (full) => this.#parts.metrics.set("counter_storage_full", full),
  };

  /** Told of every command, with the number of callers that it answers. */
  readonly #onBatch = (callers: number): void => this.#batches.observe(callers);

  beside(observer: RaftObserver): RaftObserver {
    if (!this.#parts.metrics.enabled) return observer;
    return combineObservers(observer, {
      onReady: ({ notes }) => {
        for (const note of notes) if (note.type === "leader") this.#onLeader(note);
      },
      onSnapshotSaved: (_snapshot, tookMs) => {
        const { metrics } = this.#parts;
        this.#snapshots.observe(tookMs / 1000);
        metrics.set("counter_snapshot_last_success_timestamp_seconds", Date.now() / 1000);
      },
    });
  }

  /** What an engine works with: the same node, with its proposals timed and counted. */
  host(node: RaftHost): Metered {
    if (!this.#parts.metrics.enabled) return { node };
    const propose: RaftHost["propose"] = async (command, options) => {
      const { metrics } = this.#parts;
      const startedAt = performance.now();
      try {
        const proposed = await node.propose(command, options);
        this.#proposals.observe((performance.now() - startedAt) / 1000);
        this.#units += unitsOf(proposed.result);
        return proposed;
      } catch (error) {
        metrics.count("counter_raft_proposals_failed_total");
        throw error;
      }
    };
    const metered: RaftHost = {
      propose,
      read: (query, options) => node.read(query, options),
      transferLeadership: (to, options) => node.transferLeadership(to, options),
      changeMembership: (changes, options) => node.changeMembership(changes, options),
      status: () => node.status(),
    };
    return { node: metered, onBatch: this.#onBatch };
  }

  #onLeader({ leaderId }: Extract<Note, { readonly type: "leader" }>): void {
    if (leaderId === null || leaderId === this.#leaderId) return;
    this.#leaderId = leaderId;
    this.#parts.metrics.count("counter_raft_leader_changes_total");
  }

  #sample(): void {
    const { metrics, config, machine } = this.#parts;
    metrics.count("counter_increment_units_total", { mode: "raft" }, this.#units);
    this.#units = 0;
    const { counters, keys, sessions, sessionResults } = machine.stats();
    metrics.set("counter_counters", counters);
    setKeys(metrics, keys, config.idempotencyMax);
    metrics.set("counter_sessions", sessions);
    metrics.set("counter_sessions_max", config.sessionsMax);
    metrics.set("counter_session_results", sessionResults);
    for (const counter of config.metricsCounters) {
      metrics.set("counter_value", Number(machine.value(counter)), { counter });
    }
    const status = this.#parts.status();
    if (status !== null) this.#sampleRaft(status);
  }

  #sampleRaft(status: RaftNodeStatus): void {
    const { metrics, connected } = this.#parts;
    const leads = status.role === "leader";
    metrics.set("counter_raft_is_leader", leads);
    metrics.set("counter_raft_has_leader", status.leaderId !== null);
    metrics.set("counter_raft_term", status.term);
    metrics.set("counter_raft_commit_index", status.commitIndex);
    metrics.set("counter_raft_applied_index", status.appliedIndex);
    metrics.set("counter_raft_proposals_pending", status.pendingProposals);
    metrics.clear("counter_peer_up");
    metrics.clear("counter_raft_peer_match_lag_entries");
    for (const { id: peer } of status.configuration.members) {
      if (peer === status.id) continue;
      metrics.set("counter_peer_up", connected(peer), { peer });
      const known = leads ? status.peers[peer] : undefined;
      if (known === undefined) continue;
      const lag = Math.max(0, status.lastIndex - known.matchIndex);
      metrics.set("counter_raft_peer_match_lag_entries", lag, { peer });
    }
  }
}

/** What the operations of one command have added now; a subtraction takes nothing back. */
function unitsOf(results: BatchResults): number {
  let units = 0;
  for (const result of results) units += Math.max(0, addedBy(result));
  return units;
}

function addedBy(result: BatchResults[number]): number {
  switch (result.status) {
    case "refused":
    case "session":
      return 0;
    case "ok":
      return result.replayed ? 0 : Number(result.value - result.previous);
    case "repeated":
      return result.done * Number(result.delta);
    case "answer":
    case "group":
      return unitsOf(result.results);
  }
}
