/** The machine against a model that is too simple to be wrong in the same way. */
import fc from "fast-check";
import { encodeBatch } from "./command-writer.ts";
import { CounterMachine } from "./counter-machine.ts";
import { commands } from "./test-support/arbitraries.ts";
import { cloneOf, next } from "./test-support/building.ts";
import { NaiveModel, type Told } from "./test-support/naive-model.ts";
import type { CommandBatch, CommittedBatch, Operation } from "./operations.ts";
import { resultAt } from "./repetition.ts";
import type { OperationResult } from "./results.ts";

jest.setTimeout(60_000); // many runs, on machines that may be busy

function committed(list: readonly CommandBatch[]): CommittedBatch[] {
  return list.map((command, at) => ({ index: at + 1, term: 1, data: encodeBatch(command) }));
}

/** What everybody who asked for the operation at this place is told. */
function answersTo(
  { operations }: CommandBatch,
  result: OperationResult,
  place: number,
): readonly Told[] {
  const operation = operations[place]!;
  if (result.status === "group") {
    return result.results;
  }
  const times = "times" in operation ? operation.times : 1;
  return Array.from({ length: times }, (_, at) => {
    return result.status === "repeated" ? resultAt(result, at) : result;
  });
}

/** Every operation that was done once, with its answer; of a refused group none. */
function singles(
  command: CommandBatch,
  results: readonly OperationResult[],
): { operation: Operation; result: Told }[] {
  return command.operations.flatMap((operation, place) => {
    const result = results[place]!;
    const answers = answersTo(command, result, place);
    if (operation.type === "inSession") {
      if (result.status !== "answer" || result.replayed) return [];
      return operation.operations.map((one, at) => {
        return { operation: one, result: result.results[at]! };
      });
    }
    if (operation.type !== "group") return answers.map((one) => ({ operation, result: one }));
    if (result.status !== "group") return [];
    return operation.operations.map((one, at) => ({ operation: one, result: answers[at]! }));
  });
}

it("answers every command as the model does, and holds the same counters and keys", () => {
  fc.assert(
    fc.property(commands, (list) => {
      const machine = new CounterMachine();
      const model = new NaiveModel();
      committed(list).forEach((command, at) => {
        const results = machine.apply([command])[0]!;
        expect(results.map((result, place) => answersTo(list[at]!, result, place))).toEqual(
          model.apply(list[at]!),
        );
        expect(machine.logTimeMs).toBe(model.logTimeMs);
        expect([...machine.counters()]).toEqual(model.values());
        expect(machine.stats()).toEqual({
          counters: model.values().length,
          retiredCounters: model.counters.length - model.values().length,
          keys: model.keys.length,
          sessions: model.sessions.list.length,
          sessionResults: model.sessions.results,
          logTimeMs: model.logTimeMs,
          restoreEpoch: model.restoreEpoch,
          revision: model.revision,
        });
        for (const { name, value, revision, config, expiresAt } of model.counters) {
          const view = machine.counter(name);
          if (value === null) expect(view).toBeNull();
          else expect(view).toMatchObject({ name, value, revision, ...config });
          expect(view?.expiresAtMs ?? Infinity).toBe(expiresAt);
        }
        const names = model.values().map(({ name }) => name);
        expect(machine.namesAfter({ prefix: "", after: null, limit: 1000 })).toEqual({
          names: names.sort(),
          after: null,
        });
      });
    }),
    { numRuns: 300 },
  );
});

it("never hands out a number of a counter twice, whatever happens between", () => {
  fc.assert(
    fc.property(commands, (list) => {
      const machine = new CounterMachine();
      const highest = new Map<string, bigint>();
      committed(list).forEach((command, at) => {
        const results = machine.apply([command])[0]!;
        for (const { operation, result } of singles(list[at]!, results)) {
          if (operation.type !== "next" || result.status !== "ok" || result.replayed) continue;
          const before = highest.get(operation.counter);
          if (before !== undefined) expect(result.first).toBeGreaterThan(before);
          expect(result.last - result.first).toBe((operation.count - 1n) * result.step);
          highest.set(operation.counter, result.last);
        }
      });
    }),
    { numRuns: 300 },
  );
});

it("is the same however commands are batched, and after snapshots at any moments", async () => {
  const run = fc.record({ list: commands, snapshotsAt: fc.array(fc.nat(40)), cut: fc.nat(40) });
  await fc.assert(
    fc.asyncProperty(run, async ({ list, snapshotsAt, cut }) => {
      const log = committed(list);
      const steady = new CounterMachine();
      const expected: (readonly OperationResult[])[] = [
        ...steady.apply(log.slice(0, cut)),
        ...steady.apply(log.slice(cut)),
      ];
      let moving = new CounterMachine();
      for (const [at, command] of log.entries()) {
        if (snapshotsAt.includes(at)) moving = await cloneOf(moving);
        expect(moving.apply([command])).toEqual([expected[at]]);
      }
      expect(moving.digest()).toBe(steady.digest());
      expect((await cloneOf(moving)).digest()).toBe(steady.digest());
    }),
    { numRuns: 300 },
  );
});

it("sweeps alike on a server that was restored in the middle of it", async () => {
  const steps = fc.array(
    fc.record({
      at: fc.nat(100),
      keyWindowMs: fc.constantFrom(5, 30, 60),
      keys: fc.array(fc.nat(2000), { minLength: 100, maxLength: 400 }),
      restored: fc.boolean(),
    }),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const steady = new CounterMachine();
      let moving = new CounterMachine();
      for (const [at, step] of list.entries()) {
        const operations = step.keys.map((key) => ({
          ...next(),
          key: { key: `${key}`, fingerprint: new Uint8Array(16) },
        }));
        const settings = { at: step.at, keyWindowMs: step.keyWindowMs, countersMax: 1 };
        const data = encodeBatch({ ...settings, keysMax: 900, operations });
        const command = { index: at + 1, term: 1, data };
        if (step.restored) moving = await cloneOf(moving);
        expect(moving.apply([command])).toEqual(steady.apply([command]));
        expect(moving.digest()).toBe(steady.digest());
      }
    }),
    { numRuns: 40 },
  );
});
