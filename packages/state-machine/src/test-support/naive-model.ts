/**
 * The counters as their documentation says it, with lists that are searched from end to end, what is
 * repeated done one by one, and a group undone by going back to a copy: slow, and too simple to be
 * wrong in the same way as the real one.
 */
import type {
  CommandBatch,
  CounterOperation,
  GroupOperation,
  InSessionOperation,
  Operation,
  RestoreOperation,
} from "../operations.ts";
import type {
  OperationRefused,
  RefusalCode,
  SessionAnswer,
  SessionChanged,
  SingleResult,
} from "../results.ts";
import { NaiveCounters, refused } from "./naive-counters.ts";
import { NaiveSessions } from "./naive-sessions.ts";

interface ModelKey {
  readonly counter: string | null;
  readonly key: string;
  readonly fingerprint: string;
  readonly expiresAt: number;
  readonly answer: SingleResult;
}

/** What somebody who asked is told. */
export type Told = SingleResult | SessionChanged | SessionAnswer;

/** What the model says of one operation: a result for each time, or for each of a group. */
export type ModelAnswer = readonly Told[];

const remembered: readonly RefusalCode[] = [
  "value-out-of-range",
  "bound-exceeded",
  "version-mismatch",
  "counter-not-found",
  "counter-exists",
  "kind-mismatch",
  "too-many-labels",
];

export class NaiveModel extends NaiveCounters {
  keys: ModelKey[] = [];
  readonly sessions: NaiveSessions = new NaiveSessions();

  apply(batch: CommandBatch): ModelAnswer[] {
    this.logTimeMs = Math.max(this.logTimeMs, batch.at);
    this.keys = this.keys.filter((key) => key.expiresAt > this.logTimeMs);
    this.sessions.end(this.logTimeMs);
    const expired = this.counters.filter(({ expiresAt }) => expiresAt <= this.logTimeMs);
    if (expired.length > 0) this.revision += 1;
    for (const counter of expired) this.end(counter);
    return batch.operations.map((operation) => this.#answer(operation, batch));
  }

  #answer(operation: Operation, batch: CommandBatch): readonly Told[] {
    const { logTimeMs } = this;
    if (operation.type === "group") return this.#group(operation, batch);
    if (operation.type === "openSession") return [this.sessions.open(operation, logTimeMs)];
    if (operation.type === "closeSession") return [this.sessions.close(operation)];
    if (operation.type === "inSession") {
      const at = { logTimeMs, keysMax: batch.keysMax };
      return [this.sessions.answer(operation, at, () => this.#done(operation, batch))];
    }
    if (!("counter" in operation) && operation.type !== "restore") {
      throw new TypeError(`the model knows no ${operation.type}`);
    }
    const times = "times" in operation ? operation.times : 1;
    return Array.from({ length: times }, () => this.#once(operation, batch));
  }

  #done(
    { operations, atomic }: InSessionOperation,
    batch: CommandBatch,
  ): readonly SingleResult[] | OperationRefused {
    if (!atomic) return operations.map((one) => this.perform(one, batch));
    const results = this.#all(operations, batch);
    const [first] = results;
    return first?.status === "refused" ? first : results;
  }

  #find(counter: string | null, key: string): ModelKey | undefined {
    return this.keys.find((other) => other.counter === counter && other.key === key);
  }

  #once(operation: CounterOperation | RestoreOperation, batch: CommandBatch): SingleResult {
    if (operation.key === null) return this.perform(operation, batch);
    const counter = operation.type === "restore" ? null : operation.counter;
    const { key } = operation.key;
    const fingerprint = operation.key.fingerprint.join();
    const known = this.#find(counter, key);
    if (known !== undefined) {
      if (known.fingerprint !== fingerprint) return refused("key-reused");
      return { ...known.answer, replayed: true };
    }
    if (this.keys.length >= batch.keysMax) return refused("too-many-keys");
    const answer = this.perform(operation, batch);
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
    const answers = this.#all(operations, batch);
    this.#rememberGroup(operations, answers, batch);
    return answers;
  }

  /** All or none: then the refusal. */
  #all(operations: readonly CounterOperation[], batch: CommandBatch): SingleResult[] {
    const before = structuredClone(this.counters);
    const { revision } = this;
    const answers: SingleResult[] = [];
    for (const [index, operation] of operations.entries()) {
      const result = this.perform(operation, batch);
      if (result.status === "refused") {
        this.counters = before;
        this.revision = revision;
        return [{ ...result, index }];
      }
      answers.push(result);
    }
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
}
