import { drawFrom } from "../test-support/random.ts";
import { NameTable } from "./name-table.ts";

const all = (table: NameTable, prefix: string = ""): string[] => {
  return table.page({ from: prefix, isAfter: false }, Infinity);
};

describe("names in order", () => {
  it("are those that were added, once each, whatever the order", () => {
    const draw = drawFrom(1);
    const table = new NameTable();
    const names = new Set<string>();
    for (let round = 0; round < 20_000; round += 1) {
      const name = `n${draw(7_000)}`;
      names.add(name);
      table.add(name);
    }
    expect(all(table)).toEqual([...names].sort());
    expect(table.size).toBe(names.size);
  });

  it.each([
    { order: "rising", of: (at: number) => at },
    { order: "falling", of: (at: number) => 9_999 - at },
  ])("come in pages that fit together, when they were added $order", ({ of }) => {
    const table = new NameTable();
    for (let at = 0; at < 10_000; at += 1) table.add(String(of(at)).padStart(4, "0"));
    const seen: string[] = [];
    let begin = { from: "", isAfter: false };
    for (let page = table.page(begin, 777); page.length > 0; page = table.page(begin, 777)) {
      seen.push(...page);
      begin = { from: page.at(-1)!, isAfter: true };
    }
    expect(seen).toEqual(all(table));
    expect(seen).toHaveLength(10_000);
  });

  it("begin at a name, or after it, be it there or not", () => {
    const table = new NameTable();
    for (const name of ["b", "d"]) table.add(name);
    const from = (name: string, isAfter: boolean): string[] => {
      return table.page({ from: name, isAfter }, 10);
    };
    expect([from("a", true), from("b", false), from("b", true)]).toEqual([
      ["b", "d"],
      ["b", "d"],
      ["d"],
    ]);
    expect([from("c", true), from("d", true), from("e", false)]).toEqual([["d"], [], []]);
    expect(new NameTable().page({ from: "", isAfter: false }, 10)).toEqual([]);
  });
});
