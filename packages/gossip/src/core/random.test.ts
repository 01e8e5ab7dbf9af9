import { sample } from "./random.ts";

describe("a sample", () => {
  const pool = Array.from({ length: 50 }, (_, i) => i);

  it("has as many different items as it was asked for, or all that there are", () => {
    const s = { random: 1 };
    for (let count = 0; count < 60; count += 1) {
      const chosen = sample(s, { of: pool, count, accepts: () => true });
      expect(new Set(chosen).size).toBe(Math.min(count, 50));
    }
  });

  it("finds the one that would do among many that would not", () => {
    const s = { random: 2 };
    expect(sample(s, { of: pool, count: 3, accepts: (item) => item === 49 })).toEqual([49]);
  });

  it("draws from both lists, each item about as often", () => {
    const s = { random: 3 };
    const counts = new Map<number, number>();
    for (let i = 0; i < 10_000; i += 1) {
      const draw = { of: pool.slice(0, 30), also: pool.slice(30), count: 3, accepts: () => true };
      for (const item of sample(s, draw)) counts.set(item, (counts.get(item) ?? 0) + 1);
    }
    expect(counts.size).toBe(50);
    for (const count of counts.values()) expect(Math.abs(count - 600)).toBeLessThan(120);
  });
});
