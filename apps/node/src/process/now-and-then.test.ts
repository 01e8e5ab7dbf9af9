import { NowAndThen } from "./now-and-then.ts";

let nowMs: number;
let told: NowAndThen;
beforeEach(() => {
  nowMs = 0;
  told = new NowAndThen(100, () => nowMs);
});

test("the first is told at once, those that follow together once it is time", () => {
  expect([told.count("a"), told.count("a"), told.count("a")]).toEqual([1, 0, 0]);
  nowMs = 99;
  expect(told.count("a")).toBe(0);
  nowMs = 100;
  expect(told.count("a")).toBe(4);
  expect(told.count("a")).toBe(0);
});

test("kinds do not hide each other, and what is forgotten is new", () => {
  expect([told.count("a"), told.count("b"), told.count("a")]).toEqual([1, 1, 0]);
  told.forget("a");
  expect([told.count("a"), told.count("b")]).toEqual([1, 0]);
});

test("however many kinds there are, few are remembered", () => {
  for (let kind = 0; kind < 1024; kind += 1) told.count(String(kind));
  expect(told.count("0")).toBe(0);
  expect(told.count("one more")).toBe(1);
  expect(told.count("0")).toBe(1);
});
