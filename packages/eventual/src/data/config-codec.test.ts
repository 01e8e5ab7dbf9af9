import type { CounterConfig } from "../types.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { readConfig, writeConfig } from "./config-codec.ts";
import { InvariantError, MalformedError } from "./errors.ts";
import { decodeRecord, encodeRecord } from "./record-codec.ts";

function encoded(config: CounterConfig): Uint8Array {
  const out = new ByteWriter(8);
  writeConfig(out, config);
  return out.copy();
}

const labels = (...entries: (readonly [string, string])[]): CounterConfig => {
  return { labels: new Map(entries), others: [] };
};

describe("settings", () => {
  it("are these bytes, for ever", () => {
    const config = {
      ...labels(["a", "x"], ["b/c", "ü"]),
      others: [{ tag: 2, bytes: Uint8Array.of(7) }],
    };
    const bytes = encoded(config);
    const text = ["02", "010c" + "02" + "0161" + "0178" + "03622f63" + "01fc01", "020107"].join("");
    expect(Buffer.from(bytes).toString("hex")).toBe(text.replace("010c", "010c"));
    expect(readConfig(new ByteReader(bytes))).toEqual(config);
  });

  it("are kept also where they are of a later release", () => {
    const bytes = Uint8Array.of(2, 3, 1, 9, 0x80, 0x02, 0);
    expect(encoded(readConfig(new ByteReader(bytes)))).toEqual(bytes);
  });

  it.each([
    { what: "seventeen labels", config: labels(...seventeen()) },
    { what: "a text of 256 characters", config: labels(["a", "x".repeat(256)]) },
    { what: "a name of 64 characters", config: labels(["a".repeat(64), ""]) },
    { what: "a name with a space", config: labels(["a b", ""]) },
    { what: "labels out of order", config: labels(["b", ""], ["a", ""]) },
    {
      what: "64 settings that nobody knows",
      config: {
        labels: new Map(),
        others: Array.from({ length: 64 }, (_, at) => ({ tag: at + 2, bytes: new Uint8Array() })),
      },
    },
  ])("are not written: $what", ({ config }) => {
    expect(() => encoded(config)).toThrow(InvariantError);
  });

  it("may be as many as allowed", () => {
    const sixteen = labels(...seventeen().slice(1));
    expect(readConfig(new ByteReader(encoded(sixteen)))).toEqual(sixteen);
  });

  it.each([
    { bytes: [2, 3, 0, 3, 0], because: "one setting twice" },
    { bytes: [1, 0, 0], because: "the tag 0" },
    { bytes: [1, 1, 1, 0], because: "no labels where some are announced" },
    { bytes: [1, 1, 4, 1, 1, 0x20, 0], because: "a name with a space" },
    { bytes: [1, 1, 7, 2, 1, 0x62, 0, 1, 0x61, 0], because: "labels out of order" },
    { bytes: [1, 1, 5, 1, 1, 0x61, 0, 0], because: "something behind the labels" },
    { bytes: [65], because: "too many settings" },
  ])("are refused: $because", ({ bytes }) => {
    expect(() => readConfig(new ByteReader(Uint8Array.from(bytes)))).toThrow(MalformedError);
  });
});

function seventeen(): (readonly [string, string])[] {
  return Array.from({ length: 17 }, (_, at) => [String.fromCharCode(97 + at), "x".repeat(255)]);
}

describe("controls of the second release", () => {
  it("are these bytes, for ever", () => {
    const writer = "0102030405060708090a0b0c";
    const body = {
      hlc: 1,
      controls: [
        { kind: "configure", counter: "c", config: labels(["a", "x"]) },
        {
          kind: "delete",
          counter: "c",
          floor: [{ writer, position: 7, plus: 5n, minus: 0n }],
        },
      ],
      plain: [],
      keyed: [],
    } as const;
    const bytes = encodeRecord(body);
    expect(Buffer.from(bytes).toString("hex")).toBe(
      ["010102", "07000163" + "01" + "0105010161" + "0178", `080101${writer}07020500`, "0000"].join(
        "",
      ),
    );
    expect(decodeRecord(bytes)).toEqual(body);
  });
});
