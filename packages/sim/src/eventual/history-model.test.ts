import type { Control, KeyedOperation, RecordBody } from "@counter/eventual";
import { HistoryModel } from "./history-model.ts";

const a = "a".repeat(24);
const b = "b".repeat(24);

function body(parts: Partial<RecordBody>): RecordBody {
  return { hlc: 1, controls: [], plain: [], keyed: [], ...parts };
}

function plus(amount: bigint): RecordBody {
  return body({ plain: [{ counter: "c", plus: amount, minus: 0n }] });
}

function keyed(
  key: string,
  delta: bigint,
  at: number,
  until: number,
  hlc: number = at,
): RecordBody {
  const operation: KeyedOperation = { counter: "c", key, delta, at, until, value: 0n };
  return body({ hlc, keyed: [operation] });
}

function reset(floor: readonly (readonly [string, number])[]): Control {
  return {
    kind: "reset",
    counter: "c",
    floor: floor.map(([writer, position]) => ({ writer, position, plus: 0n, minus: 0n })),
  };
}

function valueOf(logs: Readonly<Record<string, readonly RecordBody[]>>): bigint {
  const model = new HistoryModel((writer, position) => logs[writer]?.[position - 1] ?? null);
  const vector = new Map(Object.entries(logs).map(([writer, { length }]) => [writer, length]));
  expect(model.advanceTo(vector, new Set())).toBeNull();
  return model.value("c");
}

describe("the whole history", () => {
  it("adds up what every writer added", () => {
    expect(valueOf({ [a]: [plus(2n), plus(3n)], [b]: [plus(4n)] })).toBe(9n);
  });

  it("takes away what a reset covers, and nothing else, in whatever order they come", () => {
    const set = body({
      controls: [reset([[b, 1]])],
      plain: [{ counter: "c", plus: 5n, minus: 0n }],
    });
    expect(valueOf({ [a]: [set], [b]: [plus(4n), plus(3n)] })).toBe(8n);
    expect(valueOf({ [b]: [plus(4n), plus(3n)], [a]: [set] })).toBe(8n);
  });

  it("counts a key once, with the delta of the least place", () => {
    expect(valueOf({ [a]: [keyed("k", 7n, 10, 11, 3)], [b]: [keyed("k", 9n, 10, 11, 2)] })).toBe(
      9n,
    );
  });

  it("counts a key again that is used after it was forgotten", () => {
    expect(valueOf({ [a]: [keyed("k", 7n, 10, 20)], [b]: [keyed("k", 7n, 19, 29)] })).toBe(7n);
    expect(valueOf({ [a]: [keyed("k", 7n, 10, 20)], [b]: [keyed("k", 7n, 20, 30)] })).toBe(14n);
  });

  it("does not count a key of which one half is under a reset", () => {
    const cut = body({ controls: [reset([[a, 1]])] });
    expect(valueOf({ [a]: [keyed("k", 7n, 10, 11)], [b]: [keyed("k", 7n, 10, 11), cut] })).toBe(0n);
  });

  it("names the first record that is not to be had", () => {
    const model = new HistoryModel(() => null);
    expect(model.advanceTo(new Map([[a, 2]]), new Set())).toEqual({ writer: a, position: 1 });
  });
});
