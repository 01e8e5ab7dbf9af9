import fc from "fast-check";
import { decodeBatch } from "./command-reader.ts";
import { encodeBatch } from "./command-writer.ts";
import { CounterMachine } from "./counter-machine.ts";
import { CommandFormatError } from "./errors.ts";
import { tracesMax } from "./limits.ts";
import type { CommandBatch, OperationTrace } from "./operations.ts";
import { commands } from "./test-support/arbitraries.ts";
import { add, batch, inSession, key, next, openSession } from "./test-support/building.ts";

const context = Uint8Array.from({ length: 24 }, (_, at) => at + 1);
const other = new Uint8Array(24).fill(0xee);

function traced(command: CommandBatch, ...traces: readonly OperationTrace[]): CommandBatch {
  return { ...command, traces };
}

function of(first: number, more: Partial<OperationTrace> = {}): OperationTrace {
  return { first, count: 1, context, ...more };
}

const three = batch([add(1n), next(1n), add(2n)]);

describe("the traces of a command", () => {
  it("come back as they were, several of one operation and one of several too", () => {
    const command = traced(
      three,
      of(0, { count: 3 }),
      of(1),
      of(1, { context: other }),
      of(2, { context: other }),
    );
    expect(decodeBatch(encodeBatch(command))).toEqual(command);
  });

  it("make a command of version 3; without any it has the bytes of version 2", () => {
    const plain = encodeBatch(three);
    expect(plain[0]).toBe(2);
    expect(encodeBatch({ ...three, traces: [] })).toEqual(plain);
    const bytes = encodeBatch(traced(three, of(1)));
    expect(bytes[0]).toBe(3);
    expect(bytes.subarray(1, plain.length)).toEqual(plain.subarray(1));
  });

  it("have the bytes of version 3, for ever", () => {
    const command = traced(batch([add(5n), next(1n)]), of(0, { count: 2 }), of(1));
    const bytes = encodeBatch(command).subarray(encodeBatch({ ...command, traces: [] }).length);
    const ids = Buffer.from(context).toString("hex");
    expect(Buffer.from(bytes).toString("hex")).toBe(`020002${ids}0101${ids}`);
  });

  it(`may be ${tracesMax}`, () => {
    const most = Array.from({ length: tracesMax }, () => of(1));
    const command = traced(three, ...most);
    expect(decodeBatch(encodeBatch(command))).toEqual(command);
    expect(() => encodeBatch(traced(three, ...most, of(2)))).toThrow(CommandFormatError);
  });

  it.each<{ what: string; traces: readonly OperationTrace[] }>([
    { what: "of an operation that is not there", traces: [of(3)] },
    { what: "of more operations than there are", traces: [of(1, { count: 3 })] },
    { what: "of no operation", traces: [of(1, { count: 0 })] },
    { what: "in another order", traces: [of(2), of(1)] },
    { what: "of 23 bytes", traces: [of(0, { context: context.subarray(1) })] },
    { what: "with an id of zeros", traces: [of(0, { context: new Uint8Array(24).fill(1, 16) })] },
    { what: "with a span of zeros", traces: [of(0, { context: context.slice().fill(0, 16) })] },
  ])("are not encoded $what", ({ traces }) => {
    expect(() => encodeBatch(traced(three, ...traces))).toThrow(CommandFormatError);
    expect(decodeBatch(encodeBatch(three))).toEqual(three);
  });

  describe("are refused from bytes", () => {
    const plain = encodeBatch(three);
    const end = (...bytes: readonly number[]): Uint8Array =>
      Uint8Array.of(3, ...plain.subarray(1), ...bytes);
    it.each([
      { what: "if there are none", bytes: end(0), because: "has none" },
      { what: "if they end too early", bytes: end(1, 0, 1, 7), because: "too early" },
      { what: "of what is not there", bytes: end(1, 2, 2, ...context), because: "not there" },
      { what: "of nothing", bytes: end(1, 2, 0, ...context), because: "not there" },
      { what: "of zeros", bytes: end(1, 0, 1, ...new Uint8Array(24)), because: "zeros" },
      { what: "with more behind them", bytes: end(1, 0, 1, ...context, 0), because: "follows" },
      { what: "beyond their limit", bytes: end(0x81, 0x08), because: `limit of ${tracesMax}` },
    ])("$what", ({ bytes, because }) => {
      expect(() => decodeBatch(bytes)).toThrow(because);
      expect(() => decodeBatch(bytes)).toThrow(CommandFormatError);
    });
  });
});

describe("what traces change", () => {
  function applied(list: readonly CommandBatch[]): { results: unknown; machine: CounterMachine } {
    const machine = new CounterMachine();
    const results = machine.apply(
      list.map((command, at) => ({ index: at + 1, term: 1, data: encodeBatch(command) })),
    );
    return { results, machine };
  }

  it("is neither a result nor the state", () => {
    fc.assert(
      fc.property(commands, (list) => {
        const none = applied(list.map((command) => ({ ...command, traces: [] })));
        const all = applied(
          list.map((command) => {
            const { length: count } = command.operations;
            return count === 0 ? command : { ...command, traces: [of(0, { count })] };
          }),
        );
        expect(all.results).toEqual(none.results);
        expect(all.machine.digest()).toBe(none.machine.digest());
      }),
      { numRuns: 60 },
    );
  });

  it("is not what a key or a number of a session stands for", () => {
    const keyed = batch([add(5n, key("k"))]);
    const step = batch([inSession("1; seq=1", add(5n))]);
    const { results, machine } = applied([
      traced(keyed, of(0)),
      traced(keyed, of(0, { context: other })),
      batch([openSession()]),
      traced(step, of(0)),
      traced(step, of(0, { context: other })),
    ]);
    expect(results).toMatchObject([
      [{ status: "ok", replayed: false }],
      [{ status: "ok", replayed: true }],
      [{}],
      [{ results: [{ status: "ok", replayed: false }] }],
      [{ results: [{ status: "ok", replayed: true }] }],
    ]);
    expect(machine.counter("c")?.value).toBe(10n);
  });
});
