import fc from "fast-check";
import { compilePattern } from "./tag-pattern.ts";

function nativePattern(expression: string): RegExp | null {
  try {
    return new RegExp(expression);
  } catch {
    return null;
  }
}

describe("patterns of tag filters", () => {
  it.each([
    ["web", ["web", "my-webs"], ["we", ""]],
    ["^web$", ["web"], ["webs", "aweb"]],
    ["", ["", "x"], []],
    ["^(db|web)[0-9]+$", ["db1", "web42"], ["db", "cache1"]],
    ["a.c", ["abc", "xa-cx"], ["ac"]],
    ["^v\\d+\\.\\d*$", ["v1.", "v12.34"], ["v.1", "v1x"]],
    ["[^a-c]", ["d", "ad"], ["abc", ""]],
    ["^(?:a|b)*c?$", ["", "abab", "abc"], ["cc", "d"]],
    ["a|^b|c$", ["xa", "b", "xc"], ["xb", "cx"]],
    ["(a*)*b", ["b", "aab"], ["aac"]],
    ["^a+?$", ["aaa"], ["", "b"]],
    ["[]x-]", ["]", "x", "-"], ["y"]],
    ["ä|日", ["ä", "x日"], ["a"]],
  ])("%s", (expression, yes, no) => {
    const pattern = compilePattern(expression)!;
    expect(yes.filter((text) => !pattern(text))).toEqual([]);
    expect(no.filter((text) => pattern(text))).toEqual([]);
  });

  it.each([
    "(",
    ")",
    "a)",
    "*a",
    "a**",
    "[",
    "[a",
    "\\",
    "\\p{L}",
    "a{2}",
    "(?i)a",
    "(?P<x>a)",
    "[z-a]",
  ])("%s is not understood", (expression) => {
    expect(compilePattern(expression)).toBeNull();
  });

  it("agrees with JavaScript wherever both understand", () => {
    const letter = fc.constantFrom("a", "b", ".", "*", "?", "+", "|", "(", ")", "^", "$", "[ab]");
    const expressions = fc.array(letter, { maxLength: 10 }).map((parts) => parts.join(""));
    const texts = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 6 }).map((t) => t.join(""));
    fc.assert(
      fc.property(expressions, fc.array(texts, { minLength: 5 }), (expression, samples) => {
        const pattern = compilePattern(expression);
        if (pattern === null) return;
        const native = nativePattern(expression);
        if (native === null) return; // Go repeats a "^"
        for (const text of samples)
          expect([text, pattern(text)]).toEqual([text, native.test(text)]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("a pattern that would keep JavaScript busy for years is answered", () => {
    const pattern = compilePattern("^(a+)+(a+)+(a+)+$")!;
    expect(pattern(`${"a".repeat(500)}b`)).toBe(false);
    expect(compilePattern("a".repeat(511))).not.toBeNull();
    expect(compilePattern("a".repeat(512))).toBeNull();
    expect(compilePattern(`${"(".repeat(33)}a${")".repeat(33)}`)).toBeNull();
  });
});
