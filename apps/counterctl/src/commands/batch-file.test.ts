import { batchOperations } from "./batch-file.ts";

describe("operations in a file", () => {
  it("are an array, or one object a line", () => {
    const add = { op: "add", counter: "a", delta: "18446744073709551616" };
    const expected = [{ op: "add", counter: "a", delta: 2n ** 64n }];
    expect(batchOperations(JSON.stringify([add]))).toEqual(expected);
    expect(batchOperations(`\n${JSON.stringify(add)}\n\n`)).toEqual(expected);
  });

  it("may be of every kind", () => {
    const lines = [
      { op: "next", counter: "a" },
      { op: "set", counter: "a", value: 5, key: "k" },
      { op: "cas", counter: "a", expected: "5", value: "6" },
      { op: "reset", counter: "a", to: "-1" },
      { op: "create", counter: "b", kind: "sequence", step: "2", labels: { a: "b" }, ttl: "1h" },
      { op: "delete", counter: "b" },
    ];
    expect(batchOperations(JSON.stringify(lines))).toMatchObject([
      { op: "next", count: 1n },
      { op: "set", value: 5n, key: "k" },
      { op: "cas", expected: 5n, value: 6n },
      { op: "reset", to: -1n },
      { op: "create", config: { kind: "sequence", step: 2n, labels: { a: "b" }, ttl: "1h" } },
      { op: "delete" },
    ]);
  });

  it.each([
    ["{", "line 1: "],
    ["[1]", "operation 0: it must be an object"],
    ['{"op":"ad","counter":"a"}', 'there is no op "ad"'],
    ['{"op":"add","delta":"1"}', "counter must be a text"],
    ['{"op":"add","counter":"a","delta":1.5}', "delta must be a whole number"],
    [`{"op":"add","counter":"a","delta":${2 ** 53}}`, "beyond 2^53, as a text"],
    ['{"op":"create","counter":"a","kind":"x"}', "kind must be"],
    ['{"op":"add","counter":"a","delta":1,"onBound":"x"}', "onBound must be"],
  ])("are refused when they are %s", (text, reason) => {
    expect(() => batchOperations(text)).toThrow(reason);
  });
});
