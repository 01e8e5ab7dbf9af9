/** Short ways to write operations, commands and machines in tests. */
import { encodeBatch } from "../command-writer.ts";
import { CounterMachine } from "../counter-machine.ts";
import type {
  AddOperation,
  CloseSessionOperation,
  CommandBatch,
  Condition,
  ConfigPatch,
  ConfigureOperation,
  CreateOperation,
  CounterOperation,
  GroupOperation,
  InSessionOperation,
  NextOperation,
  OpenSessionOperation,
  Operation,
  OperationKey,
  RestoreOperation,
  SessionOwner,
  SessionStep,
  SetOperation,
} from "../operations.ts";
import type { OperationResult } from "../results.ts";
import {
  plainConfig,
  type CounterBackup,
  type CounterConfig,
  type CounterValue,
} from "../types.ts";

/** A configuration of which nothing goes without saying. */
export const richConfig: CounterConfig = {
  kind: "sequence",
  initial: 1000n,
  min: 0n,
  max: 2n ** 70n,
  onBound: "saturate",
  step: 10n,
  labels: [
    { key: "team", value: "blue" },
    { key: "unit", value: "\u{1f600}" },
  ],
  ttlMs: 86_400_000,
};

export type Settings = Partial<Omit<CommandBatch, "operations">>;

/** A key whose fingerprint is sixteen times the same byte. */
export function key(name: string, fingerprint = 1): OperationKey {
  return { key: name, fingerprint: new Uint8Array(16).fill(fingerprint) };
}

export function add(delta: bigint, key: OperationKey | null = null, counter = "c"): AddOperation {
  return { type: "add", counter, delta, times: 1, onBound: null, condition: null, key };
}

export function next(count = 1n, key: OperationKey | null = null, counter = "c"): NextOperation {
  return { type: "next", counter, count, times: 1, condition: null, key };
}

export function set(value: bigint, key: OperationKey | null = null, counter = "c"): SetOperation {
  return { type: "set", counter, value, condition: null, key };
}

export function cas(expected: bigint, value: bigint, counter = "c"): CounterOperation {
  return { type: "cas", counter, expected, value, condition: null, key: null };
}

export function reset(to: bigint | null = null, counter = "c"): CounterOperation {
  return { type: "reset", counter, to, condition: null, key: null };
}

export function create(config: Partial<CounterConfig> = {}, counter = "c"): CreateOperation {
  const whole = { ...plainConfig, ...config };
  return { type: "create", counter, config: whole, condition: null, key: null };
}

export function configure(patch: ConfigPatch, counter = "c"): ConfigureOperation {
  return { type: "configure", counter, patch, condition: null, key: null };
}

export function remove(counter = "c"): CounterOperation {
  return { type: "delete", counter, condition: null, key: null };
}

export function group(...operations: readonly CounterOperation[]): GroupOperation {
  return { type: "group", operations };
}

/** Begins a session of nobody in particular. */
export function openSession(more: Partial<OpenSessionOperation> = {}): OpenSessionOperation {
  return { type: "openSession", owner: null, idleMs: 1000, sessionsMax: 10, ...more };
}

export function closeSession(session: number, owner: SessionOwner = null): CloseSessionOperation {
  return { type: "closeSession", session, owner };
}

/** Written as clients do: `"1; seq=3; ack=2"`. */
export function inSession(
  step: string,
  operation: CounterOperation | readonly CounterOperation[],
  more: Partial<SessionStep & { readonly atomic: boolean; readonly print: number }> = {},
): InSessionOperation {
  const [, session, seq, ack = "0"] = /^(\d+); seq=(\d+)(?:; ack=(\d+))?$/.exec(step)!;
  const { atomic = false, print = 1, owner = null } = more;
  const fingerprint = new Uint8Array(16).fill(print);
  const numbers = { session: Number(session), seq: Number(seq), ack: Number(ack) };
  const operations = "type" in operation ? [operation] : operation;
  return { type: "inSession", step: { ...numbers, owner, fingerprint }, atomic, operations };
}

/** The operation, only if the counter has one of these revisions of epoch 0. */
export function ifRevision<T extends CounterOperation>(operation: T, ...revisions: number[]): T {
  const versions = revisions.map((revision) => ({ epoch: 0, revision }));
  return provided(operation, { type: "versions", versions });
}

export function provided<T extends CounterOperation>(operation: T, condition: Condition): T {
  return { ...operation, condition };
}

export function withKey<T extends CounterOperation>(operation: T, name: string, print = 1): T {
  return { ...operation, key: key(name, print) };
}

export function restore(
  values: Readonly<Record<string, bigint>>,
  key: OperationKey | null = null,
): RestoreOperation {
  const counters = Object.entries(values).map(([name, value]) => plainBackup(name, value));
  return { type: "restore", counters, key };
}

/** A counter in a backup that says nothing but its value. */
export function plainBackup(name: string, value: bigint): CounterBackup {
  return { name, value, issued: null, config: plainConfig };
}

export function batch(operations: readonly Operation[], settings: Settings = {}): CommandBatch {
  return { at: 0, keyWindowMs: 1000, keysMax: 100, countersMax: 100, ...settings, operations };
}

/** Feeds commands to a machine at ascending indexes, above `index`. */
export function feeder(machine: CounterMachine, settings: Settings = {}, index: number = 0): Feed {
  return (operations, more = {}) => {
    index += 1;
    const data = encodeBatch(batch(operations, { ...settings, ...more }));
    return machine.apply([{ index, term: 1, data }])[0]!;
  };
}

export type Feed = (
  operations: readonly Operation[],
  more?: Settings,
) => readonly OperationResult[];

/** What a result says, in a line: easy to write in a table. */
export function describeResult(result: OperationResult): string {
  switch (result.status) {
    case "group":
      return `[${result.results.map(describeResult).join(", ")}]`;
    case "session":
      return `session ${result.session}`;
    case "answer":
      return `(${result.results.map(describeResult).join(", ")})${result.replayed ? " again" : ""}`;
    case "repeated":
      return `${result.done} times from ${result.previous}`;
    case "refused": {
      const where = result.index === null ? "" : ` at ${result.index}`;
      return `${result.code}${where}${result.replayed ? " again" : ""}`;
    }
    case "ok": {
      const { previous, first, last, value } = result;
      const replayed = result.replayed ? " again" : "";
      if (first === last) return `${previous}>${value}${replayed}`;
      return `${previous}>${value} ${first}..${last}${replayed}`;
    }
  }
}

export function describeCounters(counters: Iterable<CounterValue>): string {
  return [...counters].map(({ name, value }) => `${name}=${value}`).join(" ");
}

/** All bytes of a snapshot in one array. */
export function snapshotBytes(machine: CounterMachine): Uint8Array {
  return concat([...machine.snapshot()]);
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** The bytes in pieces of this size, as a disk or a network would give them. */
export async function* inPieces(
  bytes: Uint8Array,
  size: number = 65_536,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** A new machine with the state of this one, by way of a snapshot. */
export async function cloneOf(machine: CounterMachine): Promise<CounterMachine> {
  const clone = new CounterMachine();
  await clone.restore(inPieces(snapshotBytes(machine)));
  return clone;
}
