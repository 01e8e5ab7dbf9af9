import fc from "fast-check";
import { ByteReader, ByteWriter, RecentTexts, recentMax } from "./bytes.ts";

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(1);
  write(writer);
  return writer.copy();
}

function reading(bytes: readonly number[] | Uint8Array): ByteReader {
  return new ByteReader(Uint8Array.from(bytes), (why) => new Error(why));
}

describe("whole numbers", () => {
  it.each([
    [0, "00"],
    [127, "7f"],
    [128, "8001"],
    [16_384, "808001"],
    [2 ** 31 - 1, "ffffffff07"],
    [2 ** 31, "8080808008"],
    [2 ** 32, "8080808010"],
    [2 ** 53 - 1, "ffffffffffffff0f"],
  ])("%d is written as %s", (value, hex) => {
    const bytes = written((writer) => writer.varint(value));
    expect(Buffer.from(bytes).toString("hex")).toBe(hex);
    expect(reading(bytes).varint(Number.MAX_SAFE_INTEGER)).toBe(value);
  });

  it("come back as they were", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const reader = reading(written((writer) => writer.varint(value)));
        expect(reader.varint(value)).toBe(value);
        reader.end();
      }),
    );
  });

  it.each([
    { bytes: [0x80, 0x00], max: 10, because: "a number has more bytes than it needs" },
    { bytes: [0x0b], max: 10, because: "a number is above its limit of 10" },
    { bytes: [0x80], max: 10, because: "it ends too early" },
    { bytes: Array<number>(9).fill(0xff), max: 10, because: "a number is too long" },
    {
      bytes: [...Array<number>(7).fill(0xff), 0x7f],
      max: Number.MAX_SAFE_INTEGER,
      because: "a number is above its limit of 9007199254740991",
    },
  ])("$bytes is refused: $because", ({ bytes, max, because }) => {
    expect(() => reading(bytes).varint(max)).toThrow(because);
  });
});

describe("signed numbers", () => {
  it.each([
    [0n, "00"],
    [1n, "0201"],
    [-1n, "0301"],
    [255n, "02ff"],
    [256n, "040100"],
    [2n ** 32n, "0a0100000000"],
    [2n ** 53n - 1n, "0e1fffffffffffff"],
    [2n ** 53n, "0e20000000000000"],
    [-(2n ** 64n), "13010000000000000000"],
  ])("%s is written as %s", (value, hex) => {
    const bytes = written((writer) => writer.number(value));
    expect(Buffer.from(bytes).toString("hex")).toBe(hex);
    expect(reading(bytes).number()).toBe(value);
  });

  it("come back as they were, up to 1024 bits", () => {
    const limit = 2n ** 1024n - 1n;
    const sizes = fc.oneof(
      fc.bigInt({ min: -limit, max: limit }),
      fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
      fc.constantFrom(limit, -limit),
    );
    fc.assert(
      fc.property(sizes, (value) => {
        const reader = reading(written((writer) => writer.number(value)));
        expect(reader.number()).toBe(value);
        reader.end();
      }),
    );
  });

  it.each([
    { bytes: [1], because: "zero has no sign" },
    { bytes: [4, 0, 1], because: "a number begins with a zero byte" },
    { bytes: [4, 1], because: "it ends too early" },
    { bytes: [0x82, 0x02, ...Array<number>(129).fill(1)], because: "above its limit of 257" },
  ])("$bytes is refused: $because", ({ bytes, because }) => {
    expect(() => reading(bytes).number()).toThrow(because);
  });
});

describe("a writer", () => {
  it("gives copies that later writing leaves alone", () => {
    const writer = new ByteWriter(4);
    writer.uint32(0xdeadbeef);
    const first = writer.copy();
    writer.clear();
    writer.uint32(0x01020304);
    expect(reading(first).uint32()).toBe(0xdeadbeef);
    expect(reading(writer.written()).uint32()).toBe(0x01020304);
  });

  it("grows with what is written, and refuses nothing", () => {
    const bytes = written((writer) => {
      writer.bytes(new Uint8Array(1000).fill(7));
      writer.latin1("\u0000~ÿ");
    });
    const reader = reading(bytes);
    expect(reader.bytes(1000)).toEqual(new Uint8Array(1000).fill(7));
    expect(reader.latin1(3)).toBe("\u0000~ÿ");
    expect(reader.remaining).toBe(0);
    expect(() => reader.bytes(1)).toThrow("it ends too early");
  });
});

describe("texts that were read lately", () => {
  /** Reads a text as names are read. */
  function read(recent: RecentTexts, bytes: Uint8Array): { text: string; known: boolean } {
    const reader = reading(bytes);
    const known = reader.recent(bytes.length, recent);
    const text = known ?? reader.latin1(bytes.length);
    if (known === null) recent.keep(text);
    expect(reader.remaining).toBe(0);
    return { text, known: known !== null };
  }

  it("are what the bytes say, however many there are and wherever they belong", () => {
    const recent = new RecentTexts();
    const names = fc.array(fc.stringMatching(/^[a-d]{1,9}$/), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(names, (list) => {
        for (const name of list) {
          const bytes = new TextEncoder().encode(name);
          expect(read(recent, bytes).text).toBe(name);
          expect(read(recent, bytes)).toEqual({ text: name, known: true });
        }
      }),
    );
  });

  it("are a bounded number: a later one takes the place of an earlier one", () => {
    const recent = new RecentTexts();
    const texts = Array.from({ length: 5000 }, (_, at) => new TextEncoder().encode(`name-${at}`));
    for (const bytes of texts) read(recent, bytes);
    const before = texts.map((bytes) => reading(bytes).recent(bytes.length, recent));
    expect(before.filter((text) => text !== null).length).toBeLessThanOrEqual(recentMax);
  });

  it("are not looked for beyond the end", () => {
    expect(() => reading([1]).recent(2, new RecentTexts())).toThrow("it ends too early");
  });
});
