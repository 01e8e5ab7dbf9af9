/**
 * A tiny keyed counter: the workload that comes with the simulator. Each counter has a step of its
 * own, and every command adds that step; that makes the judgement of a history exact and fast
 * (linearizability.ts says how).
 */
import { judgeCounterHistory } from "./linearizability.ts";
import type { CounterOperation } from "./linearizability.ts";
import type { OperationRecord } from "./history.ts";
import type { Operation, SimStateMachine, SimWorkload } from "./machine.ts";
import type { Random } from "./random.ts";

interface Command {
  readonly key: string | null;
  readonly counter: string;
  readonly delta: number;
}

/** Each counter and what one command adds to it. */
export const counterSteps: ReadonlyMap<string, number> = new Map([
  ["a", 1],
  ["b", 3],
]);

/** Most keys the tiny machine remembers: it forgets none in a run, so a run must stay below. */
export const keysMax: number = 1_000_000;

export class KeyedCounter implements SimStateMachine {
  #values = new Map<string, number>();
  #answers = new Map<string, number>();

  apply(bytes: Uint8Array): Uint8Array {
    const { key, counter, delta } = decodeCommand(bytes);
    const known = key === null ? undefined : this.#answers.get(key);
    if (known !== undefined) return encodeText(String(known));
    const value = (this.#values.get(counter) ?? 0) + delta;
    this.#values.set(counter, value);
    if (key !== null) {
      if (this.#answers.size >= keysMax) throw new RangeError("too many keys");
      this.#answers.set(key, value);
    }
    return encodeText(String(value));
  }

  query(question: Uint8Array): Uint8Array {
    return encodeText(String(this.#values.get(decodeText(question)) ?? 0));
  }

  snapshot(): Uint8Array {
    return encodeText(JSON.stringify([[...this.#values], [...this.#answers]]));
  }

  restore(bytes: Uint8Array): void {
    const [values, answers] = JSON.parse(decodeText(bytes)) as [
      [string, number][],
      [string, number][],
    ];
    this.#values = new Map(values);
    this.#answers = new Map(answers);
  }
}

export const counterWorkload: SimWorkload = {
  name: "keyed counter",
  createMachine: (): SimStateMachine => new KeyedCounter(),
  nextOperation: (random, at): Operation => {
    const drawn = drawCounterOperation(random, at);
    if (drawn.kind === "get") return queryOperation(drawn, encodeText(drawn.counter));
    const { key, counter, delta } = drawn;
    const bytes = encodeText(`${key ?? ""} ${counter} ${delta}`);
    return commandOperation(drawn, bytes);
  },
  judge: (history, finalState): string | null => judgeCounters(history, finalState),
};

/** What a client of any counter does next; shared by all counter workloads. */
export type DrawnOperation =
  { readonly kind: "get"; readonly counter: string } | ({ readonly kind: "add" } & Command);

export function drawCounterOperation(
  random: Random,
  at: { readonly client: number; readonly number: number },
): DrawnOperation {
  const [counter, delta] = random.pick([...counterSteps]);
  const isKeyed = random.chance(0.8);
  if (random.chance(0.3)) return { kind: "get", counter };
  return { kind: "add", counter, delta, key: isKeyed ? `c${at.client}-${at.number}` : null };
}

export function queryOperation(drawn: { readonly counter: string }, bytes: Uint8Array): Operation {
  return { kind: "query", bytes, key: null, text: `get ${drawn.counter}` };
}

export function commandOperation(drawn: Command, bytes: Uint8Array): Operation {
  const { key, counter, delta } = drawn;
  const text = `add ${counter} ${delta}${key === null ? "" : ` #${key}`}`;
  return { kind: "command", bytes, key, text };
}

/** Judges every counter of a history on its own; answers and queries are decimal text. */
export function judgeCounters(
  history: readonly OperationRecord[],
  finalState: SimStateMachine,
  encodeQuery: (counter: string) => Uint8Array = encodeText,
): string | null {
  for (const [counter, step] of counterSteps) {
    const operations: CounterOperation[] = [];
    for (const record of history) {
      const [verb, name] = record.operation.text.split(" ");
      if (name !== counter) continue;
      const { invokedAt, returnedAt, outcome } = record;
      const value = record.answer === null ? null : Number(decodeText(record.answer));
      if (outcome === "refused" || (verb === "get" && outcome !== "answered")) continue;
      const kind = verb === "get" ? "get" : "add";
      operations.push({ kind, invokedAt, returnedAt, value });
    }
    const finalValue = Number(decodeText(finalState.query(encodeQuery(counter))));
    const problem = judgeCounterHistory({ step, operations, finalValue });
    if (problem !== null) return `counter ${counter}: ${problem}`;
  }
  return null;
}

function decodeCommand(bytes: Uint8Array): Command {
  const [key, counter, delta] = decodeText(bytes).split(" ");
  return { key: key === "" ? null : key!, counter: counter!, delta: Number(delta) };
}

/** ASCII text as bytes: all that this workload needs, and fast. */
export function encodeText(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export function decodeText(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
