import { QuotaTable } from "./quota-table.ts";

const quota = { units: 10, windowMs: 1000 };

/** Takes one unit if there is one, as whoever asks does. */
function ask(table: QuotaTable, key: string, nowMs: number): boolean {
  if (table.look(key, nowMs).left === 0) return false;
  table.take(key, 1, nowMs);
  return true;
}

function granted(table: QuotaTable, key: string, times: readonly number[]): number {
  return times.filter((nowMs) => ask(table, key, nowMs)).length;
}

const at = (nowMs: number, count: number): number[] => Array<number>(count).fill(nowMs);

describe("a quota", () => {
  it("can be used at once, and not a unit more", () => {
    const table = new QuotaTable(quota);
    expect(granted(table, "a", at(0, 25))).toBe(10);
    expect(table.look("a", 0)).toEqual({ left: 0, waitMs: 100, wholeMs: 1000 });
  });

  it("comes back evenly, one unit after the other", () => {
    const table = new QuotaTable(quota);
    granted(table, "a", at(0, 10));
    expect(granted(table, "a", [99])).toBe(0);
    expect(granted(table, "a", [100, 100, 200, 299, 300])).toBe(3);
  });

  it("is whole again after the time that is told, and not before", () => {
    const table = new QuotaTable(quota);
    const { wholeMs } = table.take("a", 7, 50);
    expect(wholeMs).toBe(700);
    expect(table.look("a", 50 + 699).wholeMs).toBeGreaterThan(0);
    expect(table.look("a", 50 + 700)).toEqual({ left: 10, waitMs: 0, wholeMs: 0 });
  });

  it("never grows beyond itself, however long nobody asks", () => {
    const table = new QuotaTable(quota);
    ask(table, "a", 0);
    expect(granted(table, "a", at(1e9, 25))).toBe(10);
  });

  it("is each key's own", () => {
    const table = new QuotaTable(quota);
    granted(table, "a", at(0, 10));
    expect(granted(table, "b", at(0, 25))).toBe(10);
  });

  it("may be overdrawn, and what is owed is waited for", () => {
    const table = new QuotaTable(quota);
    expect(table.take("a", 25, 0)).toEqual({ left: 0, waitMs: 1600, wholeMs: 2500 });
    expect(granted(table, "a", [1599])).toBe(0);
    expect(granted(table, "a", [1600])).toBe(1);
  });

  it.each([1, 3, 7, 999, 1000])("of %d has every unit after exactly the wait it tells", (units) => {
    const table = new QuotaTable({ units, windowMs: 1000 });
    let nowMs = 12_345.678;
    granted(table, "a", at(nowMs, units));
    for (let round = 0; round < 1000; round += 1) {
      const { left, waitMs } = table.look("a", nowMs);
      expect(left).toBe(0);
      nowMs += waitMs;
      expect(ask(table, "a", nowMs)).toBe(true);
    }
  });

  it("gives in the long run as much as it says, to whoever asks all the time", () => {
    const table = new QuotaTable({ units: 7, windowMs: 3000 });
    const times = Array.from({ length: 60_000 }, (_, ms) => ms);
    // 20 windows of 7, and the 7 with which it begins.
    expect(granted(table, "a", times)).toBeGreaterThanOrEqual(20 * 7 + 6);
    expect(granted(new QuotaTable({ units: 7, windowMs: 3000 }), "a", times)).toBeLessThanOrEqual(
      20 * 7 + 7,
    );
  });
});

describe("the table", () => {
  it("has so many keys; those beyond share one quota, and who was there keeps his own", () => {
    const table = new QuotaTable(quota, 3);
    for (const key of ["a", "b", "c"]) ask(table, key, 0);
    expect(table.size).toBe(3);
    expect(granted(table, "d", at(0, 6))).toBe(6);
    expect(granted(table, "e", at(0, 6))).toBe(4);
    expect(granted(table, "a", at(0, 25))).toBe(9);
    expect(table.size).toBe(3);
  });

  it("forgets who has used nothing for a while as soon as it needs the room", () => {
    const table = new QuotaTable(quota, 3);
    for (const key of ["a", "b", "c"]) ask(table, key, 0);
    granted(table, "d", at(0, 10)); // looked for room, and the shared quota is used up
    granted(table, "a", at(1000, 5));
    expect(granted(table, "d", at(1200, 25))).toBe(10);
    expect(table.size).toBe(2);
    expect(table.look("a", 1200).left).toBe(7);
  });

  it("keeps who owes something", () => {
    const table = new QuotaTable(quota, 1);
    table.take("a", 100, 0);
    ask(table, "b", 5000);
    expect(table.look("a", 5000).left).toBe(0);
    expect(table.size).toBe(1);
  });

  it("remembers nobody who only looks", () => {
    const table = new QuotaTable(quota, 3);
    for (let i = 0; i < 10; i += 1) table.look(`k${i}`, 0);
    expect(table.size).toBe(0);
  });
});
