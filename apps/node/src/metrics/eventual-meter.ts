/** Metrics of eventual mode, made of what an observer sees and of what the node says when asked. */
import type {
  EventualNode,
  EventualNodeStatus,
  EventualObserver,
  Input,
  Note,
  Outcome,
  Ready,
} from "@counter/eventual";

import type { EventualConfig } from "../config/node-config.ts";
import type { GossipSummary } from "../gossip/gossip-member.ts";
import { sampleNode, setKeys } from "./node-metrics.ts";
import type { Metrics } from "./registry.ts";
import type { Tally } from "./tally.ts";

/** Between two looks at who lacks records, in milliseconds: scrapes come too rarely for that. */
const lookEveryMs = 1000;

/** Most forked writers that are told apart: peers can make up names. */
const forksMax = 1024;

export interface EventualMeterParts {
  readonly metrics: Metrics;
  readonly config: Pick<EventualConfig, "dataDir" | "idempotencyMax" | "metricsCounters">;
  /** `null` until it has started. */
  readonly node: () => Pick<EventualNode, "status" | "value"> | null;
  readonly gossip: () => GossipSummary | null;
}

export class EventualMeter {
  readonly #parts: EventualMeterParts;
  readonly #syncs: Tally;
  readonly #checkpoints: Tally;
  /** Added since the last scrape. */
  #units = 0;
  /** What was asked to be added, by the context of the operation; as many as the node lets wait. */
  readonly #adding = new Map<number, bigint>();
  /** Numbers of the exchanges that compare; as many as there are peers (Y4). */
  readonly #comparing = new Set<number>();
  readonly #forked = new Set<string>();
  readonly #looking: NodeJS.Timeout | null;
  /** Since when some peer that is up has lacked something; `null`: none does. */
  #lackingSinceMs: number | null = null;

  constructor(parts: EventualMeterParts) {
    this.#parts = parts;
    this.#syncs = parts.metrics.tally("counter_wal_fsync_duration_seconds");
    this.#checkpoints = parts.metrics.tally("counter_snapshot_duration_seconds");
    sampleNode(parts, "journal");
    parts.metrics.onScrape(() => this.#sample());
    this.#looking = parts.metrics.enabled ? setInterval(() => this.#look(), lookEveryMs) : null;
    this.#looking?.unref();
  }

  end(): void {
    if (this.#looking !== null) clearInterval(this.#looking);
  }

  /** Told of every sync of the journal. */
  readonly onSync = (tookMs: number): void => this.#syncs.observe(tookMs / 1000);

  /** Calls both; the other one first. */
  beside(observer: EventualObserver): EventualObserver {
    if (!this.#parts.metrics.enabled) return observer;
    return {
      ...observer,
      onInput: (input) => {
        observer.onInput?.(input);
        this.#onInput(input);
      },
      onReady: (ready) => {
        observer.onReady?.(ready);
        this.#onReady(ready);
      },
      onCheckpoint: (bytes, tookMs) => {
        observer.onCheckpoint?.(bytes, tookMs);
        const { metrics } = this.#parts;
        this.#checkpoints.observe(tookMs / 1000);
        metrics.set("counter_snapshot_last_success_timestamp_seconds", Date.now() / 1000);
      },
    };
  }

  #onInput(input: Input): void {
    if (input.type === "submit") {
      const { operation } = input;
      if (operation.type === "add" && operation.delta > 0n) {
        this.#adding.set(input.context, operation.delta);
      }
    } else if (input.type === "unanswered") {
      this.#compared(input.exchange, "failed");
    } else if (input.type === "receive" && input.message.kind === "reply") {
      const { exchange, body } = input.message;
      if (body.type !== "delta") return this.#compared(exchange, "failed");
      const found = body.ranges.length > 0 ? "repaired" : "equal";
      this.#compared(exchange, body.snapshot ? "snapshot" : found);
    }
  }

  #onReady({ messages, notes, outcomes }: Ready): void {
    for (const message of messages) {
      if (message.kind === "request" && message.body.type === "sync") {
        this.#comparing.add(message.exchange);
      }
    }
    for (const outcome of outcomes) this.#onOutcome(outcome);
    for (const note of notes) this.#onNote(note);
  }

  #compared(exchange: number, result: "equal" | "repaired" | "snapshot" | "failed"): void {
    if (!this.#comparing.delete(exchange)) return;
    this.#parts.metrics.count("counter_anti_entropy_rounds_total", { result });
  }

  #onOutcome(outcome: Outcome): void {
    const delta = this.#adding.get(outcome.context);
    if (delta === undefined) return;
    this.#adding.delete(outcome.context);
    if (outcome.type === "refused" || outcome.replayed) return;
    this.#units += Number(delta);
  }

  #onNote(note: Note): void {
    const { metrics } = this.#parts;
    switch (note.type) {
      case "replayed":
        if (note.direction === "in") return; // the peer counts it
        metrics.count(
          "counter_replayed_records_total",
          { peer: metrics.bounded("peer", note.peer) },
          note.records,
        );
        return;
      case "snapshot":
        if (note.what === "ended") metrics.count("counter_state_transfers_total");
        return;
      case "fork":
        metrics.count("counter_divergence_detected_total");
        if (this.#forked.has(note.writer) || this.#forked.size >= forksMax) return;
        this.#forked.add(note.writer);
        metrics.count("counter_forks_detected_total");
        return;
      case "conflict":
        metrics.count("counter_idempotency_conflicts_total");
        return;
      default:
        return; // the log has it
    }
  }

  #look(): void {
    const status = this.#parts.node()?.status();
    const lacking = status?.peers.some(({ up, lagRecords }) => up && lagRecords > 0) ?? false;
    this.#lackingSinceMs = lacking ? (this.#lackingSinceMs ?? performance.now()) : null;
  }

  #sample(): void {
    const { metrics, config } = this.#parts;
    const node = this.#parts.node();
    if (node === null) return;
    metrics.count("counter_increment_units_total", { mode: "eventual" }, this.#units);
    this.#units = 0;
    const status = node.status();
    metrics.set("counter_counters", status.counters);
    setKeys(metrics, status.keys, config.idempotencyMax);
    for (const counter of config.metricsCounters) {
      metrics.set("counter_value", Number(node.value(counter)), { counter });
    }
    metrics.set("counter_writers", status.vector.size);
    metrics.set("counter_storage_full", status.storageFull);
    const since = this.#lackingSinceMs;
    const lagMs = since === null ? 0 : performance.now() - since;
    metrics.set("counter_convergence_lag_seconds", lagMs / 1000);
    this.#samplePeers(status);
  }

  #samplePeers({ peers, tickMs }: EventualNodeStatus): void {
    const { metrics } = this.#parts;
    metrics.clear("counter_peer_up");
    metrics.clear("counter_peer_last_heard_seconds");
    metrics.clear("counter_peer_lag_records");
    for (const { address, up, silentTicks, lagRecords } of peers) {
      const peer = metrics.bounded("peer", address);
      metrics.set("counter_peer_up", up, { peer });
      metrics.set("counter_peer_lag_records", lagRecords, { peer });
      if (silentTicks === null) continue;
      metrics.set("counter_peer_last_heard_seconds", (silentTicks * tickMs) / 1000, { peer });
    }
  }
}
