import type { Input } from "../core/door.ts";
import { row, tableOf } from "../test-support/harness.ts";
import type { PushPull } from "../messages.ts";
import { inTurns, isLongTable, MERGED_ROWS_MAX, TableMerger, TABLES_WAITING_MAX } from "./turns.ts";
import type { TableInput } from "./turns.ts";

const from = { host: "10.0.0.9", port: 7946 };

function table(rows: number): PushPull {
  return tableOf(...Array.from({ length: rows }, (_, i) => row(`m${i}`, 2)));
}

function answered(exchange: number, rows: number): TableInput {
  return { type: "streamAnswered", exchange, message: table(rows) };
}

describe("work in slices", () => {
  function* work(slices: number, log: string[]): Generator<undefined, string, undefined> {
    for (let i = 1; i < slices; i += 1) {
      log.push("slice");
      yield;
    }
    return "done";
  }

  it("is done at once if it is one slice, and has others in between if it is more", async () => {
    const log: string[] = [];
    inTurns(
      work(1, log),
      (result) => log.push(result),
      () => false,
    );
    expect(log).toEqual(["done"]);
    const end = new Promise<void>((resolve) => {
      inTurns(
        work(3, log),
        () => resolve(),
        () => false,
      );
    });
    setImmediate(() => log.push("others"));
    await end;
    expect(log).toEqual(["done", "slice", "slice", "others"]);
  });

  it("ends when nobody wants it any more", async () => {
    const log: string[] = [];
    inTurns(
      work(3, log),
      () => log.push("done"),
      () => log.length > 0,
    );
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(log).toEqual(["slice"]);
  });
});

describe("long tables", () => {
  it("are those that have more rows than one step merges", () => {
    expect(isLongTable(answered(1, MERGED_ROWS_MAX))).toBe(false);
    expect(isLongTable(answered(1, MERGED_ROWS_MAX + 1))).toBe(true);
    expect(isLongTable({ type: "tick" })).toBe(false);
  });

  it("are stepped in pieces, all rows in order, one table after the other", async () => {
    const inputs: Input[] = [];
    const merger = new TableMerger((input) => inputs.push(input));
    const first = answered(1, 2 * MERGED_ROWS_MAX + 1);
    const second = { type: "stream", stream: 7, from, message: table(200) } as const;
    let ended = 0;
    await new Promise<void>((resolve) => {
      merger.merge(first, from, () => (ended += 1));
      merger.merge(second, from, resolve);
    });
    expect(ended).toBe(1);
    const shapes = inputs.map((input) => {
      if (input.type === "rows") return ["rows", input.exchange, input.states.length];
      if (!("message" in input) || input.message.type !== "pushPull") return [input.type];
      return [input.type, input.message.states.length];
    });
    expect(shapes).toEqual([
      ["rows", 1, MERGED_ROWS_MAX],
      ["rows", 1, MERGED_ROWS_MAX],
      ["streamAnswered", 1],
      ["rows", null, MERGED_ROWS_MAX],
      ["stream", 200 - MERGED_ROWS_MAX],
    ]);
    const names = inputs.slice(0, 3).flatMap((input) => {
      if (input.type === "rows") return input.states.map(({ name }) => name);
      return input.type === "streamAnswered" && input.message.type === "pushPull"
        ? input.message.states.map(({ name }) => name)
        : [];
    });
    expect(names).toEqual(first.message.states.map(({ name }) => name));
  });

  it("wait in a queue that is not endless, and nothing is stepped after the end", async () => {
    const inputs: Input[] = [];
    const merger = new TableMerger((input) => inputs.push(input));
    for (let i = 0; i < TABLES_WAITING_MAX; i += 1) {
      expect(merger.merge(answered(i, 200), from, () => undefined)).toBe(true);
    }
    expect(merger.merge(answered(99, 200), from, () => undefined)).toBe(false);
    merger.close();
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(inputs).toHaveLength(1);
  });
});
