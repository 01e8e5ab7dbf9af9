import { Random } from "./random.ts";

function draws(random: Random, count = 20): number[] {
  return Array.from({ length: count }, () => random.next());
}

describe("the seeded generator", () => {
  it("gives the same numbers for the same seed and label", () => {
    expect(draws(new Random(7, "network"))).toEqual(draws(new Random(7, "network")));
  });

  it("gives other numbers for a neighbouring seed, another label, or a seed beyond 32 bits", () => {
    const first = draws(new Random(7, "a"));
    for (const other of [new Random(8, "a"), new Random(7, "b"), new Random(7 + 2 ** 32, "a")]) {
      expect(draws(other)).not.toEqual(first);
    }
  });

  it("forks draw apart from each other and from their origin", () => {
    const one = new Random(1);
    const two = new Random(1);
    const fork = one.fork("disk");
    two.fork("disk");
    draws(fork);
    expect(draws(one)).toEqual(draws(two));
  });

  it("stays within its limits and reaches all of them", () => {
    const random = new Random(3);
    const seen = new Set(Array.from({ length: 500 }, () => random.between(2, 5)));
    expect([...seen].sort()).toEqual([2, 3, 4, 5]);
  });

  it("draws once for a chance, whatever the probability", () => {
    const one = new Random(5);
    const two = new Random(5);
    one.chance(0);
    two.chance(1);
    expect(one.next()).toBe(two.next());
  });

  it("is fair enough: a chance of one in four comes true in a quarter of 10,000 cases", () => {
    const random = new Random(11);
    const hits = Array.from({ length: 10_000 }, () => random.chance(0.25)).filter(Boolean).length;
    expect(hits).toBeGreaterThan(2300);
    expect(hits).toBeLessThan(2700);
  });

  it("shuffles a copy", () => {
    const list = [1, 2, 3, 4, 5, 6, 7, 8];
    const shuffled = new Random(9).shuffled(list);
    expect(list).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(list);
  });
});
