/** What is done many times at once is what would have been done one by one. */
import fc from "fast-check";
import { CounterMachine } from "./counter-machine.ts";
import type { AddOperation, NextOperation } from "./operations.ts";
import { resultAt } from "./repetition.ts";
import type { SingleResult } from "./results.ts";
import { add, create, feeder, next, set } from "./test-support/building.ts";
import type { CounterConfig } from "./types.ts";

const top = 2n ** 1024n - 1n;

/** The answers of all, and a fingerprint of what is left. */
function done(
  config: Partial<CounterConfig> | null,
  value: bigint,
  operations: readonly (AddOperation | NextOperation)[],
): { answers: SingleResult[]; digest: string } {
  const machine = new CounterMachine();
  const feed = feeder(machine);
  if (config !== null) feed([create(config)]);
  feed([set(value)]);
  const answers = feed(operations).flatMap((result, place): SingleResult[] => {
    const { times } = operations[place]!;
    if (result.status !== "repeated" && result.status !== "ok" && result.status !== "refused") {
      throw new Error("nothing else was asked for");
    }
    return Array.from({ length: times }, (_, at) => {
      return result.status === "repeated" ? resultAt(result, at) : result;
    });
  });
  return { answers, digest: machine.digest() };
}

const amounts = fc.oneof(fc.bigInt({ min: -9n, max: 9n }), fc.constantFrom(top, -top, 2n ** 1020n));
const setups = fc.record({
  config: fc.option(
    fc.record({
      min: fc.constantFrom(null, -20n, -top),
      max: fc.constantFrom(null, 25n, top),
      onBound: fc.constantFrom("reject" as const, "saturate" as const),
      step: fc.constantFrom(1n, 3n, 2n ** 1019n),
    }),
    { freq: 3 },
  ),
  value: fc.oneof(fc.bigInt({ min: -20n, max: 25n }), fc.constantFrom(3n)),
  operation: fc.oneof(
    fc
      .record({
        delta: amounts,
        onBound: fc.constantFrom(null, "reject" as const, "saturate" as const),
      })
      .map(({ delta, onBound }) => ({ ...add(delta), onBound })),
    fc.bigInt({ min: 1n, max: 9n }).map((count) => next(count)),
  ),
  times: fc.integer({ min: 2, max: 40 }),
});

it("gives the same answers, versions and state as one after the other", () => {
  fc.assert(
    fc.property(setups, ({ config, value, operation, times }) => {
      const together = done(config, value, [{ ...operation, times }]);
      const single = Array.from({ length: times }, () => operation);
      expect(together).toEqual(done(config, value, single));
    }),
    { numRuns: 2000 },
  );
});

it("costs the same however many there are", () => {
  const { answers } = done(null, 0n, [{ ...next(1n), times: 16_384 }]);
  expect(answers.at(-1)).toMatchObject({ last: 16_384n, previous: 16_383n, revision: 16_385 });
  expect(new Set(answers.map((answer) => answer.status === "ok" && answer.revision)).size).toBe(
    16_384,
  );
});
