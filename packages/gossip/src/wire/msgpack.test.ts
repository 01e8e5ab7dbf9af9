import fc from "fast-check";
import { TextDecoder } from "node:util";
import { hex, toHex } from "../test-support/bytes.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import { attempt } from "./refusal.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

function written(write: (writer: MsgpackWriter) => void): string {
  const writer = new MsgpackWriter();
  write(writer);
  return toHex(writer.finish());
}

function refused(read: () => unknown): string {
  const decoded = attempt(read);
  return decoded.ok ? "accepted" : decoded.refusal.reason;
}

/** What a decoder that refuses wrong bytes makes of them; null if it does. */
function strictly(decoder: TextDecoder, bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

describe("integers", () => {
  it.each([
    [0, "00"],
    [127, "7f"],
    [128, "cc80"],
    [255, "ccff"],
    [256, "cd0100"],
    [65_535, "cdffff"],
    [65_536, "ce00010000"],
    [0xffffffff, "ceffffffff"],
    [0x100000000, "cf0000000100000000"],
    [Number.MAX_SAFE_INTEGER, "cf001fffffffffffff"],
    [-1, "ff"],
    [-32, "e0"],
    [-33, "d3ffffffffffffffdf"],
    [-0x100000000, "d3ffffffff00000000"],
  ])("%d is written as %s and read again", (value, bytes) => {
    expect(written((writer) => writer.integer(value))).toBe(bytes);
    expect(new MsgpackReader(hex(bytes)).integer()).toBe(value);
  });

  it.each([
    ["d07f", 127],
    ["d080", -128],
    ["d1 ff7f", -129],
    ["d2 80000000", -2_147_483_648],
    ["d3 0000000000000005", 5],
    ["cf 0000000000000005", 5],
    ["c0", 0],
  ])("the form %s of a newer writer is read as %d", (bytes, value) => {
    expect(new MsgpackReader(hex(bytes)).integer()).toBe(value);
  });

  it("numbers beyond 2^53 - 1, negative ones and larger ones than the field are refused", () => {
    expect(refused(() => new MsgpackReader(hex("cf0020000000000000")).uint())).toBe("number");
    expect(refused(() => new MsgpackReader(hex("cfffffffffffffffff")).uint())).toBe("number");
    expect(refused(() => new MsgpackReader(hex("d38000000000000000")).integer())).toBe("number");
    expect(refused(() => new MsgpackReader(hex("ff")).uint())).toBe("number");
    expect(refused(() => new MsgpackReader(hex("cd0100")).uint(255))).toBe("number");
  });
});

describe("text and bytes", () => {
  it("are written in the old raw forms, whatever their length", () => {
    const heads = [31, 32, 255, 256, 65_535, 65_536].map((length) =>
      written((writer) => writer.bytes(new Uint8Array(length))).slice(0, 10),
    );
    expect(heads).toEqual([
      "bf00000000",
      "da00200000",
      "da00ff0000",
      "da01000000",
      "daffff0000",
      "db00010000",
    ]);
  });

  it.each(["a3616263", "d903616263", "da0003616263", "db00000003616263", "c403616263"])(
    "%s is read as text",
    (bytes) => {
      expect(new MsgpackReader(hex(bytes)).text(3)).toBe("abc");
    },
  );

  it("are refused beyond their limit before anything else is looked at", () => {
    expect(refused(() => new MsgpackReader(hex("dbffffffff")).bytes(512))).toBe("limit");
    expect(refused(() => new MsgpackReader(hex("a461626364")).text(3))).toBe("limit");
    expect(refused(() => new MsgpackReader(hex("a46162")).text(9))).toBe("truncated");
  });

  it("what is read is a copy: it does not keep the datagram", () => {
    const bytes = hex("a3616263");
    expect(new MsgpackReader(bytes).bytes(3)!.buffer).not.toBe(bytes.buffer);
  });

  it("UTF-8 is what TextEncoder and TextDecoder make of it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const bytes = encodeUtf8(text);
        expect(toHex(bytes)).toBe(toHex(new TextEncoder().encode(text)));
        expect(decodeUtf8(bytes, 0, bytes.length)).toBe(new TextDecoder().decode(bytes));
      }),
    );
  });

  it("bytes are UTF-8 exactly if TextDecoder says so", () => {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), (bytes) => {
        const decoded = attempt(() => decodeUtf8(bytes, 0, bytes.length));
        const expected = strictly(strict, bytes);
        expect(decoded.ok ? decoded.value : null).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("values that nobody here knows", () => {
  it.each([
    "00 80 90 a0",
    "c0 c2 c3 ca00000000 cb0000000000000000",
    "cc00 cd0000 ce00000000 cf0000000000000000 d000 d10000 d200000000 d30000000000000000",
    "c40100 c5000100 c60000000100 d90100 da000100 db0000000100",
    "d40000 d5000000 d60000000000 c7020000 00 c800010000 c9000000010000",
    "81a161 92 01 a162 dc0001 c0 dd00000001 01 de0001 a161 02 df00000001 a161 02",
  ])("%s is passed value by value", (bytes) => {
    const reader = new MsgpackReader(hex(bytes));
    while (reader.remaining > 0) reader.skip();
    expect(reader.position).toBe(hex(bytes).length);
  });

  it("nesting is refused beyond sixteen levels", () => {
    const nested = (depth: number): Uint8Array => hex("91".repeat(depth) + "c0");
    expect(refused(() => new MsgpackReader(nested(16)).skip())).toBe("accepted");
    expect(refused(() => new MsgpackReader(nested(17)).skip())).toBe("limit");
  });

  it("a list of four billion items in five bytes is refused at once", () => {
    expect(refused(() => new MsgpackReader(hex("ddffffffff")).skip())).toBe("truncated");
    expect(refused(() => new MsgpackReader(hex("dfffffffff")).map())).toBe("limit");
    expect(refused(() => new MsgpackReader(hex("de0040")).map())).toBe("truncated");
    expect(refused(() => new MsgpackReader(hex("ddffffffff")).array(512))).toBe("limit");
  });
});

describe("floating point", () => {
  it("both widths and integers are read, numbers that are not finite are refused", () => {
    expect(new MsgpackReader(hex("cb3ff8000000000000")).double()).toBe(1.5);
    expect(new MsgpackReader(hex("ca3fc00000")).double()).toBe(1.5);
    expect(new MsgpackReader(hex("03")).double()).toBe(3);
    expect(refused(() => new MsgpackReader(hex("cb7ff0000000000000")).double())).toBe("number");
    expect(refused(() => new MsgpackReader(hex("ca7fc00000")).double())).toBe("number");
  });
});
