import { LogClock } from "./log-clock.ts";

it("a leader goes on from the log time it finds, whatever its own clock says", () => {
  const behind = new LogClock();
  expect(behind.stamp(10.5, 1_000_000)).toBe(1_000_000);
  expect(behind.stamp(25.25, 1_000_000)).toBe(1_000_014);
  const ahead = new LogClock();
  expect(ahead.stamp(5_000_000, 0)).toBe(0);
  expect(ahead.stamp(5_000_100, 0)).toBe(100);
});

it("follows a leader that was faster, never goes back, and counts time without proposals", () => {
  const clock = new LogClock();
  clock.observe(0, 0);
  clock.observe(10, 500);
  expect(clock.stamp(20, 500)).toBe(510);
  expect(clock.stamp(21, 400)).toBe(511);
  expect(clock.stamp(3_600_010, 500)).toBe(3_600_500);
});
