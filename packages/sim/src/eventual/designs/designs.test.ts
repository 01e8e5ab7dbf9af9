import { contestants } from "./contestants.ts";
import { cellOf, designTable } from "./table.ts";
import type { Cell } from "./table.ts";
import { scenarios } from "./scenarios.ts";

/** What becomes of a design, in three runs unless something else is said. */
function cell(design: string, scenario: string, runs: number = 3): Cell {
  const chosen = contestants.find(({ name }) => name === design)!;
  return cellOf(
    chosen,
    scenarios.find(({ name }) => name === scenario)!,
    runs,
  );
}

const naive = contestants.filter(({ name }) => name !== "D4");

describe("designs of a replicated counter", () => {
  it.each(naive)("$name ($what) is exact as long as nothing goes wrong", ({ name }) => {
    expect(cell(name, "clean")).toMatchObject({ least: 0, most: 0, exact: 3 });
  });

  it("sending once loses what the network loses", () => {
    expect(cell("D0", "loss, duplicates, reordering").least).toBeLessThan(0);
  });

  it("sending until acknowledged counts twice what was acknowledged in vain", () => {
    const { least, most } = cell("D1", "loss, duplicates, reordering");
    expect({ least, isTooMuch: most > 0 }).toEqual({ least: 0, isTooMuch: true });
  });

  it.each(["D0", "D1", "D2", "D3"])("%s counts twice what a client says twice", (design) => {
    expect(cell(design, "clients ask again elsewhere")).toMatchObject({ exact: 0 });
  });

  it.each(["D2", "D3"])("%s gets through a split and a bad network", (design) => {
    expect(cell(design, "split in 2 and 3, healed").exact).toBe(3);
    expect(cell(design, "loss, duplicates, reordering").exact).toBe(3);
  });

  it("a slot that is taken up again at 1 loses counts, and all nodes agree on that", () => {
    const lost = cell("D2", "crash, same address");
    expect(lost).toMatchObject({ exact: 0, agreed: 3 });
    expect(lost.least).toBeLessThan(0);
    expect(cell("D3", "crash, same address").exact).toBe(3);
  });

  it.each(scenarios)("D4 is exact in every run: $name", ({ name }) => {
    expect(cell("D4", name, 1)).toMatchObject({ least: 0, most: 0, exact: 1 });
  });

  it("are printed as a table with a row for each kind of trouble", () => {
    const lines = [...designTable(naive, scenarios, 1)];
    expect(lines).toHaveLength(2 + scenarios.length);
    expect(lines[2]).toMatch(/^\| clean \|( 0 \/ 1 \|)+$/);
  });
});
