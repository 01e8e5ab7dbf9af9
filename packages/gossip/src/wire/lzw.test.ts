import fc from "fast-check";
import { hex, toHex } from "../test-support/bytes.ts";
import { crc32 } from "./crc32.ts";
import { lzwDecode, LzwDecoder } from "./lzw-decoder.ts";
import { lzwEncode } from "./lzw-encoder.ts";
import { attempt, type Decoded } from "./refusal.ts";

const ROOM = 10_000_000;

function decoded(bytes: Uint8Array, room: number = ROOM): Decoded<Uint8Array> {
  return attempt(() => lzwDecode(bytes, room));
}

/** Text of a small alphabet, the same for ever. */
function text(length: number, letters: number): Uint8Array {
  let state = 12_345;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return 97 + ((state >>> 16) % letters);
  });
}

describe("LZW as in Go", () => {
  // From the tests of Go's compress/lzw: "tobe;LSB;8" and an empty input.
  it("Go's own examples are written and read", () => {
    const tobe = new TextEncoder().encode("TOBEORNOTTOBEORTOBEORNOT");
    const bytes = "54 9e 08 29 f2 44 8a 93 27 54 04 12 34 b8 b0 e0 c1 84 01 01";
    const withoutClear = decoded(hex(bytes));
    expect(withoutClear.ok && toHex(withoutClear.value)).toBe(toHex(tobe));
    const again = decoded(lzwEncode(tobe));
    expect(again.ok && toHex(again.value)).toBe(toHex(tobe));
    expect(toHex(lzwEncode(new Uint8Array(0)))).toBe("000302");
  });

  it("what was compressed comes back, over all widths of codes and many clears", () => {
    for (const [length, letters] of [
      [1, 1],
      [70_000, 1],
      [300, 2],
      [5_000, 26],
      [200_000, 4],
      [40_000, 64],
    ] as const) {
      const input = text(length, letters);
      const output = decoded(lzwEncode(input));
      expect(output.ok && Buffer.compare(output.value, input)).toBe(0);
    }
  });

  it("any bytes come back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), (input) => {
        const output = decoded(lzwEncode(input));
        expect(output.ok && toHex(output.value)).toBe(toHex(input));
      }),
      { numRuns: 200 },
    );
  });

  it("a bomb is stopped at the limit, not at its size", () => {
    const bomb = lzwEncode(new Uint8Array(1_000_000));
    expect(bomb.length).toBeLessThan(5_000);
    expect(decoded(bomb, 1_000_000).ok).toBe(true);
    expect(decoded(bomb, 999_999)).toMatchObject({ refusal: { reason: "limit" } });
  });

  it("data without its end, or with codes that were never defined, is refused", () => {
    const whole = lzwEncode(text(500, 4));
    expect(decoded(whole.subarray(0, whole.length - 2))).toMatchObject({
      refusal: { reason: "compression" },
    });
    // Clear, then code 300 at nine bits.
    expect(decoded(hex("00 59 02"))).toMatchObject({ refusal: { reason: "compression" } });
  });

  it("a slice decodes about as much as it was asked for", () => {
    const input = text(100_000, 4);
    const decoder = new LzwDecoder(lzwEncode(input), ROOM);
    let slices = 0;
    for (; !decoder.ended; slices += 1) {
      const before = decoder.output.length;
      decoder.run(1_000);
      expect(decoder.output.length - before).toBeLessThan(1_000 + 4_096);
    }
    expect(slices).toBeGreaterThan(20);
    expect(Buffer.compare(decoder.output, input)).toBe(0);
  });
});

describe("CRC-32", () => {
  it("is the IEEE one", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
    expect(crc32(Uint8Array.of(1, 2, 3, 49, 50, 51), 3)).toBe(crc32(Uint8Array.of(49, 50, 51)));
  });
});
