import { MalformedError } from "../data/errors.ts";
import { vectorMax } from "../data/limits.ts";
import type { Reply, Request } from "../messages.ts";
import {
  dice,
  randomReply,
  randomRequest,
  replies,
  requests,
  sender,
  writerA,
} from "../test-support/messages.ts";
import { messageMaxBytes, messageRecordsMax, payloadMaxBytes, rangesMax } from "./limits.ts";
import { decodeReply, decodeRequest, encodeReply, encodeRequest } from "./message-codec.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, "hex"));
const request = (body: Request): Uint8Array => encodeRequest({ sender, body });
const reply = (body: Reply): Uint8Array => encodeReply({ sender, body });

/** `01` request or `02` reply, and the sender of all of these. */
const from = (kind: string): string =>
  `01${kind}0263310100010203040506070809` + `0a0b0c0d0e0f03ac0203613a31036e2031`;
const headA = "a0a1a2a3a4a5a6a7a8a9aaab07ffffffffffffff0f";
const rangeA = "a0a1a2a3a4a5a6a7a8a9aaab08b960020301";

describe("messages as bytes", () => {
  it.each(requests)("gives back what was encoded: $type", (body) => {
    expect(decodeRequest(request(body))).toEqual({ sender, body });
  });

  it.each(replies)("gives back what was encoded: $type", (body) => {
    expect(decodeReply(reply(body))).toEqual({ sender, body });
  });

  it("gives back whatever was encoded", () => {
    const roll = dice(1);
    for (let run = 0; run < 2000; run += 1) {
      const [asked, answered] = [randomRequest(roll), randomReply(roll)];
      expect(decodeRequest(request(asked)).body).toEqual(asked);
      expect(decodeReply(reply(answered)).body).toEqual(answered);
    }
  }, 60_000);

  it.each([
    { body: requests[0]!, bytes: `${from("01")}0101${rangeA}01020304` },
    { body: requests[1]!, bytes: `${from("01")}02` },
    { body: requests[3]!, bytes: `${from("01")}0302${headA}b0b1b2b3b4b5b6b7b8b9babb0000` },
    { body: requests[5]!, bytes: `${from("01")}050000` },
  ])("never changes the bytes of a $body.type", ({ body, bytes }) => {
    expect(hex(request(body))).toBe(bytes);
  });

  it.each([
    { body: replies[0]!, bytes: `${from("02")}0101${headA}` },
    { body: replies[1]!, bytes: `${from("02")}02818080808080800800` },
    { body: replies[3]!, bytes: `${from("02")}0300000001` },
    { body: replies[4]!, bytes: `${from("02")}0404020101020506` },
    { body: replies[9]!, bytes: `${from("02")}0504a0a1a2a3a4a5a6a7a8a9aaab` },
  ])("never changes the bytes of a reply ($body.type)", ({ body, bytes }) => {
    expect(hex(reply(body))).toBe(bytes);
  });

  it("keeps nothing of the bytes that it read", () => {
    const bytes = request(requests[0]!);
    const { body } = decodeRequest(bytes);
    bytes.fill(0);
    expect(body).toEqual(requests[0]);
  });

  it("cuts short what a refusal tells people, and keeps it printable", () => {
    const why = { code: "invalid", problem: `ü\n${"x".repeat(300)}` } as const;
    const { body } = decodeReply(reply({ type: "refused", why }));
    expect(body).toEqual({
      type: "refused",
      why: { code: "invalid", problem: `??${"x".repeat(253)}` },
    });
  });
});

describe("bytes that are no message", () => {
  it.each([
    { because: "it is empty", bytes: "" },
    { because: "its format is not known", bytes: from("01").replace("0101", "0201") + "02" },
    { because: "it is a reply", bytes: `${from("02")}02` },
    { because: "its type is not known", bytes: `${from("01")}06` },
    { because: "its cluster id is empty", bytes: "010100" },
    { because: "a flag is neither", bytes: from("01").replace("633101", "633102") + "02" },
    { because: "its label is not printable", bytes: from("01").replace("6e2031", "6e0a31") + "02" },
    { because: "something follows", bytes: `${from("01")}0200` },
    { because: "a list is longer than its bytes", bytes: `${from("01")}03ffff03` },
    { because: "a list is longer than may be", bytes: `${from("01")}0381808004` },
    { because: "a writer has two heads", bytes: `${from("01")}0302${headA}${headA}` },
    {
      because: "a head of nothing has a hash",
      bytes: `${from("01")}0301${headA.slice(0, 24)}0001`,
    },
    { because: "a head has no hash", bytes: `${from("01")}0301${headA.slice(0, 24)}0100` },
    { because: "a range is empty", bytes: `${from("01")}0101${headA.slice(0, 24)}08010000000000` },
    { because: "a range begins at 0", bytes: `${from("01")}0101${headA.slice(0, 24)}00000101aa` },
    { because: "its first has a past", bytes: `${from("01")}0101${headA.slice(0, 24)}01010101aa` },
    { because: "a later one has none", bytes: `${from("01")}0101${headA.slice(0, 24)}02000101aa` },
    { because: "a record is empty", bytes: `${from("01")}0101${headA.slice(0, 24)}0801010000` },
    { because: "a record is cut", bytes: `${from("01")}0101${headA.slice(0, 24)}08010102aa` },
    { because: "a number is longer than it is", bytes: `${from("01")}05808000` },
  ])("are refused: $because", ({ bytes }) => {
    expect(() => decodeRequest(unhex(bytes))).toThrow(MalformedError);
  });

  it("are all that a random change makes of a message, or another message in its one encoding", () => {
    const roll = dice(7);
    let taken = 0;
    for (let run = 0; run < 100_000; run += 1) {
      const isRequest = roll(2) === 0;
      const original = isRequest ? request(randomRequest(roll)) : reply(randomReply(roll));
      const changed = mutated(original, roll);
      try {
        const again = isRequest
          ? encodeRequest(decodeRequest(changed))
          : encodeReply(decodeReply(changed));
        if (hex(again) !== hex(changed)) throw new Error(`two encodings: ${hex(changed)}`);
        taken += 1;
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
      }
    }
    expect(taken).toBeGreaterThan(1000); // changes inside a record or an id are other messages
  }, 60_000);
});

function mutated(original: Uint8Array, roll: (bound: number) => number): Uint8Array {
  const at = roll(original.length);
  switch (roll(4)) {
    case 0:
      return original.slice(0, at);
    case 1:
      return Uint8Array.from([...original, roll(256)]);
    case 2:
      return Uint8Array.from([...original.slice(0, at), ...original.slice(at + 1)]);
    default:
      return original.map((byte, index) => (index === at ? byte ^ (1 << roll(8)) : byte));
  }
}

describe("the limits of a message", () => {
  const ranges = (count: number, records: readonly Uint8Array[]): Request => ({
    type: "fill",
    ranges: Array.from({ length: count }, () => ({
      writer: writerA,
      from: 1,
      previous: 0,
      records,
    })),
  });
  const byte = Uint8Array.of(1);

  it.each([
    {
      what: "heads",
      most: { type: "sync", heads: headsOf(vectorMax) },
      over: { type: "sync", heads: headsOf(vectorMax + 1) },
    },
    { what: "ranges", most: ranges(rangesMax, [byte]), over: ranges(rangesMax + 1, [byte]) },
    {
      what: "records",
      most: ranges(2, Array<Uint8Array>(messageRecordsMax / 2).fill(byte)),
      over: ranges(2, Array<Uint8Array>(messageRecordsMax / 2 + 1).fill(byte)),
    },
    {
      what: "bytes of a record",
      most: ranges(1, [new Uint8Array(payloadMaxBytes)]),
      over: ranges(1, [new Uint8Array(payloadMaxBytes + 1)]),
    },
  ] satisfies readonly { what: string; most: Request; over: Request }[])(
    "are kept at the edge: $what",
    ({ most, over }) => {
      const bytes = request(most);
      expect(Buffer.compare(request(decodeRequest(bytes).body), bytes)).toBe(0);
      expect(() => request(over)).toThrow(RangeError);
    },
  );

  it("keep the whole message below 4 MiB, on both sides", () => {
    const empty = request({ type: "fetch", transfer: 0, piece: 0 });
    const half = new Uint8Array(payloadMaxBytes);
    expect(() => request(ranges(1, [half, half]))).toThrow(RangeError);
    const large = new Uint8Array(messageMaxBytes + 1);
    large.set(empty);
    expect(() => decodeRequest(large)).toThrow("a message is too large");
  });
});

function headsOf(count: number): { writer: string; position: number; hash: number }[] {
  return Array.from({ length: count }, (_, at) => {
    return { writer: at.toString(16).padStart(24, "0"), position: 1, hash: 1 };
  });
}
