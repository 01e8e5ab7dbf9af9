import fc from "fast-check";
import { OrderedTable } from "./ordered-table.ts";
import type { Captured, Placed } from "./ordered-table.ts";

interface Item extends Placed {
  readonly id: string;
  readonly value: number;
}

function put(table: OrderedTable<Item>, id: string, value: number): void {
  const before = table.get(id);
  if (before === undefined) table.add(id, { id, value, sequence: table.nextSequence });
  else table.replace(id, { id, value, sequence: before.sequence });
}

function shown(items: Iterable<Item>): string[] {
  return [...items].map(({ id, value }) => `${id}=${value}`);
}

function filled(count: number): OrderedTable<Item> {
  const table = new OrderedTable<Item>();
  for (let at = 0; at < count; at += 1) put(table, `id-${at}`, at);
  return table;
}

describe("a table in the order of first insertion", () => {
  it("does what a Map does, and a capture shows its own moment for ever", () => {
    const step = fc.record({
      action: fc.constantFrom("put", "put", "put", "remove", "capture"),
      id: fc.nat(40),
      value: fc.nat(9),
    });
    // Blocks and shards are larger than such lists: most of the table is there before.
    const before = fc.constantFrom(0, 1020, 2048);
    fc.assert(
      fc.property(before, fc.array(step, { maxLength: 120 }), (count, steps) => {
        const table = filled(count);
        const model = new Map<string, number>();
        for (let at = 0; at < count; at += 1) model.set(`id-${at}`, at);
        const modelShown = (): string[] => [...model].map(([id, value]) => `${id}=${value}`);
        const captures: { captured: Captured<Item>; expected: string[] }[] = [];
        for (const { action, id: number, value } of steps) {
          const id = `id-${number * 51}`;
          if (action === "put") {
            put(table, id, value);
            model.set(id, value);
          } else if (action === "capture") {
            captures.push({ captured: table.capture(), expected: modelShown() });
          } else if (model.delete(id)) table.remove(id, table.get(id)!);
          expect(table.get(id)?.value).toBe(model.get(id));
          expect(table.size).toBe(model.size);
        }
        expect(shown(table.values())).toEqual(modelShown());
        for (const { captured, expected } of captures) {
          expect(captured.size).toBe(expected.length);
          expect(shown(captured)).toEqual(expected);
          expect(shown(captured)).toEqual(expected);
        }
      }),
    );
  });

  it("forgets blocks that are empty, and begins them anew", () => {
    const table = filled(3);
    for (const id of ["id-0", "id-1", "id-2"]) table.remove(id, table.get(id)!);
    expect([...table.values()]).toEqual([]);
    put(table, "id-1", 7);
    expect(shown(table.capture())).toEqual(["id-1=7"]);
    expect(table.nextSequence).toBe(4);
  });

  it("finds ids that differ only in front, and ids that are longer than what is hashed", () => {
    const table = new OrderedTable<Item>();
    const ids = ["a", "b", "c"].map((first) => first + "x".repeat(300));
    ids.forEach((id, value) => put(table, id, value));
    expect(ids.map((id) => table.get(id)?.value)).toEqual([0, 1, 2]);
  });
});
