import { scopedKey } from "./key-scope.ts";

const uuid = "0190F5C2-7c1e-7b6a-9d53-0f0d4f6b2a11";

test("without a principal a key is what it is", () => {
  expect(scopedKey(null, uuid)).toBe(uuid);
  expect(scopedKey(null, "k")).toBe("k");
});

test("a key that says when it was made still says so, as a UUIDv7", () => {
  const own = scopedKey("ci", uuid);
  expect(own).toMatch(/^0190f5c2-7c1e-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test.each([uuid, "order 17", "k".repeat(255)])("%p is another key of every principal", (key) => {
  const keys = ["ci", "shop", "ci2"].map((name) => scopedKey(name, key));
  expect(new Set([...keys, key]).size).toBe(4);
  expect(scopedKey("ci", key)).toBe(keys[0]);
  expect(scopedKey("ci", `${key.slice(0, -1)}x`)).not.toBe(keys[0]);
});

test("any other key becomes one that is no UUID, and short enough", () => {
  expect(scopedKey("ci", "k".repeat(255))).toMatch(/^[A-Za-z0-9_-]{43}$/);
});

test("names and keys are not run together", () => {
  expect(scopedKey("a", "bc")).not.toBe(scopedKey("ab", "c"));
});
