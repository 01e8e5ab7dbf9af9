/**
 * What the operations of a counter should do, as simply as it can be said: the judge of
 * `counter-operations-workload.ts`. Groups work on a copy, what is repeated is done one by one.
 */
import type {
  CommandBatch,
  CounterOperation,
  Operation,
  OperationKey,
  SessionOperation,
  SingleResult,
} from "@counter/state-machine";
import { RestoresModel } from "./counter-restores-model.ts";
import { CounterSessionsModel } from "./counter-sessions-model.ts";

export interface ModelCounter {
  readonly value: bigint;
  readonly min: bigint | null;
  readonly max: bigint | null;
  readonly saturates: boolean;
  readonly step: bigint;
  readonly initial: bigint;
  readonly ttlMs: number | null;
  readonly revision: number;
  readonly endsAt: number;
}

export interface ModelState {
  readonly counters: Map<string, ModelCounter>;
  readonly issued: Map<string, bigint>;
  revision: number;
}

const plain = { min: null, max: null, saturates: false, step: 1n, initial: 0n, ttlMs: null };

export class CounterOperationsModel {
  #state: ModelState = { counters: new Map(), issued: new Map(), revision: 0 };
  readonly #answers = new Map<string, string>();
  readonly #restores = new RestoresModel();
  readonly #sessions = new CounterSessionsModel();
  #time = 0;

  value(name: string): bigint {
    return this.#state.counters.get(name)?.value ?? 0n;
  }

  /** The answers to a command that holds one operation or one group. */
  apply({ at, operations }: CommandBatch): string {
    this.#time = Math.max(this.#time, at);
    let ended = false;
    for (const [name, { endsAt }] of this.#state.counters) {
      if (endsAt > this.#time) continue;
      ended = true;
      this.#state.counters.delete(name);
    }
    if (ended) this.#state.revision += 1;
    const [operation] = operations;
    if (operation === undefined) throw new TypeError("a command is empty");
    if (isOfSession(operation)) return this.#inSession(operation);
    if (operation.type === "group") {
      const [first] = operation.operations;
      return this.#once(first!, first!.counter, () => this.#done(operation.operations, true));
    }
    if ("counter" in operation) {
      return this.#once(operation, operation.counter, () => this.#done([operation], false));
    }
    if (operation.type === "digest" || operation.type === "restore") {
      throw new TypeError("unexpected");
    }
    const keyed = "key" in operation ? operation : { key: null };
    return this.#once(keyed, "", () => this.#restores.apply(operation, this.#state));
  }

  #once(
    { key }: { readonly key: OperationKey | null },
    scope: string,
    answering: () => string,
  ): string {
    if (key === null) return answering();
    const id = `${scope} ${key.key}`;
    const known = this.#answers.get(id);
    if (known !== undefined) return known;
    const answer = answering();
    if (!answer.startsWith("restore-")) this.#answers.set(id, answer); // of the moment
    return answer;
  }

  #inSession(operation: SessionOperation): string {
    return this.#sessions.apply(operation, this.#time, () => {
      if (operation.type !== "inSession") return "";
      return this.#done(operation.operations, operation.atomic);
    });
  }

  #done(operations: readonly CounterOperation[], isGroup: boolean): string {
    const { counters, issued, revision } = this.#state;
    const draft = { counters: new Map(counters), issued: new Map(issued), revision };
    const answers: string[] = [];
    for (const operation of operations) {
      const times = "times" in operation ? operation.times : 1;
      for (let time = 0; time < times; time += 1) {
        const answer = performed(draft, operation, this.#time);
        if (isGroup && !answer.startsWith("ok")) return `${answer} at ${answers.length}`;
        answers.push(answer);
      }
    }
    this.#state = draft;
    return answers.join("; ");
  }
}

export function isOfSession(operation: Operation): operation is SessionOperation {
  const { type } = operation;
  return type === "inSession" || type === "openSession" || type === "closeSession";
}

/** What a client is told: of a stored answer as much as of a first one. */
export function answerText(result: SingleResult): string {
  if (result.status === "ok") {
    return `ok ${result.previous}>${result.value} ${result.first} r${result.revision}`;
  }
  const { code, current, currentVersion, index } = result;
  const where = index === null ? "" : ` at ${index}`;
  return `${code} ${current ?? "-"} r${currentVersion?.revision ?? "-"}${where}`;
}

function performed(state: ModelState, operation: CounterOperation, now: number): string {
  const { counter: name } = operation;
  const found = state.counters.get(name);
  const refusal = (code: string): string => {
    return `${code} ${found?.value ?? "-"} r${found?.revision ?? "-"}`;
  };
  const code = refusalOf(operation, found);
  if (code !== null) return refusal(code);
  const before = found ?? { ...plain, value: 0n, revision: 0, endsAt: Infinity };
  let after = before;
  if (operation.type === "create") {
    const { min, max, onBound, step, initial, ttlMs } = operation.config;
    after = { ...before, min, max, step, initial, ttlMs, saturates: onBound === "saturate" };
    after = { ...after, value: initial };
  }
  if (operation.type === "configure") after = { ...before, ...operation.patch };
  const moved = valueAfter(operation, after, state.issued.get(name) ?? null);
  if (moved === null) return refusal("bound-exceeded");
  const { value, first } = moved;
  const isSame = operation.type === "configure" && hasSettingsOf(before, after);
  if (!isSame) state.revision += 1;
  const revision = isSame ? before.revision : state.revision;
  const endsAt = after.ttlMs === null ? Infinity : now + after.ttlMs;
  if (operation.type === "delete") state.counters.delete(name);
  else state.counters.set(name, { ...after, value, revision, endsAt });
  if (operation.type === "next") state.issued.set(name, value);
  const previous = operation.type === "create" ? value : before.value;
  return `ok ${previous}>${value} ${first} r${revision}`;
}

function hasSettingsOf(one: ModelCounter, other: ModelCounter): boolean {
  const { min, max, step, ttlMs } = other;
  return one.min === min && one.max === max && one.step === step && one.ttlMs === ttlMs;
}

function refusalOf(operation: CounterOperation, found: ModelCounter | undefined): string | null {
  const { type, condition } = operation;
  if ((type === "configure" || type === "delete") && !found) return "counter-not-found";
  if (condition?.type === "absent" && found) return "version-mismatch";
  if (condition?.type === "present" && !found) return "version-mismatch";
  if (condition?.type === "versions") {
    const named = condition.versions.some(({ revision }) => revision === found?.revision);
    if (!named) return "version-mismatch";
  }
  if (type === "create" && found) return "counter-exists";
  if (type === "cas" && found?.value !== operation.expected) return "version-mismatch";
  return null;
}

/** `null` if that is beyond a bound. */
function valueAfter(
  operation: CounterOperation,
  counter: ModelCounter,
  issued: bigint | null,
): { readonly value: bigint; readonly first: bigint } | null {
  const { min, max, step } = counter;
  const highest = issued !== null && issued > counter.value ? issued : counter.value;
  let { value } = counter;
  if (operation.type === "add") value += operation.delta;
  if (operation.type === "next") value = highest + step * operation.count;
  if (operation.type === "set" || operation.type === "cas") value = operation.value;
  if (operation.type === "reset") value = operation.to ?? counter.initial;
  const bound = max !== null && value > max ? max : min !== null && value < min ? min : null;
  if (bound !== null) {
    const saturates = counter.saturates ? "saturate" : "reject";
    const stops = operation.type === "add" && (operation.onBound ?? saturates) === "saturate";
    if (!stops) return null;
    value = bound;
  }
  return { value, first: operation.type === "next" ? highest + step : value };
}
