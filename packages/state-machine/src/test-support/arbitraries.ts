/** Random commands, small enough that keys meet, windows end and limits are reached. */
import fc from "fast-check";
import type {
  CommandBatch,
  Condition,
  ConfigPatch,
  CounterOperation,
  LabelChange,
  Operation,
  OperationTrace,
  OperationKey,
  SessionOperation,
} from "../operations.ts";
import { plainConfig, type CounterBackup, type CounterConfig, type Label } from "../types.ts";

const top = 2n ** 1024n - 1n;

const counter = fc.constantFrom("a", "b", "default", "x:1", "Z.9_-");
const fingerprint = fc.constantFrom(1, 1, 1, 2).map((byte) => new Uint8Array(16).fill(byte));
const someKey: fc.Arbitrary<OperationKey> = fc.record({
  key: fc.constantFrom("k1", "k2", "k3", "k4", "!~"),
  fingerprint,
});
const anyKey = fc.option(someKey, { freq: 4 });
const delta = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt({ min: -20n, max: 20n }) },
  { weight: 1, arbitrary: fc.constantFrom(top, -top, 2n ** 53n, -(2n ** 64n), top - 3n) },
);
const count = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt({ min: 1n, max: 70n }) },
  { weight: 1, arbitrary: fc.constantFrom(top, 2n ** 40n) },
);
const step = fc.constantFrom(1n, 1n, 1n, 2n, 10n, 2n ** 70n);
const ttlMs = fc.option(fc.integer({ min: 1, max: 30 }), { freq: 1 });
const onBound = fc.constantFrom("reject" as const, "saturate" as const);
const labelKey = fc.constantFrom("team", "a/b", "Z", "_x");
const labelValue = fc.constantFrom("", "blue", "\u00e9\u{1f600}", "\ud800", "v".repeat(255));

function sorted<T extends { readonly key: string }>(list: readonly T[]): T[] {
  return [...list].sort((a, b) => (a.key < b.key ? -1 : 1));
}

const labels: fc.Arbitrary<Label[]> = fc
  .uniqueArray(fc.record({ key: labelKey, value: labelValue }), {
    selector: ({ key }) => key,
    maxLength: 3,
  })
  .map(sorted);
const labelChanges: fc.Arbitrary<LabelChange[]> = fc
  .uniqueArray(fc.record({ key: labelKey, value: fc.option(labelValue, { freq: 2 }) }), {
    selector: ({ key }) => key,
    maxLength: 4,
  })
  .map(sorted);

const bound = fc.option(fc.bigInt({ min: -40n, max: 90n }), { freq: 1 });
const bounds = fc.tuple(bound, bound).map(([one, other]) => {
  if (one === null || other === null) return { min: one, max: other };
  return one < other ? { min: one, max: other } : { min: other, max: one };
});

const config: fc.Arbitrary<CounterConfig> = fc.oneof(
  fc.constant(plainConfig),
  fc
    .record({
      kind: fc.constantFrom("counter" as const, "counter" as const, "sequence" as const),
      initial: fc.constantFrom(0n, 0n, 5n, -7n, 60n),
      bounds,
      onBound,
      step,
      labels,
      ttlMs,
    })
    .map(({ bounds: { min, max }, ...rest }) => ({ ...rest, min, max })),
);

const patch: fc.Arbitrary<ConfigPatch> = fc
  .record(
    {
      bounds,
      onBound,
      step,
      labels: fc.option(labelChanges, { freq: 4 }),
      ttlMs,
    },
    { requiredKeys: [] },
  )
  .map(({ bounds: pair, ...rest }) => ({ ...(pair ?? {}), ...rest }));

const condition: fc.Arbitrary<Condition | null> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ type: "absent" as const }, { type: "present" as const }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("versions" as const),
      versions: fc.array(fc.record({ epoch: fc.constantFrom(0, 0, 0, 1), revision: fc.nat(40) }), {
        minLength: 1,
        maxLength: 16,
      }),
    }),
  },
);

const value = delta;
const many = fc.constantFrom(1, 1, 1, 1, 2, 3, 7);

/** One operation on one counter, done once. */
const once: fc.Arbitrary<CounterOperation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("add"),
      counter,
      delta,
      times: fc.constant(1),
      onBound: fc.option(onBound, { freq: 1 }),
      condition,
      key: anyKey,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("next"),
      counter,
      count,
      times: fc.constant(1),
      condition,
      key: anyKey,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("set"), counter, value, condition, key: anyKey }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("cas"),
      counter,
      expected: fc.bigInt({ min: -3n, max: 10n }),
      value,
      condition,
      key: anyKey,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("reset"),
      counter,
      to: fc.option(value),
      condition,
      key: anyKey,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("create"), counter, config, condition, key: anyKey }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("configure"),
      counter,
      patch,
      condition,
      key: anyKey,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("delete"), counter, condition, key: anyKey }),
  },
);

/** What has neither key nor condition may be asked for many times at once. */
const repeated = fc.record({ operation: once, times: many }).map(({ operation, times }) => {
  if (operation.type !== "add" && operation.type !== "next") return operation;
  if (times === 1) return operation;
  return { ...operation, times, condition: null, key: null };
});

/** Keys of a group differ, and stand for the same place in it whenever they come. */
const group = fc
  .record({
    operations: fc.array(once, { minLength: 1, maxLength: 5 }),
    key: fc.option(someKey, { freq: 2 }),
  })
  .map(({ operations, key }) => ({
    type: "group" as const,
    operations: operations.map((operation, at) => {
      return { ...operation, key: key === null ? null : { ...key, key: `${key.key}#${at}` } };
    }),
  }));

const backups: fc.Arbitrary<CounterBackup[]> = fc.uniqueArray(
  fc
    .record({
      name: counter,
      value: fc.option(delta, { freq: 5 }),
      issued: fc.option(delta, { freq: 1 }),
      config,
    })
    .map((one): CounterBackup => {
      if (one.value === null) {
        return { ...one, issued: one.issued ?? 3n, config: plainConfig };
      }
      const { min, max } = one.config;
      const low = min !== null && one.value < min;
      const high = max !== null && one.value > max;
      return low || high ? { ...one, value: min ?? max! } : one;
    }),
  { selector: ({ name }) => name, maxLength: 4 },
);

const owner = fc.constantFrom(null, null, null, new Uint8Array(16).fill(9));
const sessionId = fc.integer({ min: 1, max: 5 });
const inSession = fc
  .record({
    session: sessionId,
    owner,
    ack: fc.constantFrom(0, 0, 0, 1, 2, 3),
    ahead: fc.constantFrom(1, 1, 2, 3, 64),
    fingerprint,
    atomic: fc.boolean(),
    operations: fc.array(once, { minLength: 1, maxLength: 3 }),
  })
  .map(({ ahead, atomic, operations, ...step }) => ({
    type: "inSession" as const,
    step: { ...step, seq: step.ack + ahead },
    atomic,
    operations: operations.map((one) => ({ ...one, key: null })),
  }));
const session: fc.Arbitrary<SessionOperation> = fc.oneof(
  { weight: 12, arbitrary: inSession },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("openSession"),
      owner,
      idleMs: fc.constantFrom(5, 30, 30, 100),
      sessionsMax: fc.constantFrom(1, 3, 100),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("closeSession"), session: sessionId, owner }),
  },
);

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: session },
  { weight: 12, arbitrary: repeated },
  { weight: 2, arbitrary: group },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("restore"), counters: backups, key: anyKey }),
  },
);

/** Of some of the operations, in the order of the first ones. */
function tracesOf(
  seeds: readonly { readonly first: number; readonly count: number; readonly fill: number }[],
  operations: readonly Operation[],
): { readonly traces?: readonly OperationTrace[] } {
  if (seeds.length === 0 || operations.length === 0) return {};
  const traces = seeds.map(({ first: at, count, fill }) => {
    const first = at % operations.length;
    const context = new Uint8Array(24).fill(fill);
    return { first, count: 1 + (count % (operations.length - first)), context };
  });
  return { traces: traces.sort((a, b) => a.first - b.first) };
}

const traceSeeds = fc.array(
  fc.record({ first: fc.nat(5), count: fc.nat(5), fill: fc.integer({ min: 1, max: 255 }) }),
  { maxLength: 2 },
);

/** Log times go forwards and sometimes back; every command may bring other limits. */
export const commands: fc.Arbitrary<CommandBatch[]> = fc.array(
  fc
    .record({
      at: fc.nat({ max: 60 }),
      keyWindowMs: fc.constantFrom(1, 5, 20, 20, 20, 40),
      keysMax: fc.constantFrom(2, 4, 8, 100, 100),
      countersMax: fc.constantFrom(1, 3, 100, 100, 100),
      operations: fc.array(operation, { maxLength: 6 }),
      seeds: traceSeeds,
    })
    .map(({ seeds, ...command }) => ({ ...command, ...tracesOf(seeds, command.operations) })),
  { maxLength: 40 },
);
