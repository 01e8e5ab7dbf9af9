import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { invariantSentences } from "./violation.ts";

const tests = readdirSync(__dirname).filter((name) => name.endsWith(".test.ts"));
const text = tests.map((name) => readFileSync(join(__dirname, name), "utf8")).join("\n");

describe("the table of invariants", () => {
  it.each(Object.keys(invariantSentences))("%s has a test that shows it fail", (name) => {
    expect(text).toMatch(new RegExp(`(toBe|toContain|invariant:) ?\\(?"${name}"`));
  });
});
