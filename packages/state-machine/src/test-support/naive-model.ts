/**
 * The counters as their documentation says it, with lists that are searched from end to end, what is
 * repeated done one by one, and a group undone by going back to a copy: slow, and too simple to be
 * wrong in the same way as the real one.
 */
import type {
  CommandBatch,
  CounterOperation,
  GroupOperation,
  Operation,
  RestoreOperation,
} from "../operations.ts";
import type { OperationDone, OperationRefused, RefusalCode, SingleResult } from "../results.ts";
import { plainConfig, type CounterConfig, type CounterValue } from "../types.ts";

const limit = 2n ** 1024n;

interface ModelCounter {
  readonly name: string;
  value: bigint | null;
  /** Every number that was handed out, or the last of those handed out together. */
  issued: bigint[];
  config: CounterConfig;
  revision: number;
  expiresAt: number;
}

interface ModelKey {
  readonly counter: string | null;
  readonly key: string;
  readonly fingerprint: string;
  readonly expiresAt: number;
  readonly answer: SingleResult;
}

/** What the model says of one operation: a result for each time, or for each of a group. */
export type ModelAnswer = readonly SingleResult[];

const remembered: readonly RefusalCode[] = [
  "value-out-of-range",
  "bound-exceeded",
  "version-mismatch",
  "counter-not-found",
  "counter-exists",
  "kind-mismatch",
  "too-many-labels",
];

export class NaiveModel {
  counters: ModelCounter[] = [];
  keys: ModelKey[] = [];
  logTimeMs = 0;
  restoreEpoch = 0;
  revision = 0;

  apply(batch: CommandBatch): ModelAnswer[] {
    this.logTimeMs = Math.max(this.logTimeMs, batch.at);
    this.keys = this.keys.filter((key) => key.expiresAt > this.logTimeMs);
    const expired = this.counters.filter(({ expiresAt }) => expiresAt <= this.logTimeMs);
    if (expired.length > 0) this.revision += 1;
    for (const counter of expired) this.#end(counter);
    return batch.operations.map((operation) => this.#answer(operation, batch));
  }

  values(): CounterValue[] {
    return this.counters.flatMap(({ name, value }) => (value === null ? [] : [{ name, value }]));
  }

  #answer(operation: Operation, batch: CommandBatch): SingleResult[] {
    if (operation.type === "group") return this.#group(operation, batch);
    const times = "times" in operation ? operation.times : 1;
    return Array.from({ length: times }, () => this.#once(operation, batch));
  }

  #find(counter: string | null, key: string): ModelKey | undefined {
    return this.keys.find((other) => other.counter === counter && other.key === key);
  }

  #once(operation: CounterOperation | RestoreOperation, batch: CommandBatch): SingleResult {
    if (operation.key === null) return this.#perform(operation, batch);
    const counter = operation.type === "restore" ? null : operation.counter;
    const { key } = operation.key;
    const fingerprint = operation.key.fingerprint.join();
    const known = this.#find(counter, key);
    if (known !== undefined) {
      if (known.fingerprint !== fingerprint) return refused("key-reused");
      return { ...known.answer, replayed: true };
    }
    if (this.keys.length >= batch.keysMax) return refused("too-many-keys");
    const answer = this.#perform(operation, batch);
    const expiresAt = this.logTimeMs + batch.keyWindowMs;
    if (answer.status === "ok" || remembered.includes(answer.code)) {
      this.keys.push({ counter, key, fingerprint, expiresAt, answer });
    }
    return answer;
  }

  #group({ operations }: GroupOperation, batch: CommandBatch): SingleResult[] {
    const known = operations.map(({ counter, key }) => {
      return key === null ? undefined : this.#find(counter, key.key);
    });
    if (known.some((record) => record !== undefined)) {
      const wrong = operations.findIndex(({ key }, at) => {
        return known[at] === undefined || known[at].fingerprint !== key?.fingerprint.join();
      });
      if (wrong >= 0) return [{ ...refused("key-reused"), index: wrong }];
      const answers = known.map((record) => ({ ...record!.answer, replayed: true }));
      const bad = answers.findIndex(({ status }) => status === "refused");
      if (bad < 0) return answers;
      const refusal = answers[bad] as OperationRefused;
      return [{ ...refusal, index: refusal.index ?? bad }];
    }
    const keyed = operations[0]!.key !== null;
    if (keyed && this.keys.length + operations.length > batch.keysMax) {
      return [{ ...refused("too-many-keys"), index: 0 }];
    }
    const before = structuredClone(this.counters);
    const { revision } = this;
    let answers: SingleResult[] = [];
    for (const [index, operation] of operations.entries()) {
      const result = this.#perform(operation, batch);
      if (result.status === "refused") {
        this.counters = before;
        this.revision = revision;
        answers = [{ ...result, index }];
        break;
      }
      answers.push(result);
    }
    this.#rememberGroup(operations, answers, batch);
    return answers;
  }

  #rememberGroup(
    operations: readonly CounterOperation[],
    answers: readonly SingleResult[],
    batch: CommandBatch,
  ): void {
    const [first] = answers;
    if (first?.status === "refused" && !remembered.includes(first.code)) return;
    const expiresAt = this.logTimeMs + batch.keyWindowMs;
    for (const [at, { counter, key }] of operations.entries()) {
      if (key === null) continue;
      const answer = first?.status === "refused" ? first : answers[at]!;
      const fingerprint = key.fingerprint.join();
      this.keys.push({ counter, key: key.key, fingerprint, expiresAt, answer });
    }
  }

  #perform(operation: CounterOperation | RestoreOperation, batch: CommandBatch): SingleResult {
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
      this.#end(counter);
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
    this.revision += 1;
    counter.value = value;
    counter.config = settled;
    counter.revision = this.revision;
    counter.expiresAt = settled.ttlMs === null ? Infinity : this.logTimeMs + settled.ttlMs;
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
  #end(counter: ModelCounter): void {
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

function refused(code: RefusalCode): OperationRefused {
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
