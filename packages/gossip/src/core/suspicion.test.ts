import { lanTiming } from "./options.ts";
import { beginSuspicion, confirmSuspicion, suspicionMinMs, suspicionMs } from "./suspicion.ts";

function among(members: number) {
  return beginSuspicion(lanTiming, { from: "a", members, now: 0 });
}

describe("how long a suspicion lasts", () => {
  it.each([
    { members: 100, min: 8, once: 22.8, max: 48 },
    { members: 1000, min: 12, once: 34.1, max: 72 },
    { members: 10_000, min: 16, once: 45.5, max: 96 },
  ])(
    "$members: $max s alone, $once s confirmed once, $min s twice",
    ({ members, min, once, max }) => {
      expect(suspicionMinMs(lanTiming, members) / 1000).toBeCloseTo(min, 6);
      const suspicion = among(members);
      expect(suspicion.deadline / 1000).toBeCloseTo(max, 6);
      expect(suspicionMs(suspicion, 1) / 1000).toBeCloseTo(once, 1);
      expect(suspicionMs(suspicion, 2) / 1000).toBeCloseTo(min, 6);
    },
  );

  it("shrinks with each of those who confirm it, once each, and no further", () => {
    const suspicion = among(100);
    expect(confirmSuspicion(suspicion, { from: "a", now: 1000 })).toBe(false);
    expect(confirmSuspicion(suspicion, { from: "b", now: 1000 })).toBe(true);
    expect(confirmSuspicion(suspicion, { from: "b", now: 1000 })).toBe(false);
    expect(confirmSuspicion(suspicion, { from: "c", now: 1000 })).toBe(true);
    expect(suspicion.deadline).toBeCloseTo(8000, 6);
    expect(confirmSuspicion(suspicion, { from: "d", now: 1000 })).toBe(false);
    expect(suspicion.doubters.size).toBe(3);
  });

  it("is over now, not before, when it is confirmed late", () => {
    const suspicion = among(100);
    confirmSuspicion(suspicion, { from: "b", now: 20_000 });
    expect(suspicion.deadline).toBeCloseTo(22_763, -1);
    confirmSuspicion(suspicion, { from: "c", now: 21_000 });
    expect(suspicion.deadline).toBe(21_000);
  });

  it("waits for nobody where too few others could confirm it", () => {
    expect(among(3).confirmationsWanted).toBe(0);
    expect(among(3).deadline).toBe(suspicionMinMs(lanTiming, 3));
    expect(among(4).confirmationsWanted).toBe(2);
  });
});
