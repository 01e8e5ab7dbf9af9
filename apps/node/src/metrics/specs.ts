/**
 * Every metric of a node, once: the registry, docs/metrics.md, and what dashboards and alerts may
 * use are all made from, or held against, this table.
 */
import type { Mode } from "../config/node-config.ts";

export interface MetricSpec {
  readonly type: "counter" | "gauge" | "histogram";
  /** One sentence, as scrapes and docs/metrics.md show it. */
  readonly help: string;
  readonly labels?: readonly string[];
  /** The only mode that has it; without it, both. */
  readonly mode?: Mode;
  /** Upper bounds, for a histogram. */
  readonly buckets?: readonly number[];
}

/** Seconds that a request may take: from one on a quiet machine to one that waited for a leader. */
const requestSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** Seconds of a sync: from a disk with a cache of its own to one that stalls. */
const syncSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5];
const snapshotSeconds = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60];
/** Callers in one command of the log; the batcher takes at most 1024 operations, each for many. */
const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

const ofNode = {
  counter_build_info: {
    type: "gauge",
    help: "Always 1; the labels say what runs here.",
    labels: ["version", "commit", "node", "mode"],
  },
  counter_http_requests_total: {
    type: "counter",
    help: "Requests that were answered. Requests between nodes that carry records or Raft messages are not among them.",
    labels: ["route", "method", "code"],
  },
  counter_http_request_duration_seconds: {
    type: "histogram",
    help: "From a request's head having been read until its answer was handed to the socket.",
    labels: ["route", "method"],
    buckets: requestSeconds,
  },
  counter_rate_limited_total: {
    type: "counter",
    help: "Requests that were answered 429 because a quota was used up (--rate-limit, --rate-limit-namespace); policy: principal or namespace.",
    labels: ["policy"],
  },
  counter_http_connections: {
    type: "gauge",
    help: "Open connections of clients, and of other nodes that came while there was room for clients (--connections-max).",
  },
  counter_http_connections_refused_total: {
    type: "counter",
    help: "Connections that were closed because there were too many of them, or of one address.",
  },
  counter_http_requests_in_flight: {
    type: "gauge",
    help: "Requests that are being answered, those that wait for a leader included.",
  },
  counter_operations_total: {
    type: "counter",
    help: "Operations on counters as clients asked this node for them, whichever node carried them out. Outcome: applied, replayed (a known Idempotency-Key), answered (of reads), not-applied, unknown.",
    labels: ["op", "mode", "outcome"],
  },
  counter_increment_units_total: {
    type: "counter",
    help: "Units that writes accepted by this node have added, and numbers that it has handed out. A float: exact up to 2^53.",
    labels: ["mode"],
  },
  counter_idempotent_replays_total: {
    type: "counter",
    help: "Requests whose Idempotency-Key, or number in a session, was known: they were answered, and nothing was done.",
  },
  counter_idempotency_keys: {
    type: "gauge",
    help: "Idempotency-Keys that are remembered.",
  },
  counter_idempotency_keys_max: {
    type: "gauge",
    help: "How many Idempotency-Keys may be remembered (--idempotency-max).",
  },
  counter_idempotency_conflicts_total: {
    type: "counter",
    help: "Keys that were used again for another request; in eventual mode also pairs found afterwards.",
  },
  counter_exactly_once_degraded: {
    type: "gauge",
    help: "1 while no new Idempotency-Key is taken, because as many are remembered as may be.",
  },
  counter_sessions: {
    type: "gauge",
    help: "Sessions of clients that have not ended.",
    mode: "raft",
  },
  counter_sessions_max: {
    type: "gauge",
    help: "How many sessions there may be (--sessions-max).",
    mode: "raft",
  },
  counter_session_results: {
    type: "gauge",
    help: "Results that are kept for sessions until their clients have them; at most as many as keys (--idempotency-max).",
    mode: "raft",
  },
  counter_counters: { type: "gauge", help: "Counters that exist." },
  counter_value: {
    type: "gauge",
    help: "The value of a counter as this node has it; only of those that --metrics-counters names. A float: exact up to 2^53.",
    labels: ["counter"],
  },
  counter_wal_fsync_duration_seconds: {
    type: "histogram",
    help: "Syncs of the log: no write is acknowledged before one.",
    buckets: syncSeconds,
  },
  counter_wal_bytes: {
    type: "gauge",
    help: "Bytes that the files of the log take on the disk, room prepared for further entries included.",
  },
  counter_data_dir_free_bytes: {
    type: "gauge",
    help: "Bytes that are free on the file system of the data directory.",
  },
  counter_data_dir_size_bytes: {
    type: "gauge",
    help: "Size of the file system of the data directory.",
  },
  counter_storage_full: {
    type: "gauge",
    help: "1 while the disk is full, and this node acknowledges nothing.",
  },
  counter_snapshot_duration_seconds: {
    type: "histogram",
    help: "How long snapshots (in eventual mode: checkpoints of the journal) took to be stored.",
    buckets: snapshotSeconds,
  },
  counter_snapshot_last_success_timestamp_seconds: {
    type: "gauge",
    help: "When this process last stored a snapshot, in seconds since 1970; 0: it has not yet.",
  },
  counter_peer_up: {
    type: "gauge",
    help: "1 for another member that this node is connected to; in eventual mode one whose health checks succeed.",
    labels: ["peer"],
  },
  counter_ready: { type: "gauge", help: "1 while /readyz answers 200." },
  counter_event_loop_lag_seconds: {
    type: "gauge",
    help: "How late the latest timer of the last 30 to 60 seconds ran, so that a loop that stands still now and then is seen by scrapes in between.",
  },
  counter_gossip_members: {
    type: "gauge",
    help: "Members of gossip by what it says of them: alive, suspect, failed, left. Absent without gossip.",
    labels: ["standing"],
  },
  counter_watchers: {
    type: "gauge",
    help: "Clients that watch counters here, by streams and by reads that wait for news (--watchers-max).",
  },
  counter_log_lines_dropped_total: {
    type: "counter",
    help: "Log lines that were not written because there were too many like them.",
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

const ofRaft = {
  counter_raft_is_leader: { type: "gauge", help: "1 while this node leads.", mode: "raft" },
  counter_raft_has_leader: {
    type: "gauge",
    help: "1 while this node knows a leader.",
    mode: "raft",
  },
  counter_raft_term: { type: "gauge", help: "The term this node is in.", mode: "raft" },
  counter_raft_commit_index: {
    type: "gauge",
    help: "The newest entry that this node knows to be committed.",
    mode: "raft",
  },
  counter_raft_applied_index: {
    type: "gauge",
    help: "The newest entry that this node has applied.",
    mode: "raft",
  },
  counter_raft_leader_changes_total: {
    type: "counter",
    help: "How often this node has learnt of a leader that was not the one before.",
    mode: "raft",
  },
  counter_raft_proposals_pending: {
    type: "gauge",
    help: "Commands that wait to be committed and applied.",
    mode: "raft",
  },
  counter_raft_proposals_failed_total: {
    type: "counter",
    help: "Commands that were refused, lost, or not confirmed in time.",
    mode: "raft",
  },
  counter_raft_proposal_duration_seconds: {
    type: "histogram",
    help: "From a command being proposed at the leader until it was committed and applied there.",
    mode: "raft",
    buckets: requestSeconds,
  },
  counter_raft_peer_match_lag_entries: {
    type: "gauge",
    help: "On the leader: entries of its log that the peer is not known to have.",
    labels: ["peer"],
    mode: "raft",
  },
  counter_combined_batch_size: {
    type: "histogram",
    help: "Callers that were served by one command of the log.",
    mode: "raft",
    buckets: batchSizes,
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

const ofEventual = {
  counter_peer_last_heard_seconds: {
    type: "gauge",
    help: "Since the peer was last heard of, counted in ticks; absent before the first time.",
    labels: ["peer"],
    mode: "eventual",
  },
  counter_peer_lag_records: {
    type: "gauge",
    help: "Records that this node has and the peer is not known to have.",
    labels: ["peer"],
    mode: "eventual",
  },
  counter_anti_entropy_rounds_total: {
    type: "counter",
    help: "Comparisons with a peer that this node began, by what they ended with: equal (nothing was missing here), repaired, snapshot, failed.",
    labels: ["result"],
    mode: "eventual",
  },
  counter_replayed_records_total: {
    type: "counter",
    help: "Records that a peer had missed and was given later.",
    labels: ["peer"],
    mode: "eventual",
  },
  counter_state_transfers_total: {
    type: "counter",
    help: "Snapshots that were given to a peer, or taken from one, to the end.",
    mode: "eventual",
  },
  counter_divergence_detected_total: {
    type: "counter",
    help: "How often a peer was found to have other records under the same positions. Must stay 0.",
    mode: "eventual",
  },
  counter_forks_detected_total: {
    type: "counter",
    help: "Writers of which two histories were found, each counted once. Must stay 0.",
    mode: "eventual",
  },
  counter_writers: {
    type: "gauge",
    help: "Writers whose records are known here: one for every node and life of a node that has written.",
    mode: "eventual",
  },
  counter_convergence_lag_seconds: {
    type: "gauge",
    help: "For how long some peer that is up has lacked records of this node without a break.",
    mode: "eventual",
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export const metricSpecs = { ...ofNode, ...ofRaft, ...ofEventual } as const;

export type MetricName = keyof typeof metricSpecs;

type NamesOf<Type extends MetricSpec["type"]> = {
  [Name in MetricName]: (typeof metricSpecs)[Name]["type"] extends Type ? Name : never;
}[MetricName];

export type CounterName = NamesOf<"counter">;
export type GaugeName = NamesOf<"gauge">;
export type HistogramName = NamesOf<"histogram">;
