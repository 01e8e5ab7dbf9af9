import { judgeCounterHistory } from "./linearizability.ts";
import type { CounterOperation } from "./linearizability.ts";

/** `add 1 @ 0-5`: answered 1 between 0 and 5; `add ? @ 3`: outcome unknown, began at 3. */
function history(...lines: readonly string[]): CounterOperation[] {
  return lines.map((line) => {
    const match = /^(add|get) (\d+|\?) @ (\d+)(?:-(\d+))?$/.exec(line);
    if (match === null) throw new RangeError(line);
    const [, kind, value, from, to] = match;
    return {
      kind: kind === "add" ? "add" : "get",
      invokedAt: Number(from),
      returnedAt: to === undefined ? Infinity : Number(to),
      value: value === "?" ? null : Number(value),
    };
  });
}

describe("linearizability of a counter with a fixed step", () => {
  it.each([
    { lines: [], final: 0, because: "nothing happened" },
    { lines: ["add 1 @ 0-5", "add 2 @ 6-9"], final: 2, because: "one after the other" },
    { lines: ["add 2 @ 0-9", "add 1 @ 1-8"], final: 2, because: "concurrent adds in any order" },
    { lines: ["add ? @ 0", "add 2 @ 5-9"], final: 2, because: "the unknown one was first" },
    { lines: ["add ? @ 0"], final: 0, because: "an unknown one may never take effect" },
    { lines: ["add ? @ 0", "get 0 @ 5-6", "get 1 @ 8-9"], final: 1, because: "…or late" },
    { lines: ["add 1 @ 0-9", "get 0 @ 1-2", "get 1 @ 3-4"], final: 1, because: "read around it" },
  ])("accepts $lines: $because", ({ lines, final }) => {
    const operations = history(...lines);
    expect(judgeCounterHistory({ step: 1, operations, finalValue: final })).toBeNull();
  });

  it.each([
    { lines: ["add 1 @ 0-5", "add 1 @ 0-5"], final: 2, because: "a number was handed out twice" },
    { lines: ["add 1 @ 0-5"], final: 0, because: "an acknowledged add was lost" },
    { lines: ["add 1 @ 0-5"], final: 2, because: "a phantom" },
    { lines: ["add 2 @ 0-5", "add 1 @ 6-9"], final: 2, because: "the order contradicts time" },
    { lines: ["add 1 @ 0-5", "get 0 @ 6-7"], final: 1, because: "a stale read" },
    { lines: ["add 1 @ 5-9", "get 1 @ 1-2"], final: 1, because: "a read of the future" },
    { lines: ["add ? @ 7", "get 1 @ 1-2"], final: 1, because: "…also of an unknown add" },
    { lines: ["get 1 @ 0-1", "get 0 @ 2-3", "add ? @ 0"], final: 1, because: "reads going back" },
    { lines: ["get 2 @ 0-1", "add ? @ 0"], final: 1, because: "a value beyond the final one" },
    { lines: ["add ? @ 0", "add 3 @ 1-2"], final: 3, because: "two slots, one unknown add" },
  ])("rejects $lines: $because", ({ lines, final }) => {
    const operations = history(...lines);
    expect(judgeCounterHistory({ step: 1, operations, finalValue: final })).not.toBeNull();
  });

  it("rejects values that are no multiple of the step", () => {
    const operations = history("add 4 @ 0-5");
    expect(judgeCounterHistory({ step: 3, operations, finalValue: 6 })).toContain("not a value");
    expect(judgeCounterHistory({ step: 3, operations: [], finalValue: 4 })).toContain("impossible");
  });

  it("gives a free slot to the unknown add that began first", () => {
    // The later one cannot have made 1, which was read before it began.
    const operations = history("add ? @ 9", "add ? @ 0", "get 1 @ 3-4", "get 2 @ 10-11");
    expect(judgeCounterHistory({ step: 1, operations, finalValue: 2 })).toBeNull();
  });

  it("agrees with trying every order, for all small histories", () => {
    const spans: readonly (readonly [number, number])[] = [
      [0, 1],
      [0, 3],
      [2, 3],
      [2, 5],
      [4, 5],
    ];
    let accepted = 0;
    let compared = 0;
    for (const a of spans) {
      for (const b of spans) {
        for (const c of spans) {
          for (let values = 0; values < 27; values += 1) {
            const operations = [a, b, c].map(([invokedAt, returnedAt], i): CounterOperation => {
              const value = Math.floor(values / 3 ** i) % 3;
              return { kind: i < 2 ? "add" : "get", invokedAt, returnedAt, value };
            });
            const fast = judgeCounterHistory({ step: 1, operations, finalValue: 2 }) === null;
            expect(fast).toBe(someOrderWorks(operations, 2));
            accepted += fast ? 1 : 0;
            compared += 1;
          }
        }
      }
    }
    expect(compared).toBe(3375);
    expect(accepted).toBeGreaterThan(50);
  });
});

/** The definition itself: some order of all operations respects time and explains every answer. */
function someOrderWorks(operations: readonly CounterOperation[], finalValue: number): boolean {
  const search = (left: readonly CounterOperation[], value: number): boolean => {
    if (left.length === 0) return value === finalValue;
    return left.some((next) => {
      const isFirst = left.every((other) => other.returnedAt >= next.invokedAt);
      const after = next.kind === "add" ? value + 1 : value;
      if (!isFirst || after !== next.value) return false;
      return search(
        left.filter((other) => other !== next),
        after,
      );
    });
  };
  return search(operations, 0);
}
