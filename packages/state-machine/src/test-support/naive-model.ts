/**
 * The counter as its documentation says it, with lists that are searched from end to end: slow,
 * and too simple to be wrong in the same way as the real one.
 */
import type {
  CommandBatch,
  CounterValue,
  Operation,
  OperationResult,
  RefusalCode,
} from "../types.ts";

const limit = 2n ** 1024n;

interface ModelCounter {
  readonly name: string;
  value: bigint | null;
  readonly issued: bigint[];
}

interface ModelKey {
  readonly counter: string | null;
  readonly key: string;
  readonly fingerprint: string;
  readonly expiresAt: number;
  readonly answer: OperationResult;
}

export class NaiveModel {
  counters: ModelCounter[] = [];
  keys: ModelKey[] = [];
  logTimeMs = 0;
  restoreEpoch = 0;

  apply(batch: CommandBatch): OperationResult[] {
    this.logTimeMs = Math.max(this.logTimeMs, batch.at);
    this.keys = this.keys.filter((key) => key.expiresAt > this.logTimeMs);
    return batch.operations.map((operation) => this.#once(operation, batch));
  }

  values(): CounterValue[] {
    return this.counters.flatMap(({ name, value }) => (value === null ? [] : [{ name, value }]));
  }

  #once(operation: Operation, batch: CommandBatch): OperationResult {
    if (operation.key === null) return this.#perform(operation, batch);
    const counter = operation.type === "restore" ? null : operation.counter;
    const { key } = operation.key;
    const fingerprint = operation.key.fingerprint.join();
    const known = this.keys.find((other) => other.counter === counter && other.key === key);
    if (known !== undefined) {
      if (known.fingerprint !== fingerprint) return refused("key-reused");
      return { ...known.answer, replayed: true };
    }
    if (this.keys.length >= batch.keysMax) return refused("too-many-keys");
    const answer = this.#perform(operation, batch);
    const expiresAt = this.logTimeMs + batch.keyWindowMs;
    if (answer.status === "ok" || answer.code === "value-out-of-range") {
      this.keys.push({ counter, key, fingerprint, expiresAt, answer });
    }
    return answer;
  }

  #perform(operation: Operation, batch: CommandBatch): OperationResult {
    if (operation.type === "restore") return this.#restore(operation.counters, batch);
    const { counter: name } = operation;
    const found = this.counters.find((other) => other.name === name);
    if (found === undefined && this.counters.length >= batch.countersMax) {
      return refused("too-many-counters");
    }
    const counter: ModelCounter = found ?? { name, value: null, issued: [] };
    const previous = counter.value ?? 0n;
    let first: bigint;
    let value: bigint;
    if (operation.type === "add") {
      value = previous + operation.delta;
      first = value;
    } else {
      // Above everything that was ever handed out, and above the value.
      const base = counter.issued.reduce(
        (high, issued) => (issued > high ? issued : high),
        previous,
      );
      first = base + 1n;
      value = base + operation.count;
    }
    if (value >= limit || value <= -limit) return refused("value-out-of-range");
    if (operation.type === "next") counter.issued.push(first, value);
    counter.value = value;
    if (found === undefined) this.counters.push(counter);
    return { status: "ok", replayed: false, value, previous, first, last: value };
  }

  #restore(values: readonly CounterValue[], batch: CommandBatch): OperationResult {
    const named = [...values]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, value }) => {
        const issued = this.counters.find((other) => other.name === name)?.issued ?? [];
        return { name, value, issued };
      });
    const retired = this.counters
      .filter(({ name, issued }) => issued.length > 0 && !values.some((v) => v.name === name))
      .map(({ name, issued }) => ({ name, value: null, issued }));
    if (named.length + retired.length > batch.countersMax) return refused("too-many-counters");
    this.counters = [...named, ...retired];
    this.restoreEpoch += 1;
    const value = BigInt(this.restoreEpoch);
    return {
      status: "ok",
      replayed: false,
      value,
      previous: value - 1n,
      first: value,
      last: value,
    };
  }
}

function refused(code: RefusalCode): OperationResult {
  return { status: "refused", replayed: false, code };
}
