import { TokenForeignError, TokenMalformedError } from "../errors.ts";
import { dice } from "../test-support/messages.ts";
import { decodeBase64Url, encodeBase64Url } from "./base64url.ts";
import type { TokenContent } from "./token.ts";
import {
  clusterTag,
  decodeToken,
  encodeToken,
  mergeTokens,
  tokenContentOf,
  tokenWritersMax,
  writerTag,
} from "./token.ts";

const of = (...positions: [number, number][]): TokenContent => {
  return { cluster: 0xabcd, positions: new Map(positions) };
};

describe("base64url", () => {
  it("is what Node.js writes, and reads it back", () => {
    const roll = dice(3);
    for (let length = 0; length < 200; length += 1) {
      const bytes = Uint8Array.from({ length }, () => roll(256));
      const text = Buffer.from(bytes).toString("base64url");
      expect(encodeBase64Url(bytes)).toBe(text);
      expect(decodeBase64Url(text)).toEqual(bytes);
    }
  });

  it.each(["A", "AB", "AAB", "AA=", "A+AA", "AAAAA", "ä"])("refuses %s", (text) => {
    expect(decodeBase64Url(text)).toBeNull();
  });
});

describe("tokens", () => {
  it("never change their text", () => {
    expect(encodeToken(of([1, 1], [0xffff_ffff_ffff, 300]))).toBe("AavNAAAAAAABAf_______6wC");
    expect(encodeToken(of())).toBe("AavN");
  });

  it("take 16 characters for one writer, and 75 for five", () => {
    const far = 2 ** 20;
    expect(encodeToken(of([writerTag("0123456789abcdef01234567"), far]))).toHaveLength(16);
    const tags = [1, 2, 3, 4, 5].map((tag): [number, number] => [tag, 2 ** 27]);
    expect(encodeToken(of(...tags)).length).toBeLessThanOrEqual(75);
  });

  it("give back what they hold, whatever the order it was in", () => {
    const content = of([9, 2 ** 53 - 1], [3, 1], [2 ** 48 - 1, 127], [7, 128]);
    const token = encodeToken(content);
    expect(decodeToken(token)).toEqual(content);
    expect(encodeToken(of([7, 128], [3, 1], [2 ** 48 - 1, 127], [9, 2 ** 53 - 1]))).toBe(token);
  });

  it("leave out writers of which nothing is known", () => {
    const vector = new Map([
      ["0123456789abcdef01234567", 5],
      ["fedcba987654321001234567", 0],
    ]);
    expect(tokenContentOf("c1", vector)).toEqual({
      cluster: clusterTag("c1"),
      positions: new Map([[0x0123456789ab, 5]]),
    });
  });

  it("name at most so many writers: those with the most records", () => {
    const writers = Array.from({ length: tokenWritersMax + 1 }, (_, at): [string, number] => {
      return [(at + 1).toString(16).padStart(12, "0").padEnd(24, "f"), at + 1];
    });
    const { positions } = tokenContentOf("c1", new Map(writers));
    expect(positions.size).toBe(tokenWritersMax);
    expect(positions.has(1)).toBe(false);
    const token = encodeToken({ cluster: 1, positions });
    expect(decodeToken(token).positions).toEqual(positions);
    const over = { cluster: 1, positions: new Map([...positions, [2 ** 40, 1]]) };
    expect(() => encodeToken(over)).toThrow(RangeError);
    expect(() =>
      mergeTokens(token, encodeToken({ cluster: 1, positions: new Map([[1, 1]]) })),
    ).toThrow(TokenMalformedError);
  });

  it.each([
    { because: "it is empty", bytes: [] },
    { because: "it ends in a writer", bytes: [1, 0, 0, 1, 2, 3] },
    { because: "a position is missing", bytes: [1, 0, 0, 0, 0, 0, 0, 0, 1] },
    { because: "a position is zero", bytes: [1, 0, 0, 0, 0, 0, 0, 0, 1, 0] },
    { because: "a position is too long", bytes: [1, 0, 0, 0, 0, 0, 0, 0, 1, 0x81, 0] },
    {
      because: "a position is too large",
      bytes: [1, 0, 0, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255, 255, 255, 255, 127],
    },
    {
      because: "the writers are not in order",
      bytes: [1, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 1, 1],
    },
    {
      because: "a writer is named twice",
      bytes: [1, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 2, 1],
    },
  ])("are refused: $because", ({ bytes }) => {
    expect(() => decodeToken(encodeBase64Url(bytes))).toThrow(TokenMalformedError);
  });

  it("of another mode are of another cluster", () => {
    expect(() => decodeToken(encodeBase64Url([2, 0, 0]))).toThrow(TokenForeignError);
    expect(() => decodeToken(encodeBase64Url([2, 0]))).toThrow(TokenMalformedError);
  });

  it("are refused when they are text, or far too long", () => {
    expect(() => decodeToken("no token!")).toThrow(TokenMalformedError);
    expect(() => decodeToken("A".repeat(40_000))).toThrow("it is too long");
  });

  it("are refused, or have one text, after any change", () => {
    const roll = dice(5);
    const token = encodeToken(of([9, 2 ** 40], [3, 1], [2 ** 48 - 1, 127], [7, 128]));
    for (let run = 0; run < 20_000; run += 1) {
      const at = roll(token.length);
      const changed = token.slice(0, at) + String.fromCharCode(33 + roll(94)) + token.slice(at + 1);
      try {
        if (encodeToken(decodeToken(changed)) !== changed) throw new Error(`two texts: ${changed}`);
      } catch (error) {
        const isRefused =
          error instanceof TokenMalformedError || error instanceof TokenForeignError;
        if (!isRefused) throw error;
      }
    }
  });

  it("merge into what stands for both", () => {
    const merged = mergeTokens(encodeToken(of([1, 5], [2, 3])), encodeToken(of([2, 4], [3, 1])));
    expect(decodeToken(merged)).toEqual(of([1, 5], [2, 4], [3, 1]));
  });

  it("of two clusters do not merge", () => {
    const other = encodeToken({ cluster: 1, positions: new Map() });
    expect(() => mergeTokens(encodeToken(of()), other)).toThrow(TokenForeignError);
  });
});
