import {
  CounterMachine,
  encodeBatch,
  type Operation,
  type OperationResult,
} from "@counter/state-machine";

import { Batcher, type BatcherOptions } from "./batcher.ts";

/** A batcher in front of a real state machine; shows which commands it made. */
function setup(limits: Partial<BatcherOptions> = {}): {
  batcher: Batcher;
  machine: CounterMachine;
  commands: (readonly Operation[])[];
} {
  const machine = new CounterMachine();
  const commands: (readonly Operation[])[] = [];
  const propose = async (operations: readonly Operation[]): Promise<readonly OperationResult[]> => {
    commands.push(operations);
    const data = encodeBatch({ at: 0, keyWindowMs: 1000, keysMax: 10, countersMax: 2, operations });
    return machine.apply([{ index: commands.length, term: 1, data }])[0]!;
  };
  return { batcher: new Batcher({ propose, ...limits }), machine, commands };
}

const add = (amount: bigint, counter: string = "c") => {
  return { type: "add", counter, amount, key: null } as const;
};
const next = (amount: bigint, counter: string = "c") => {
  return { type: "next", counter, amount, key: null } as const;
};
const keyed = (key: string, amount: bigint = 1n) => {
  return { ...next(amount), key: { key, fingerprint: new Uint8Array(16) } };
};

describe("one turn, one command (B1)", () => {
  test("operations of one turn share a command, those of the next turn do not", async () => {
    const { batcher, commands } = setup();
    await Promise.all([batcher.submit(next(1n)), batcher.submit(add(1n, "d"))]);
    await batcher.submit(next(1n));
    expect(commands.map((command) => command.length)).toEqual([2, 1]);
  });

  test("a command has at most as many operations as allowed", async () => {
    const { batcher, commands } = setup({ batchMaxOperations: 2 });
    await Promise.all(["1", "2", "3", "4", "5"].map((key) => batcher.submit(keyed(key))));
    expect(commands.map((command) => command.length)).toEqual([2, 2, 1]);
  });
});

describe("sums (B2)", () => {
  test("everybody who asks for numbers gets their own ones, without gaps", async () => {
    const { batcher, commands } = setup();
    const asked = [1n, 3n, 1n, 5n];
    const ranges = await Promise.all(asked.map((count) => batcher.submit(next(count))));
    expect(ranges.map(({ first, value }) => [first, value])).toEqual([
      [1n, 1n],
      [2n, 4n],
      [5n, 5n],
      [6n, 10n],
    ]);
    expect(commands).toEqual([[{ type: "next", counter: "c", count: 10n, key: null }]]);
  });

  test("everybody who adds sees the value right after their own addition", async () => {
    const { batcher, commands } = setup();
    await batcher.submit(add(100n));
    const written = await Promise.all([5n, -7n, 0n, 2n].map((delta) => batcher.submit(add(delta))));
    expect(written.map(({ value }) => value)).toEqual([105n, 98n, 98n, 100n]);
    expect(commands).toHaveLength(2);
  });

  test("counters are summed apart", async () => {
    const { batcher, machine } = setup();
    const written = await Promise.all([
      batcher.submit(add(5n, "c")),
      batcher.submit(add(7n, "d")),
      batcher.submit(add(1n, "c")),
    ]);
    expect(written.map(({ value }) => value)).toEqual([5n, 7n, 6n]);
    expect([machine.value("c"), machine.value("d")]).toEqual([6n, 7n]);
  });

  test("a huge amount is refused alone", async () => {
    const { batcher } = setup();
    await batcher.submit(add((1n << 1024n) - 1n, "d"));
    const results = await Promise.allSettled([
      batcher.submit(add(1n << 1023n, "d")),
      batcher.submit(add(-5n, "d")),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  });
});

describe("keys (B3)", () => {
  test("operations with a key stay single, and a repeated key gets the same answer", async () => {
    const { batcher, commands } = setup();
    const [first, second] = await Promise.all([
      batcher.submit(keyed("a")),
      batcher.submit(keyed("b")),
      batcher.submit(next(1n)),
    ]);
    expect(commands[0]).toHaveLength(3);
    expect(await batcher.submit(keyed("a"))).toEqual({ ...first, replayed: true });
    expect(await batcher.submit(keyed("b"))).toEqual({ ...second, replayed: true });
  });
});

describe("limits and failures", () => {
  test("more callers than allowed are refused at once, and let in again later", async () => {
    const { batcher } = setup({ waitingMax: 2 });
    const waiting = [batcher.submit(next(1n)), batcher.submit(next(1n))];
    await expect(batcher.submit(next(1n))).rejects.toMatchObject({ code: "TOO_MANY_WAITING" });
    await Promise.all(waiting);
    expect(batcher.waiting).toBe(0);
    await expect(batcher.submit(next(1n))).resolves.toMatchObject({ value: 3n });
  });

  test("a refusal of the state machine reaches those whom it concerns", async () => {
    const { batcher } = setup();
    const [c, d, e] = await Promise.allSettled([
      batcher.submit(next(1n, "c")),
      batcher.submit(next(1n, "d")),
      batcher.submit(next(1n, "e")),
    ]);
    expect([c.status, d.status]).toEqual(["fulfilled", "fulfilled"]);
    expect(e).toMatchObject({ status: "rejected", reason: { code: "too-many-counters" } });
  });

  test("when the proposal fails, every caller of the command is told", async () => {
    const failure = new Error("no leader");
    const { batcher } = setup({ propose: () => Promise.reject(failure) });
    const results = await Promise.allSettled([
      batcher.submit(next(1n)),
      batcher.submit(keyed("a")),
    ]);
    expect(results).toEqual([
      { status: "rejected", reason: failure },
      { status: "rejected", reason: failure },
    ]);
    expect(batcher.waiting).toBe(0);
  });
});
