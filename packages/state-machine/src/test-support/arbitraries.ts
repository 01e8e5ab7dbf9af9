/** Random commands, small enough that keys meet, windows end and limits are reached. */
import fc from "fast-check";
import type { CommandBatch, CounterValue, Operation, OperationKey } from "../types.ts";

const top = 2n ** 1024n - 1n;

const counter = fc.constantFrom("a", "b", "default", "x:1", "Z.9_-");
const anyKey: fc.Arbitrary<OperationKey | null> = fc.option(
  fc.record({
    key: fc.constantFrom("k1", "k2", "k3", "k4", "!~"),
    fingerprint: fc.constantFrom(1, 1, 1, 2).map((byte) => new Uint8Array(16).fill(byte)),
  }),
  { freq: 4 },
);
const delta = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt({ min: -20n, max: 20n }) },
  { weight: 1, arbitrary: fc.constantFrom(top, -top, 2n ** 53n, -(2n ** 64n), top - 3n) },
);
const count = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt({ min: 1n, max: 70n }) },
  { weight: 1, arbitrary: fc.constantFrom(top, 2n ** 40n) },
);
const counters: fc.Arbitrary<CounterValue[]> = fc.uniqueArray(
  fc.record({ name: counter, value: delta }),
  { selector: ({ name }) => name, maxLength: 4 },
);

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("add"), counter, delta, key: anyKey }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("next"), counter, count, key: anyKey }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("restore"), counters, key: anyKey }) },
);

/** Log times go forwards and sometimes back; every command may bring other limits. */
export const commands: fc.Arbitrary<CommandBatch[]> = fc.array(
  fc.record({
    at: fc.nat({ max: 60 }),
    keyWindowMs: fc.constantFrom(1, 5, 20, 20, 20, 40),
    keysMax: fc.constantFrom(2, 4, 8, 100, 100),
    countersMax: fc.constantFrom(1, 3, 100, 100, 100),
    operations: fc.array(operation, { maxLength: 6 }),
  }),
  { maxLength: 40 },
);
