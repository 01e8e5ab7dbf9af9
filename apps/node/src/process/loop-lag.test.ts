import { setTimeout as pause } from "node:timers/promises";

import { LoopLag, WorstOfLate } from "./loop-lag.ts";

describe("the worst of late", () => {
  it("is told for half a minute at least, and not after a minute", () => {
    const ofLate = new WorstOfLate(0);
    ofLate.note(700, 29_999);
    ofLate.note(3, 30_000);
    expect(ofLate.at(59_999)).toBe(700);
    expect(ofLate.at(60_000)).toBe(3);
  });

  it("is nothing when nobody noted anything for a minute", () => {
    const ofLate = new WorstOfLate(0);
    ofLate.note(700, 1000);
    expect(ofLate.at(60_000)).toBe(0);
  });
});

it("a loop that stood still says so after it is on time again", async () => {
  const lag = new LoopLag();
  try {
    const end = performance.now() + 800;
    while (performance.now() < end);
    await pause(0);
    const seen = lag.worstMs;
    expect(seen).toBeGreaterThan(400); // a timer was due after 250 ms
    while (lag.ms > 300) await pause(10);
    expect(lag.worstMs).toBeGreaterThanOrEqual(seen);
  } finally {
    lag.stop();
  }
});
