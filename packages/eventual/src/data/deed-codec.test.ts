import type { RecordBody } from "../types.ts";
import { MalformedError } from "./errors.ts";
import { decodeRecord, encodeRecord } from "./record-codec.ts";

const w1 = "0102030405060708090a0b0c";

describe("deeds", () => {
  const deed = { counter: "c", key: "k", at: 1_000, until: 1_500, value: -1n } as const;
  const config = { labels: new Map([["a", "x"]]), others: [] };
  const settings = { type: "configure", config, asked: 300 } as const;
  const floor = [{ writer: w1, position: 7, plus: 5n, minus: 0n }];
  const body: RecordBody = {
    ...{ hlc: 9, plain: [], keyed: [] },
    controls: [
      { kind: "deed", ...deed, deed: { ...settings, isNew: true } },
      { kind: "deed", ...deed, deed: { ...settings, isNew: false } },
      { kind: "deed", ...deed, deed: { type: "delete", floor } },
    ],
  };

  it("are these bytes, for ever", () => {
    const head = "016b" + "e807f403" + "0301"; // key, time, value
    const labels = "01" + "0105" + "010161" + "0178";
    expect(Buffer.from(encodeRecord(body)).toString("hex")).toBe(
      [
        "010903",
        `09000163${head}01ac02${labels}`,
        `0901${head}02ac02${labels}`,
        `0901${head}0301${w1}07020500`,
        "0000",
      ].join(""),
    );
    expect(decodeRecord(encodeRecord(body))).toEqual(body);
  });
  it("of no known kind are malformed", () => {
    const bytes = encodeRecord(body);
    const at = Buffer.from(bytes).indexOf(Buffer.from("01ac02", "hex"));
    bytes[at] = 4;
    expect(() => decodeRecord(bytes)).toThrow(MalformedError);
  });
});
