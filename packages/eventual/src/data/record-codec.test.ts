import { damaged, digits, drawFrom, pick, timeOrderedKey } from "../test-support/random.ts";
import type { Draw } from "../test-support/random.ts";
import type { Control, RecordBody } from "../types.ts";
import { chainHash } from "./chain.ts";
import { InvariantError, MalformedError } from "./errors.ts";
import { keyTime } from "./key-codec.ts";
import { decodeRecord, encodeRecord } from "./record-codec.ts";

const w1 = "0102030405060708090a0b0c";
const w2 = "ffeeddccbbaa998877665544";
const node = "00112233445566778899aabbccddeeff";

const everything: RecordBody = {
  hlc: 1_700_000_000_000_000,
  controls: [
    { kind: "born", node, boot: 3 },
    { kind: "promise", before: 1_700_000_000_000, known: new Map([[w1, 7]]) },
    { kind: "seal", writer: w2, position: 300 },
    {
      kind: "reset",
      counter: "c",
      floor: [
        { writer: w1, position: 7, plus: 5n, minus: 0n },
        { writer: w2, position: 300, plus: 2n ** 200n, minus: 255n },
      ],
    },
    {
      kind: "member",
      member: { id: node, address: "h:1", label: "one", status: "leaving", version: 2 },
    },
    { kind: "named", named: { address: "h:2", version: 1, wanted: true } },
  ],
  plain: [
    { counter: "c", plus: 300n, minus: 1n },
    { counter: "d", plus: 0n, minus: 0n },
  ],
  keyed: [
    {
      counter: "d",
      delta: -5n,
      key: "0189f7e1-0000-7abc-8def-0123456789ab",
      at: 0x0189f7e10000,
      until: 0x0189f7e10001,
      value: 12n,
    },
    { counter: "e", delta: 2n ** 63n - 1n, key: "order-1", at: 1_000, until: 1_500, value: -1n },
  ],
};

describe("a record", () => {
  it("is these bytes, for ever", () => {
    expect(Buffer.from(encodeRecord(everything)).toString("hex")).toBe(
      [
        "01", // the format
        "8080f9c0c1c48203", // hlc
        "06", // controls
        `01${node}03`, // born
        `0280d095ffbc3101${w1}07`, // promise
        `03${w2}ac02`, // seal
        `04000163` +
          `02${w1}07020500${w2}ac02` +
          `340100000000000000000000000000000000000000000000000000` +
          `02ff`,
        `05${node}03683a31036f6e650202`, // member
        `0603683a320101`, // named
        `02` + `0104012c0201` + `0001640000`, // plain
        `02` + `02000189f7e100007abc8def0123456789ab` + `0305020c`, // keyed
        `000165076f726465722d31e807f403` + `107fffffffffffffff` + `0301`,
      ].join(""),
    );
  });
  it("comes back as it was", () => {
    expect(decodeRecord(encodeRecord(everything))).toEqual(everything);
  });
});

describe("any record", () => {
  it("comes back as it was, from equal bytes", () => {
    const draw = drawFrom(1);
    for (let round = 0; round < 500; round += 1) {
      const body = anyRecord(draw);
      const bytes = encodeRecord(body);
      const back = decodeRecord(bytes);
      expect(back).toEqual(body);
      expect(encodeRecord(back)).toEqual(bytes);
    }
  });
  it("is refused or still canonical when its bytes are damaged", () => {
    const draw = drawFrom(2);
    const originals = Array.from({ length: 50 }, () => encodeRecord(anyRecord(draw)));
    let accepted = 0;
    for (let round = 0; round < 100_000; round += 1) {
      const bytes = damaged(pick(draw, originals), draw);
      const body = decodedOrNull(bytes);
      if (body === null) continue;
      accepted += 1;
      if (Buffer.compare(encodeRecord(body), bytes) !== 0) {
        throw new Error(`two encodings of one record: ${Buffer.from(bytes).toString("hex")}`);
      }
    }
    expect(accepted).toBeGreaterThan(100);
    expect(accepted).toBeLessThan(90_000);
  });
});

function decodedOrNull(bytes: Uint8Array): RecordBody | null {
  try {
    return decodeRecord(bytes);
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}

describe("what is no record", () => {
  const empty = encodeRecord({ hlc: 1, controls: [], plain: [], keyed: [] });
  it.each([
    { bytes: [], because: "nothing" },
    { bytes: [2, ...empty.slice(1)], because: "another format" },
    { bytes: [...empty, 0], because: "something behind it" },
    { bytes: [1, 1, 0xff, 0xff, 0x07, 0, 0], because: "more controls than bytes" },
    { bytes: [1, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0], because: "more operations than allowed" },
    { bytes: [1, 1, 0, 2, 0, 1, 99, 0, 0, 1, 0, 0, 0], because: "two sums of one counter" },
    { bytes: [1, 0x81, 0, 0, 0, 0], because: "a number with a byte too many" },
  ])("is refused: $because", ({ bytes }) => {
    expect(() => decodeRecord(Uint8Array.from(bytes))).toThrow(MalformedError);
  });
  it.each([
    { over: "a delta of 2^63", keyed: { delta: 2n ** 63n } },
    { over: "a value of 2^255", keyed: { value: 2n ** 255n } },
    { over: "a key of 256 characters", keyed: { key: "x".repeat(256) } },
    { over: "a counter of 129 characters", keyed: { counter: "x".repeat(129) } },
    { over: "a span of nothing", keyed: { until: 1_000 } },
  ])("is not written either: $over", ({ keyed }) => {
    const body = { ...everything, keyed: [{ ...everything.keyed[1]!, ...keyed }] };
    expect(() => encodeRecord(body)).toThrow(InvariantError);
  });
});

describe("the time in a key", () => {
  it.each([
    { key: "0189f7e1-0000-7abc-8def-0123456789ab", time: 0x0189f7e10000 },
    { key: "0189F7E1-0000-7ABC-8DEF-0123456789AB", time: 0x0189f7e10000 },
    { key: "ffffffff-ffff-7fff-bfff-ffffffffffff", time: 2 ** 48 - 1 },
    { key: "0189f7e1-0000-4abc-8def-0123456789ab", time: null },
    { key: "0189f7e1-0000-7abc-cdef-0123456789ab", time: null },
    { key: "0189f7e100007abc8def0123456789ab", time: null },
    { key: "order-1", time: null },
  ])("of $key is $time", ({ key, time }) => {
    expect(keyTime(key)).toBe(time);
  });
});

describe("the chain hash", () => {
  it("depends on every bit of the record and on what came before", () => {
    const record = encodeRecord(everything);
    const seen = new Set([chainHash(0, record), chainHash(1, record), chainHash(2 ** 40, record)]);
    for (let bit = 0; bit < record.length * 8; bit += 1) {
      const changed = record.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      seen.add(chainHash(0, changed));
    }
    expect(seen.size).toBe(3 + record.length * 8);
    for (const hash of seen) expect(Number.isSafeInteger(hash) && hash > 0).toBe(true);
  });
  it("has no two equal ones among a hundred thousand short records", () => {
    const seen = new Set<number>();
    for (let first = 0; first < 100_000; first += 1) {
      seen.add(chainHash(0, Uint8Array.of(first, first >> 8, first >> 16)));
    }
    expect(seen.size).toBe(100_000);
  });
});

function anyRecord(draw: Draw): RecordBody {
  const counters = ["a", "b.c", "X-9", "y".repeat(128)];
  return {
    hlc: draw(2 ** 31) * 2 ** draw(22),
    controls: Array.from({ length: draw(4) }, () => anyControl(draw)),
    plain: counters
      .slice(draw(5))
      .map((counter) => ({ counter, plus: natural(draw, 255), minus: natural(draw, 60) })),
    keyed: Array.from({ length: draw(4) }, () => {
      const opaque = draw(2) === 0;
      const at = draw(2 ** 31) * 2 ** draw(10);
      return {
        counter: pick(draw, counters),
        delta: natural(draw, 62) * (draw(2) === 0 ? 1n : -1n),
        key: opaque ? "k".repeat(draw(255) + 1) : timeOrderedKey(draw, at),
        at,
        until: opaque ? at + draw(1_000) + 1 : at + 1,
        value: natural(draw, 254) * (draw(2) === 0 ? 1n : -1n),
      };
    }),
  };
}

function anyControl(draw: Draw): Control {
  const writers = [digits(draw, 24), digits(draw, 24), digits(draw, 24)].sort();
  switch (draw(9)) {
    case 8: {
      const floor = [{ writer: writers[0]!, position: draw(9) + 1, plus: 1n, minus: 0n }];
      const labels = new Map([["a", "b".repeat(draw(9))]]);
      const config = { labels, others: [] };
      const isNew = draw(2) === 0;
      const settings = { type: "configure", isNew, config, asked: draw(2 ** 30) } as const;
      const deed = draw(2) === 0 ? ({ type: "delete", floor } as const) : settings;
      const at = draw(2 ** 31);
      const value = natural(draw, 254);
      const span = { at, until: at + draw(9) + 1 };
      return { kind: "deed", counter: "a", key: `order-${draw(9)}`, ...span, value, deed };
    }
    case 6: {
      const all = [["a/b", "ü".repeat(draw(256))] as const, ["z", ""] as const];
      const labels = new Map(all.slice(draw(3)));
      const others = Array.from({ length: draw(3) }, (_, at) => {
        return { tag: 2 + at * 200, bytes: new Uint8Array(draw(200)).fill(draw(256)) };
      });
      return { kind: "configure", counter: "X-9", config: { labels, others } };
    }
    case 7: {
      const floor = writers.map((writer) => {
        return { writer, position: draw(9) + 1, plus: natural(draw, 99), minus: 0n };
      });
      return { kind: "delete", counter: "a", floor };
    }
    case 0:
      return { kind: "born", node: digits(draw, 32), boot: draw(9) };
    case 1:
      return {
        kind: "promise",
        before: draw(2 ** 31) * 1_000,
        known: new Map(writers.map((writer) => [writer, draw(1_000) + 1])),
      };
    case 2:
      return { kind: "seal", writer: writers[0]!, position: draw(9) + 1 };
    case 3: {
      const floor = writers.map((writer) => ({
        writer,
        position: draw(1_000) + 1,
        plus: natural(draw, 319),
        minus: natural(draw, 10),
      }));
      return { kind: "reset", counter: "b.c", floor };
    }
    case 4: {
      const status = pick(draw, ["joining", "up", "leaving", "removed"] as const);
      const member = {
        id: digits(draw, 32),
        address: "h:80",
        label: "a b",
        status,
        version: draw(9),
      };
      return { kind: "member", member };
    }
    default:
      return { kind: "named", named: { address: "h", version: draw(9), wanted: draw(2) === 0 } };
  }
}

/** Below 2^(bits + 1). */
function natural(draw: Draw, bits: number): bigint {
  let value = 0n;
  for (let left = draw(bits + 1); left >= 0; left -= 1) value = value * 2n + BigInt(draw(2));
  return value;
}
