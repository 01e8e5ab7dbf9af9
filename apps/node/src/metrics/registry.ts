/**
 * The metrics of one node in a `prom-client` registry of its own: several nodes may run in one
 * process. What happens is counted when it happens; what *is* is asked for when somebody scrapes.
 */
import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";

import type { Mode } from "../config/node-config.ts";
import {
  metricSpecs,
  type CounterName,
  type GaugeName,
  type HistogramName,
  type MetricSpec,
} from "./specs.ts";
import { Tally, TallyHistogram } from "./tally.ts";

export type Labels = Readonly<Record<string, string>>;

/**
 * Most values of one label that come from outside, such as names of peers: what is beyond them is
 * not told apart, so that no stranger can fill the memory of a node and of whoever scrapes it.
 */
export const labelValuesMax: number = 256;

/** Gauges of the library whose names say that they are counters. */
const misnamed = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/** Sets the gauges to what is; called before every scrape. */
export type Sampler = (metrics: Metrics) => void | Promise<void>;

export class Metrics {
  readonly enabled: boolean;
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, TallyHistogram>();
  readonly #samplers: Sampler[] = [];
  readonly #labelValues = new Map<string, Set<string>>();
  #scraping: Promise<unknown> = Promise.resolve();

  /** @param options.enabled - `false`: nothing is registered, and nothing is counted */
  constructor(mode: Mode, options: { readonly enabled: boolean } = { enabled: true }) {
    this.enabled = options.enabled;
    if (!this.enabled) return;
    const registers = [this.#registry];
    for (const [name, spec] of Object.entries<MetricSpec>(metricSpecs)) {
      if (spec.mode !== undefined && spec.mode !== mode) continue;
      const common = { name, help: spec.help, labelNames: [...(spec.labels ?? [])], registers };
      switch (spec.type) {
        case "counter":
          this.#counters.set(name, new Counter(common));
          break;
        case "gauge":
          this.#gauges.set(name, new Gauge(common));
          break;
        case "histogram":
          this.#histograms.set(
            name,
            new TallyHistogram({ ...common, buckets: [...(spec.buckets ?? [])] }),
          );
          break;
      }
    }
  }

  /** Adds what every Node.js process can say of itself: `process_*` and `nodejs_*`. */
  withProcess(): this {
    collectDefaultMetrics({ register: this.#registry });
    for (const name of misnamed) this.#registry.removeSingleMetric(name);
    return this;
  }

  /** Nothing happens for a metric of the other mode. */
  count(name: CounterName, labels: Labels = {}, by: number = 1): void {
    this.#counters.get(name)?.inc(labels, by);
  }

  /** Where to observe under these labels from now on; keep it. Of the other mode: nobody reads it. */
  tally(name: HistogramName, labels: Labels = {}): Tally {
    return this.#histograms.get(name)?.bind(labels) ?? new Tally([]);
  }

  set(name: GaugeName, value: number | boolean, labels: Labels = {}): void {
    this.#gauges.get(name)?.set(labels, Number(value));
  }

  /** Forgets all labels of a gauge: who is not there any more must not be told of as of yesterday. */
  clear(name: GaugeName): void {
    this.#gauges.get(name)?.reset();
  }

  /** A label's value, or `other` once there are {@link labelValuesMax} of its kind. */
  bounded(kind: string, value: string): string {
    const known = this.#labelValues.get(kind) ?? new Set();
    this.#labelValues.set(kind, known);
    if (known.has(value)) return value;
    if (known.size >= labelValuesMax) return "other";
    known.add(value);
    return value;
  }

  onScrape(sampler: Sampler): void {
    this.#samplers.push(sampler);
  }

  /**
   * Everything as text. One scrape at a time: further ones wait, as the samplers and the format are
   * the registry's.
   *
   * @param format - of Prometheus (0.0.4), or OpenMetrics 1.0.0
   */
  scrape(format: "prometheus" | "openmetrics"): Promise<Scrape> {
    const next = this.#scraping.then(() => this.#scrape(format));
    this.#scraping = next.catch(() => undefined); // who asked hears of it
    return next;
  }

  async #scrape(format: "prometheus" | "openmetrics"): Promise<Scrape> {
    for (const sample of this.#samplers) await sample(this);
    const registry: Pick<Registry, "contentType" | "metrics"> & {
      setContentType(type: string): void;
    } = this.#registry;
    const contentType =
      format === "openmetrics"
        ? Registry.OPENMETRICS_CONTENT_TYPE
        : Registry.PROMETHEUS_CONTENT_TYPE;
    registry.setContentType(contentType);
    const named = this.#registry
      .getMetricsAsArray()
      .map((metric) => ({ metric, name: metric.name }));
    try {
      return { contentType, body: await registry.metrics() };
    } finally {
      // For OpenMetrics the library takes `_total` off the names of counters, and leaves it off.
      for (const { metric, name } of named) metric.name = name;
    }
  }
}

export interface Scrape {
  readonly contentType: string;
  readonly body: string;
}
