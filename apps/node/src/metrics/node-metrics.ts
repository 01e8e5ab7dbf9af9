/** What a node of either mode says of itself: its build, its loop, its disk, its gossip. */
import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";

import type { NodeConfig } from "../config/node-config.ts";
import { codeOf } from "../process/error-text.ts";
import type { GossipSummary } from "../gossip/gossip-member.ts";
import type { Check } from "../http/health-routes.ts";
import type { LogContext } from "../process/logging.ts";
import { Metrics } from "./registry.ts";

export interface NodeFacts {
  readonly config: Pick<NodeConfig, "mode" | "label" | "metrics" | "idempotencyMax">;
  readonly version: string;
  /** Of the sources that this was built from. */
  readonly commit: string;
  /** The worst of late: see `LoopLag`. */
  readonly worstLagMs: () => number;
  readonly inFlight: () => number;
  readonly logContext: Pick<LogContext, "linesDropped">;
}

/** With `--metrics=off` nothing is counted, and every call costs next to nothing. */
export function nodeMetrics(facts: NodeFacts): Metrics {
  const { config, version, commit } = facts;
  const metrics = new Metrics(config.mode, { enabled: config.metrics });
  if (!config.metrics) return metrics;
  metrics.withProcess();
  metrics.set("counter_build_info", 1, { version, commit, node: config.label, mode: config.mode });
  metrics.set("counter_idempotency_keys_max", config.idempotencyMax);
  let dropped = 0;
  metrics.onScrape(() => {
    const { linesDropped = 0 } = facts.logContext;
    metrics.count("counter_log_lines_dropped_total", {}, linesDropped - dropped);
    dropped = linesDropped;
    metrics.set("counter_event_loop_lag_seconds", facts.worstLagMs() / 1000);
    metrics.set("counter_http_requests_in_flight", facts.inFlight());
  });
  return metrics;
}

/**
 * What is around the node: the disk under it, and the gossip that it takes part in.
 *
 * @param logFolder - the name of the log's folder inside the data directory
 */
export function sampleNode(
  of: {
    readonly metrics: Metrics;
    readonly config: Pick<NodeConfig, "dataDir">;
    readonly gossip: () => GossipSummary | null;
  },
  logFolder: string,
): void {
  sampleDisk(of.metrics, of.config.dataDir, logFolder);
  sampleGossip(of.metrics, of.gossip);
}

/** @param checks - those behind `/readyz` */
export function sampleReadiness(metrics: Metrics, checks: readonly Check[]): void {
  metrics.onScrape(() => {
    metrics.set(
      "counter_ready",
      checks.every(({ problem }) => problem() === null),
    );
  });
}

function sampleDisk(metrics: Metrics, dataDir: string, folder: string): void {
  metrics.onScrape(async () => {
    try {
      const { bavail, blocks, bsize } = await statfs(dataDir);
      metrics.set("counter_data_dir_free_bytes", bavail * bsize);
      metrics.set("counter_data_dir_size_bytes", blocks * bsize);
      metrics.set("counter_wal_bytes", await bytesIn(join(dataDir, folder)));
    } catch (error) {
      // Before the first start there is no directory: then there is nothing to say of it.
      if (codeOf(error) !== "ENOENT") throw error;
    }
  });
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder)) {
    try {
      bytes += (await stat(join(folder, name))).size;
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error; // replaced while we looked
    }
  }
  return bytes;
}

function sampleGossip(metrics: Metrics, summary: () => GossipSummary | null): void {
  metrics.onScrape(() => {
    const now = summary();
    metrics.clear("counter_gossip_members");
    if (now === null) return;
    for (const standing of ["alive", "suspect", "failed", "left"] as const) {
      metrics.set("counter_gossip_members", now[standing], { standing });
    }
  });
}

/** Where as many keys are remembered as may be, a request with a new one is refused. */
export function setKeys(metrics: Metrics, keys: number, keysMax: number): void {
  metrics.set("counter_idempotency_keys", keys);
  metrics.set("counter_exactly_once_degraded", keys >= keysMax);
}
