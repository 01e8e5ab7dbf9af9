import { LeaseClock, clockToleranceMs } from "./lease-clock.ts";

function clocked(): { clock: LeaseClock; pass: (monotonicMs: number, wallMs: number) => void } {
  let monotonicMs = 50;
  let wallMs = 1_000_000;
  const sources = { monotonicMs: () => monotonicMs, wallMs: () => wallMs };
  const pass = (monotonic: number, wall: number): void => {
    monotonicMs += monotonic;
    wallMs += wall;
  };
  return { clock: new LeaseClock(sources), pass };
}

describe("the clock of leases", () => {
  it.each([
    { monotonic: 100, wall: 100, passed: 100, because: "both agree" },
    { monotonic: 5, wall: 60_000, passed: 60_000, because: "the machine slept" },
    { monotonic: 100, wall: -5000, passed: 100, because: "the wall clock was set back" },
    { monotonic: 100, wall: 100 + clockToleranceMs, passed: 100, because: "it is coarse" },
  ])("$passed ms pass when $because", ({ monotonic, wall, passed }) => {
    const { clock, pass } = clocked();
    const before = clock.nowMs();
    pass(monotonic, wall);
    expect(clock.nowMs() - before).toBe(passed);
  });

  it("never goes back, also after the wall clock was set ahead and back again", () => {
    const { clock, pass } = clocked();
    let before = clock.nowMs();
    for (const wall of [5000, -5000, 20, 30, -100]) {
      pass(1, wall);
      expect(clock.nowMs()).toBeGreaterThan(before);
      before = clock.nowMs();
    }
  });
});
