/** Short ways to write operations, commands and machines in tests. */
import { encodeBatch } from "../command-codec.ts";
import { CounterMachine } from "../counter-machine.ts";
import type {
  AddOperation,
  CommandBatch,
  CounterValue,
  NextOperation,
  Operation,
  OperationKey,
  OperationResult,
  RestoreOperation,
} from "../types.ts";

export type Settings = Partial<Omit<CommandBatch, "operations">>;

/** A key whose fingerprint is sixteen times the same byte. */
export function key(name: string, fingerprint = 1): OperationKey {
  return { key: name, fingerprint: new Uint8Array(16).fill(fingerprint) };
}

export function add(delta: bigint, key: OperationKey | null = null, counter = "c"): AddOperation {
  return { type: "add", counter, delta, key };
}

export function next(count = 1n, key: OperationKey | null = null, counter = "c"): NextOperation {
  return { type: "next", counter, count, key };
}

export function restore(
  values: Readonly<Record<string, bigint>>,
  key: OperationKey | null = null,
): RestoreOperation {
  const counters = Object.entries(values).map(([name, value]) => ({ name, value }));
  return { type: "restore", counters, key };
}

export function batch(operations: readonly Operation[], settings: Settings = {}): CommandBatch {
  return { at: 0, keyWindowMs: 1000, keysMax: 100, countersMax: 100, ...settings, operations };
}

/** Feeds commands to a machine at ascending indexes. */
export function feeder(machine: CounterMachine, settings: Settings = {}): Feed {
  let index = 0;
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
  const replayed = result.replayed ? " again" : "";
  if (result.status === "refused") return `${result.code}${replayed}`;
  const { previous, first, last, value } = result;
  if (first === last) return `${previous}>${value}${replayed}`;
  return `${previous}>${value} ${first}..${last}${replayed}`;
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
