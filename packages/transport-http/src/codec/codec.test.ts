import fc from "fast-check";

import type { Entry, Message } from "@counter/raft";

import { appendOf, anyMessage, entriesOf, oneOfEach } from "../test-support/messages.ts";
import { bytesOf, frameOf, messageOf, reseal, TAG } from "../test-support/frames.ts";
import { encodeMessage } from "./encode.ts";
import { DecodeError, EncodeError } from "./errors.ts";
import { clusterTagOf, openFrame } from "./frame.ts";
import { ENTRIES_MAX, MEMBERS_MAX } from "./limits.ts";

const ends = { from: "n1", to: "n2" };

function faultOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof DecodeError) return error.fault;
    throw error;
  }
  return "none";
}

describe("messages and bytes", () => {
  it("every message comes back equal, from a chunk and from memory of its own", () => {
    fc.assert(
      fc.property(anyMessage(ends), fc.boolean(), (message, owned) => {
        expect(messageOf(frameOf(message), ends, { owned })).toEqual(message);
      }),
      { numRuns: 1000 },
    );
  });

  it("what is decoded encodes to the same bytes: one message, one encoding", () => {
    fc.assert(
      fc.property(anyMessage(ends), (message) => {
        const frame = frameOf(message);
        expect(frameOf(messageOf(frame, ends)).equals(frame)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("the bytes of version 1.0 never change", () => {
    const lines = oneOfEach(ends).map(
      (message) => `${message.type} ${frameOf(message).toString("hex")}`,
    );
    expect(lines).toMatchInlineSnapshot(`
      [
        "requestVote 000000103fc5267a100101020304030001ac0202",
        "requestVoteResponse 0000000d30cc9982100201020304030100",
        "appendEntries 0000001ef125fe1210030102030403ac0202ab020503040202cafe0503000002cafe",
        "appendEntriesResponse 00000012bbaea7fc1004010203040301ac0280010105",
        "installSnapshot 0000002793ca46f51005010203040305ac020201026e3103683a3101026e3100000000010780200102cafe",
        "installSnapshotResponse 000000111f681d8c10060102030403ac0282200105",
        "readIndexRequest 0000000c2aefbc5c1007010203040309",
        "readIndexResponse 0000000d69d50f42100801020304030900",
        "timeoutNow 0000000bb5f7d9a410090102030403",
      ]
    `);
  });

  it("the sender and the receiver are those of the stream, not of the message", () => {
    const [message] = oneOfEach(ends);
    expect(messageOf(frameOf(message!), { from: "x", to: "y" })).toMatchObject({
      from: "x",
      to: "y",
    });
  });

  it("entry data never share memory with the chunk they came in", () => {
    const frame = frameOf(appendOf(ends, { count: 2 }));
    const message = messageOf(frame, ends);
    frame.fill(0xff);
    expect(message).toEqual(appendOf(ends, { count: 2 }));
  });

  it("snapshot data never share memory with the chunk they came in", () => {
    const message = oneOfEach(ends).find(({ type }) => type === "installSnapshot")!;
    const frame = frameOf(message);
    const decoded = messageOf(frame, ends);
    frame.fill(0xff);
    expect(decoded).toEqual(message);
  });
});

describe("encoding once", () => {
  it("followers that are sent the same array share the bytes of its entries", () => {
    const entries = entriesOf(3, 64);
    const rest = { term: 3, prevIndex: 0, prevTerm: 0, commitIndex: 0, readRound: 0, entries };
    const [first, second] = ["n2", "n3"].map((to) =>
      encodeMessage({ type: "appendEntries", from: "n1", to, ...rest }, TAG),
    );
    expect(second!.body).toBe(first!.body);
    expect(messageOf(bytesOf(second!), { from: "n1", to: "n3" })).toMatchObject({ entries });
  });

  it("shared bytes are not used behind another prevIndex", () => {
    const entries = entriesOf(3, 64);
    const rest = { term: 3, prevTerm: 0, commitIndex: 0, readRound: 0, entries };
    encodeMessage({ type: "appendEntries", ...ends, prevIndex: 0, ...rest }, TAG);
    const wrong: Message = { type: "appendEntries", ...ends, prevIndex: 5, ...rest };
    expect(() => encodeMessage(wrong, TAG)).toThrow(EncodeError);
  });
});

describe("messages that break their contract are not encoded", () => {
  it.each([-1, 0.5, NaN, Infinity, 2 ** 53])("a term of %d", (term) => {
    expect(() => frameOf({ type: "readIndexRequest", ...ends, term, context: 1 })).toThrow(
      EncodeError,
    );
  });

  it("entries with a gap", () => {
    const entries: Entry[] = [entriesOf(1, 1, 1)[0]!, entriesOf(1, 1, 3)[0]!];
    const rest = { term: 3, prevIndex: 0, prevTerm: 0, commitIndex: 0, readRound: 0 };
    expect(() => frameOf({ type: "appendEntries", ...ends, ...rest, entries })).toThrow(
      EncodeError,
    );
  });

  it("one entry more than fits", () => {
    const fits = entriesOf(ENTRIES_MAX, 0);
    const rest = { term: 3, prevIndex: 0, prevTerm: 0, commitIndex: 0, readRound: 0 };
    expect(
      messageOf(frameOf({ type: "appendEntries", ...ends, ...rest, entries: fits }), ends),
    ).toMatchObject({
      commitIndex: 0,
    });
    const entries = entriesOf(ENTRIES_MAX + 1, 0);
    expect(() => frameOf({ type: "appendEntries", ...ends, ...rest, entries })).toThrow(
      EncodeError,
    );
  });

  it.each([
    { what: "an empty id", id: "" },
    { what: "an id of 129 characters", id: "x".repeat(129) },
    { what: "an id with a space", id: "a b" },
    { what: "an id beyond ASCII", id: "ü" },
  ])("$what", ({ id }) => {
    expect(() => frameOf(installationBy([id]))).toThrow(EncodeError);
  });

  it("a configuration of one member more than fits", () => {
    const voters = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);
    expect(messageOf(frameOf(installationBy(voters(MEMBERS_MAX))), ends)).toBeDefined();
    expect(() => frameOf(installationBy(voters(MEMBERS_MAX + 1)))).toThrow(EncodeError);
  });
});

function installationBy(voters: readonly string[]): Message {
  const parts = { members: [], outgoing: [], learners: [], learnersNext: [], joining: [] };
  const configuration = { voters, ...parts, autoLeave: false };
  const snapshot = { index: 1, term: 1, configuration, configurationIndex: 1 };
  const chunk = { snapshot, offset: 0, data: new Uint8Array(0), done: true };
  return { type: "installSnapshot", ...ends, term: 1, readRound: 0, chunk };
}

describe("bytes that no correct sender writes", () => {
  const vote: Message = {
    type: "requestVote",
    ...ends,
    term: 1,
    preVote: true,
    transfer: false,
    lastIndex: 1,
    lastTerm: 1,
  };
  /** A frame of `type` with this payload and a right checksum. */
  const frame = (type: number, ...payload: number[]): Buffer =>
    reseal(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0x10, type, 1, 2, 3, 4, ...payload]));

  it("a flipped bit anywhere behind the length is a wrong checksum", () => {
    const good = frameOf(appendOf(ends));
    for (let bit = 4 * 8; bit < good.length * 8; bit += 1) {
      const bad = Buffer.from(good);
      bad[bit >> 3]! ^= 1 << (bit & 7);
      expect(faultOf(() => messageOf(bad, ends))).toBe("checksum");
    }
  });

  it("a message cut anywhere is truncated", () => {
    for (const message of oneOfEach(ends)) {
      const whole = frameOf(message);
      for (let end = 14; end < whole.length; end += 1) {
        const cut = reseal(Buffer.from(whole.subarray(0, end)));
        expect(["truncated", "count"]).toContain(faultOf(() => messageOf(cut, ends)));
      }
    }
  });

  const most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
  it.each([
    { what: "a number longer than it needs", bytes: frame(7, 0x80, 0x00, 1), fault: "number" },
    {
      what: "2^53",
      bytes: frame(7, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 1),
      fault: "number",
    },
    { what: "a number of nine bytes", bytes: frame(7, ...most, 0xff, 0x01, 1), fault: "number" },
    { what: "a flag of 2", bytes: frame(2, 1, 2, 0), fault: "flag" },
    { what: "a byte too many", bytes: frame(7, 1, 1, 0), fault: "trailing" },
    { what: "more entries than bytes", bytes: frame(3, 1, 0, 0, 0, 0, 0x7f, 0, 0), fault: "count" },
    {
      what: "entries beyond the limit",
      bytes: frame(3, 1, 0, 0, 0, 0, 0x81, 0x80, 4),
      fault: "count",
    },
    { what: "an entry of kind 3", bytes: frame(3, 1, 0, 0, 0, 0, 1, 7, 1, 0), fault: "flag" },
    {
      what: "an unknown bit of an entry",
      bytes: frame(3, 1, 0, 0, 0, 0, 1, 12, 1, 0),
      fault: "flag",
    },
    {
      what: "a first entry without a term",
      bytes: frame(3, 1, 0, 0, 0, 0, 1, 0, 0),
      fault: "flag",
    },
    {
      what: "a term said twice",
      bytes: frame(3, 1, 0, 0, 0, 0, 2, 4, 1, 0, 4, 1, 0),
      fault: "flag",
    },
    { what: "data beyond the end", bytes: frame(3, 1, 0, 0, 0, 0, 1, 4, 1, 9), fault: "truncated" },
    {
      what: "an index beyond 2^53",
      bytes: frame(3, 1, ...most, 0x0f, 0, 0, 0, 1, 4, 1, 0),
      fault: "number",
    },
    {
      what: "257 members",
      bytes: frame(5, 1, 0, 1, 1, 0x81, 2, ...new Array<number>(800).fill(1)),
      fault: "count",
    },
    { what: "an empty id", bytes: frame(5, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0), fault: "text" },
    {
      what: "a space in an id",
      bytes: frame(5, 1, 0, 1, 1, 1, 1, 0x20, 0, 0, 0, 0),
      fault: "text",
    },
  ])("$what: $fault", ({ bytes, fault }) => {
    expect(faultOf(() => messageOf(bytes, ends))).toBe(fault);
  });

  it("a frame shorter than its header", () => {
    expect(faultOf(() => openFrame(Buffer.alloc(12), { start: 4, end: 12 }))).toBe("length");
  });

  it("2^53 - 1 still is a number", () => {
    const largest = { ...vote, lastIndex: Number.MAX_SAFE_INTEGER };
    expect(messageOf(frameOf(largest), ends)).toEqual(largest);
  });
});

describe("messages of another version", () => {
  const message: Message = { type: "readIndexRequest", ...ends, term: 1, context: 2 };
  const withVersion = (version: number, ...more: number[]): Buffer => {
    const frame = Buffer.concat([frameOf(message), Buffer.from(more)]);
    frame[8] = version;
    return reseal(frame);
  };

  it("fields that a newer minor version appended are ignored", () => {
    expect(messageOf(withVersion(0x11, 1, 2, 3), ends)).toEqual(message);
  });

  it("a newer minor version without new fields reads as ours", () => {
    expect(messageOf(withVersion(0x11), ends)).toEqual(message);
  });

  it.each([
    { version: 0x10, is: "known" },
    { version: 0x1f, is: "newerMinor" },
    { version: 0x20, is: "newerMajor" },
    { version: 0xff, is: "newerMajor" },
  ])("version $version is $is", ({ version, is }) => {
    const frame = withVersion(version);
    expect(openFrame(frame, { start: 4, end: frame.length }).version).toBe(is);
  });

  it("an unknown type is told apart from a malformed frame", () => {
    const frame = frameOf(message);
    frame[9] = 200;
    reseal(frame);
    expect(openFrame(frame, { start: 4, end: frame.length }).type).toBe("unknown");
  });

  it("every cluster has its tag", () => {
    const frame = frameOf(message, clusterTagOf("blue"));
    expect(openFrame(frame, { start: 4, end: frame.length }).clusterTag).toBe(clusterTagOf("blue"));
    expect(clusterTagOf("blue")).not.toBe(clusterTagOf("green"));
    expect(clusterTagOf("blue")).toBe(0x16477688);
  });
});
