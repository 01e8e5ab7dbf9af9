import { LogClock } from "./log-clock.ts";

it("a leader goes on from the log time it finds, though its own clock is far behind", () => {
  const clock = new LogClock();
  expect(clock.stamp(10.5, 1_000_000)).toBe(1_000_000);
  expect(clock.stamp(25.25, 1_000_000)).toBe(1_000_014);
  expect(clock.stamp(26, 1_000_014)).toBe(1_000_015);
});

it("a leader whose clock is ahead does not jump to it", () => {
  const clock = new LogClock();
  expect(clock.stamp(5_000_000, 0)).toBe(0);
  expect(clock.stamp(5_000_100, 0)).toBe(100);
});

it("follows a leader that was faster, and never goes back", () => {
  const clock = new LogClock();
  clock.observe(0, 0);
  clock.observe(10, 500);
  expect(clock.stamp(20, 500)).toBe(510);
  expect(clock.stamp(21, 400)).toBe(511);
});

it("counts the time in which nobody proposed, if it saw the last command", () => {
  const clock = new LogClock();
  clock.observe(100, 7_000);
  expect(clock.stamp(3_600_100, 7_000)).toBe(3_607_000);
});
