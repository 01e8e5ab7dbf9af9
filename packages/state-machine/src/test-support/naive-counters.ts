/** The rules of the counters for the model: one list, searched from end to end. */
import type { CommandBatch, CounterOperation, RestoreOperation } from "../operations.ts";
import type { OperationDone, OperationRefused, RefusalCode, SingleResult } from "../results.ts";
import { plainConfig, type CounterConfig, type CounterValue } from "../types.ts";

const limit = 2n ** 1024n;

export interface ModelCounter {
  readonly name: string;
  value: bigint | null;
  /** Every number that was handed out, or the last of those handed out together. */
  issued: bigint[];
  config: CounterConfig;
  revision: number;
  expiresAt: number;
}

export class NaiveCounters {
  counters: ModelCounter[] = [];
  logTimeMs = 0;
  restoreEpoch = 0;
  revision = 0;

  values(): CounterValue[] {
    return this.counters.flatMap(({ name, value }) => (value === null ? [] : [{ name, value }]));
  }

  perform(operation: CounterOperation | RestoreOperation, batch: CommandBatch): SingleResult {
    if (operation.type === "restore") return this.#restore(operation, batch);
    const found = this.counters.find(({ name }) => name === operation.counter);
    const live = found !== undefined && found.value !== null;
    const refuse = (code: RefusalCode): OperationRefused => this.#refusal(code, found);
    if ((operation.type === "configure" || operation.type === "delete") && !live) {
      return refuse("counter-not-found");
    }
    if (operation.condition?.type === "absent" && live) return refuse("version-mismatch");
    if (operation.condition?.type === "present" && !live) return refuse("version-mismatch");
    if (operation.condition?.type === "versions") {
      const versions = operation.condition.versions.map((v) => `${v.epoch}-${v.revision}`);
      if (!live || !versions.includes(`${this.restoreEpoch}-${found.revision}`)) {
        return refuse("version-mismatch");
      }
    }
    if (operation.type === "create" && live) return refuse("counter-exists");
    if (operation.type === "cas") {
      if (live && found.config.kind === "sequence") return refuse("kind-mismatch");
      if (!live || found.value !== operation.expected) return refuse("version-mismatch");
    }
    if (found === undefined && this.counters.length >= batch.countersMax) {
      return refused("too-many-counters");
    }
    if (["add", "set"].includes(operation.type) && live && found.config.kind === "sequence") {
      return refuse("kind-mismatch");
    }
    const config = operation.type === "create" ? operation.config : (found?.config ?? plainConfig);
    const counter = found ?? {
      name: operation.counter,
      value: null,
      issued: [],
      config,
      revision: 0,
      expiresAt: Infinity,
    };
    return this.#change({ operation, counter, config, isNew: found === undefined }, refuse);
  }

  #change(
    {
      operation,
      counter,
      config,
      isNew,
    }: {
      operation: CounterOperation;
      counter: ModelCounter;
      config: CounterConfig;
      isNew: boolean;
    },
    refuse: (code: RefusalCode) => OperationRefused,
  ): SingleResult {
    const previous = counter.value ?? config.initial;
    const created = counter.value === null;
    if (operation.type === "delete") {
      this.revision += 1;
      this.end(counter);
      return this.#done({ value: previous, previous });
    }
    let settled = config;
    if (operation.type === "configure") {
      const { labels, ...patch } = operation.patch;
      const merged = new Map(config.labels.map(({ key, value }) => [key, value]));
      if (labels === null) merged.clear();
      for (const { key, value } of labels ?? []) {
        if (value === null) merged.delete(key);
        else merged.set(key, value);
      }
      if (merged.size > 16) return refuse("too-many-labels");
      const sorted = [...merged.keys()].sort();
      settled = { ...config, ...patch };
      settled = { ...settled, labels: sorted.map((key) => ({ key, value: merged.get(key)! })) };
    }
    let value = previous;
    let first: bigint | null = null;
    if (operation.type === "add") value += operation.delta;
    if (operation.type === "set" || operation.type === "cas") value = operation.value;
    if (operation.type === "reset") value = operation.to ?? config.initial;
    if (operation.type === "next") {
      // Above everything that was ever handed out, and above the value.
      const base = counter.issued.reduce((high, one) => (one > high ? one : high), previous);
      first = base + config.step;
      value = base + config.step * operation.count;
    }
    const { min, max } = settled;
    // An add is stopped by the bound towards which it goes, `next` by the upper one alone.
    const checksMin = operation.type !== "next" && !(operation.type === "add" && value >= previous);
    const checksMax = !(operation.type === "add" && value <= previous);
    const low = checksMin && min !== null && value < min;
    const high = checksMax && max !== null && value > max;
    if (low || high) {
      const saturates = operation.type === "add" && (operation.onBound ?? config.onBound);
      if (saturates !== "saturate") return refuse("bound-exceeded");
      value = low ? min : max!;
    }
    if (value >= limit || value <= -limit) return refuse("value-out-of-range");
    counter.expiresAt = settled.ttlMs === null ? Infinity : this.logTimeMs + settled.ttlMs;
    if (operation.type === "configure" && textOf(settled) === textOf(config)) {
      return { ...this.#done({ value, previous }), config: settled, revision: counter.revision };
    }
    this.revision += 1;
    counter.value = value;
    counter.config = settled;
    counter.revision = this.revision;
    if (operation.type === "next") counter.issued.push(value);
    if (isNew) this.counters.push(counter);
    return {
      ...this.#done({ value, previous }),
      first: first ?? value,
      step: operation.type === "next" ? config.step : 1n,
      created,
      config: operation.type === "create" || operation.type === "configure" ? settled : null,
    };
  }

  #done({ value, previous }: { value: bigint; previous: bigint }): OperationDone {
    return {
      status: "ok",
      replayed: false,
      value,
      previous,
      first: value,
      last: value,
      step: 1n,
      created: false,
      config: null,
      epoch: this.restoreEpoch,
      revision: this.revision,
    };
  }

  #refusal(code: RefusalCode, counter: ModelCounter | undefined): OperationRefused {
    if (counter === undefined || counter.value === null) return refused(code);
    const { value: current, revision, config } = counter;
    const currentVersion = { epoch: this.restoreEpoch, revision };
    return { ...refused(code), current, currentVersion, min: config.min, max: config.max };
  }

  /** Only what was handed out is remembered of a counter that is no more. */
  end(counter: ModelCounter): void {
    if (counter.issued.length === 0) {
      this.counters = this.counters.filter((other) => other !== counter);
      return;
    }
    counter.value = null;
    counter.config = plainConfig;
    counter.revision = 0;
    counter.expiresAt = Infinity;
  }

  #restore({ counters }: RestoreOperation, batch: CommandBatch): SingleResult {
    const named = [...counters]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, value, issued, config }): ModelCounter => {
        const before = this.counters.find((other) => other.name === name)?.issued ?? [];
        return {
          name,
          value,
          issued: [...before, ...(issued === null ? [] : [issued])],
          config: value === null ? plainConfig : config,
          revision: value === null ? 0 : this.revision + 1,
          expiresAt:
            value === null || config.ttlMs === null ? Infinity : this.logTimeMs + config.ttlMs,
        };
      });
    const retired = this.counters
      .filter(({ name, issued }) => issued.length > 0 && !counters.some((c) => c.name === name))
      .map(({ name, issued }): ModelCounter => {
        const nothing = { config: plainConfig, revision: 0, expiresAt: Infinity };
        return { name, value: null, issued, ...nothing };
      });
    if (named.length + retired.length > batch.countersMax) return refused("too-many-counters");
    this.counters = [...named, ...retired];
    this.restoreEpoch += 1;
    this.revision += 1;
    const value = BigInt(this.restoreEpoch);
    return this.#done({ value, previous: value - 1n });
  }
}

export function refused(code: RefusalCode): OperationRefused {
  return {
    status: "refused",
    replayed: false,
    code,
    current: null,
    currentVersion: null,
    min: null,
    max: null,
    index: null,
  };
}

/** All settings, in one order. */
function textOf({ labels, ...settings }: CounterConfig): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${String(value)}`);
  return JSON.stringify([lines.sort(), labels.map(({ key, value }) => [key, value])]);
}
