import type { RecordBody } from "../types.ts";
import { RecentRecords, recentItemsMax, spreadRecordsMax } from "./recent-records.ts";

/** A record that adds 1 to so many counters. */
function additions(counters: number): RecordBody {
  const plain = Array.from({ length: counters }, (_, at) => {
    return { counter: `c${at}`, plus: 1n, minus: 0n };
  });
  return { hlc: 1, controls: [], plain, keyed: [] };
}

describe("the newest records", () => {
  it("tell what they say of a counter, each part of it", () => {
    const recent = new RecentRecords();
    const key = { counter: "c0", key: "k", at: 1, until: 2, value: 0n };
    recent.add("w", 7, { ...additions(2), keyed: [{ ...key, delta: 3n }] });
    const told = recent.touched("w", 7);
    expect(told?.get("c0")).toEqual({ sum: 1n, keyed: [{ key: "k", delta: 3n }], acted: false });
    expect(told?.get("c1")).toEqual({ sum: 1n, keyed: [], acted: false });
    expect(recent.touched("w", 7)).toBe(told);
    expect(recent.touched("w", 8)).toBeNull();
  });

  it(`are ${spreadRecordsMax} at most: then the oldest goes`, () => {
    const recent = new RecentRecords();
    for (let at = 1; at <= spreadRecordsMax; at += 1) recent.add("w", at, additions(1));
    expect([recent.size, recent.touched("w", 1)?.size]).toEqual([spreadRecordsMax, 1]);
    recent.add("w", spreadRecordsMax + 1, additions(1));
    expect([recent.size, recent.touched("w", 1)]).toEqual([spreadRecordsMax, null]);
    expect(recent.touched("w", 2)?.size).toBe(1);
  });

  it(`hold ${recentItemsMax} operations at most, and not even one record with more`, () => {
    const recent = new RecentRecords();
    recent.add("w", 1, additions(1));
    recent.add("w", 2, additions(recentItemsMax - 1));
    expect(recent.size).toBe(2);
    recent.add("w", 3, additions(1));
    expect([recent.touched("w", 1), recent.touched("w", 3)?.size]).toEqual([null, 1]);
    recent.add("w", 4, additions(recentItemsMax + 1));
    expect(recent.size).toBe(0);
    recent.add("w", 5, additions(1));
    expect(recent.size).toBe(1);
  });
});
