import { changedMax, RecentChanges, tokensMaxLength } from "./recent-changes.ts";

test("a counter has changed since a token if it was announced after it was given", () => {
  const recent = new RecentChanges();
  recent.announced(["a"]);
  recent.given("t1");
  recent.announced(["b"]);
  recent.given("t2");
  expect([recent.changedSince("t1", "a"), recent.changedSince("t1", "b")]).toEqual([false, true]);
  expect([recent.changedSince("t2", "a"), recent.changedSince("t2", "b")]).toEqual([false, false]);
  recent.announced(["a"]);
  expect([recent.changedSince("t1", "a"), recent.changedSince("t2", "a")]).toEqual([true, true]);
});

test("of a token that is not known, or forgotten, everything may have changed", () => {
  const recent = new RecentChanges();
  recent.given("t1");
  expect(recent.changedSince("another", "a")).toBe(true);
  expect(recent.changedSince("t1", "a")).toBe(false);
  recent.forget();
  expect(recent.changedSince("t1", "a")).toBe(true);
});

test("the oldest tokens are forgotten beyond the limit, and the changes before them", () => {
  const recent = new RecentChanges();
  const token = (digit: string) => digit.repeat(tokensMaxLength / 4);
  for (const digit of "1234") {
    recent.announced([`c${digit}`]);
    recent.given(token(digit));
  }
  expect(recent.changedSince(token("1"), "c1")).toBe(false);
  recent.announced(["c5"]);
  recent.given("5");
  expect(recent.changedSince(token("1"), "c1")).toBe(true);
  expect(recent.changedSince(token("2"), "c1")).toBe(false);
  expect(recent.changedSince(token("2"), "c3")).toBe(true);
});

test("more counters than can be remembered are forgotten altogether", () => {
  const recent = new RecentChanges();
  recent.given("t");
  const names = Array.from({ length: changedMax }, (_, number) => `c${number}`);
  recent.announced(names);
  expect(recent.changedSince("t", "other")).toBe(false);
  recent.announced(["one more"]);
  expect(recent.changedSince("t", "other")).toBe(true);
});
