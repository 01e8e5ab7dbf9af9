import {
  CounterMachine,
  encodeBatch,
  timesMax,
  tracesMax,
  type CounterOperation,
  type Operation,
  type OperationDone,
  type OperationResult,
} from "@counter/state-machine";

import { Batcher, type Answer, type BatcherOptions, type BatchNotes } from "./batcher.ts";

/** A batcher in front of a real state machine; shows which commands it made. */
function setup(limits: Partial<BatcherOptions> = {}): {
  batcher: Batcher;
  machine: CounterMachine;
  commands: (readonly Operation[])[];
  notes: BatchNotes[];
} {
  const machine = new CounterMachine();
  const commands: (readonly Operation[])[] = [];
  const notes: BatchNotes[] = [];
  const propose = async (
    operations: readonly Operation[],
    noted: BatchNotes,
  ): Promise<readonly OperationResult[]> => {
    commands.push(operations);
    notes.push(noted);
    const command = { at: 0, keyWindowMs: 1000, keysMax: 10, countersMax: 2, operations };
    const { traces } = noted;
    const data = encodeBatch(traces === null ? command : { ...command, traces });
    return machine.apply([{ index: commands.length, term: 1, data }])[0]!;
  };
  return { batcher: new Batcher({ propose, ...limits }), machine, commands, notes };
}

const plain = { times: 1, condition: null, key: null } as const;
const add = (delta: bigint, counter: string = "c"): CounterOperation => {
  return { type: "add", counter, delta, onBound: null, ...plain };
};
const next = (count: bigint, counter: string = "c"): CounterOperation => {
  return { type: "next", counter, count, ...plain };
};
const keyed = (key: string, count: bigint = 1n): CounterOperation => {
  return { ...next(count), key: { key, fingerprint: new Uint8Array(16) } };
};

/** What was answered, for operations of which none may be refused. */
async function all(asked: readonly Promise<Answer>[]): Promise<OperationDone[]> {
  return (await Promise.all(asked)).map((result) => {
    if (result.status === "ok") return result;
    throw new Error(`it was not done: ${JSON.stringify(result)}`);
  });
}

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

describe("repetition (B2)", () => {
  test("everybody who asks for numbers gets their own ones, without gaps", async () => {
    const { batcher, commands } = setup();
    const asked = [1n, 3n, 1n, 1n];
    const ranges = await all(asked.map((count) => batcher.submit(next(count))));
    expect(ranges.map(({ first, last }) => [first, last])).toEqual([
      [1n, 1n],
      [4n, 6n],
      [2n, 2n],
      [3n, 3n],
    ]);
    expect(commands).toEqual([[{ ...next(1n), times: 3 }, next(3n)]]);
  });

  test("everybody who adds is told the value and the revision right after their own", async () => {
    const { batcher, commands } = setup();
    await batcher.submit(add(100n));
    const written = await all([5n, -7n, 5n, 5n].map((delta) => batcher.submit(add(delta))));
    expect(written.map(({ previous, value, revision }) => [previous, value, revision])).toEqual([
      [100n, 105n, 2],
      [115n, 108n, 5],
      [105n, 110n, 3],
      [110n, 115n, 4],
    ]);
    expect(commands).toHaveLength(2);
  });

  test("other counters, and other ways to stop at a bound, are apart", async () => {
    const { batcher, commands } = setup();
    const saturating = { ...add(1n), onBound: "saturate" } as const;
    const asked = [add(1n), add(1n, "d"), saturating, add(1n), saturating, add(1n, "d")];
    await all(asked.map((operation) => batcher.submit(operation)));
    expect(commands).toEqual([
      [
        { ...add(1n), times: 2 },
        { ...add(1n, "d"), times: 2 },
        { ...saturating, times: 2 },
      ],
    ]);
  });

  test("who no longer fits is refused alone", async () => {
    const { batcher } = setup();
    const large = (1n << 64n) - 1n;
    const limit = (1n << 1024n) - 1n;
    await batcher.submit(add(limit - 2n * large, "d"));
    const asked = [add(large, "d"), add(large, "d"), add(large, "d"), add(-5n, "d")];
    const results = await Promise.all(asked.map((operation) => batcher.submit(operation)));
    expect(results.map(({ status }) => status)).toEqual(["ok", "ok", "refused", "ok"]);
    expect(results[2]).toMatchObject({ code: "value-out-of-range", current: limit });
  });

  test("no more than an operation may stand for are done together", async () => {
    const { batcher, commands } = setup({ waitingMax: timesMax + 2 });
    const asked = Array.from({ length: timesMax + 2 }, () => batcher.submit(next(1n)));
    const results = await all(asked);
    expect(results.at(-1)!.last).toBe(BigInt(timesMax + 2));
    expect(commands).toEqual([
      [
        { ...next(1n), times: timesMax },
        { ...next(1n), times: 2 },
      ],
    ]);
  });
});

describe("commands of their own", () => {
  test("operations that are to stay together do, whatever waits beside them", async () => {
    const { batcher, commands } = setup();
    const waiting = batcher.submit(next(1n));
    const together = await batcher.submitAlone([next(1n), next(1n)]);
    expect(together).toHaveLength(2);
    await waiting;
    expect(commands).toEqual([[next(1n), next(1n)], [next(1n)]]);
    expect(batcher.waiting).toBe(0);
  });

  test("they count as callers each", async () => {
    const { batcher } = setup({ waitingMax: 2 });
    const waiting = batcher.submit(next(1n));
    await expect(batcher.submitAlone([next(1n), next(1n)])).rejects.toMatchObject({
      code: "TOO_MANY_WAITING",
    });
    await waiting;
    await expect(batcher.submitAlone([next(1n), next(1n)])).resolves.toHaveLength(2);
  });
});

describe("keys (B3)", () => {
  test("conditions are looked at one by one", async () => {
    const { batcher } = setup();
    const once = { ...add(1n), condition: { type: "absent" } } as const;
    const results = await Promise.all([batcher.submit(once), batcher.submit(once)]);
    expect(results.map(({ status }) => status)).toEqual(["ok", "refused"]);
  });

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
    const [c, d, e] = await Promise.all([
      batcher.submit(next(1n, "c")),
      batcher.submit(next(1n, "d")),
      batcher.submit(next(1n, "e")),
    ]);
    expect([c.status, d.status]).toEqual(["ok", "ok"]);
    expect(e).toMatchObject({ status: "refused", code: "too-many-counters" });
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

describe("whose requests a command carries out (B4)", () => {
  const trace = (fill: number): Uint8Array => new Uint8Array(24).fill(fill);

  test("is said in the order of the operations, whenever their askers came", async () => {
    const { batcher, commands, notes } = setup();
    await Promise.all([
      batcher.submit(next(1n), { trace: trace(1) }),
      batcher.submit(add(1n, "d"), { trace: trace(2) }),
      batcher.submit(next(1n)),
      batcher.submit(next(1n), { trace: trace(3) }),
      batcher.submit(keyed("k"), { trace: null }),
    ]);
    expect(commands[0]).toMatchObject([{ type: "next", times: 3 }, { type: "add" }, {}]);
    expect(notes[0]?.traces).toEqual([
      { first: 0, count: 1, context: trace(1) },
      { first: 0, count: 1, context: trace(3) },
      { first: 1, count: 1, context: trace(2) },
    ]);
  });

  test("belongs to the command that the operation is in", async () => {
    const { batcher, notes } = setup({ batchMaxOperations: 1 });
    await Promise.all([
      batcher.submit(keyed("a"), { trace: trace(1) }),
      batcher.submit(keyed("b")),
      batcher.submit(keyed("c"), { trace: trace(3) }),
    ]);
    expect(notes.map(({ traces }) => traces)).toEqual([
      [{ first: 0, count: 1, context: trace(1) }],
      null,
      [{ first: 0, count: 1, context: trace(3) }],
    ]);
  });

  test("is one request where operations are submitted together", async () => {
    const { batcher, notes } = setup();
    await batcher.submitAlone([next(1n), add(1n)], { trace: trace(7) });
    await batcher.submitAlone([next(1n)]);
    expect(notes.map(({ traces }) => traces)).toEqual([
      [{ first: 0, count: 2, context: trace(7) }],
      null,
    ]);
  });

  test(`is said of the first ${tracesMax}; those beyond are done as well`, async () => {
    const { batcher, machine, notes } = setup();
    const asked = Array.from({ length: tracesMax + 2 }, (_, at) =>
      batcher.submit(next(1n), { trace: trace(1 + (at % 255)) }),
    );
    await Promise.all(asked);
    expect(notes.map(({ traces }) => traces?.length)).toEqual([tracesMax]);
    expect(machine.counter("c")?.value).toBe(BigInt(tracesMax + 2));
  });
});
