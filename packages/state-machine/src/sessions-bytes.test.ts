/** Sessions in commands and snapshots. */
import { decodeBatch } from "./command-reader.ts";
import { encodeBatch } from "./command-writer.ts";
import { CounterMachine } from "./counter-machine.ts";
import { CommandFormatError, SnapshotFormatError } from "./errors.ts";
import { groupOperationsMax, sessionSpanMax } from "./limits.ts";
import type { Operation } from "./operations.ts";
import {
  add,
  batch,
  closeSession,
  configure,
  create,
  feeder,
  inPieces,
  inSession,
  next,
  openSession,
  richConfig,
  snapshotBytes,
  withKey,
  type Feed,
} from "./test-support/building.ts";

let machine: CounterMachine;
let feed: Feed;
beforeEach(() => {
  machine = new CounterMachine();
  feed = feeder(machine);
});

describe("bytes", () => {
  const owner = new Uint8Array(16).fill(0xee);
  const log = [
    [openSession({ idleMs: 500, owner }), openSession(), openSession(), closeSession(2)],
    [inSession("1; seq=3; ack=1", [next(2n), configure({ min: 9n })], { owner, print: 2 })],
    [inSession("3; seq=1", [create(richConfig, "r"), add(1n, null, "r")], { atomic: true })],
    [inSession("3; seq=64", create(richConfig, "r"))],
  ];

  it("of commands stay as they are, for ever", () => {
    const bytes = log.map((operations) => encodeBatch(batch(operations, { at: 7 })));
    expect(bytes.map((each) => Buffer.from(each).toString("hex"))).toMatchInlineSnapshot(`
      [
        "0207e8076464040c01eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeef4030a0c00e8070a0c00e8070a0d0002",
        "0207e8076464010b01eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee0101020202020202020202020202020202020202020163020208016301010209",
        "0207e8076464010b020300010101010101010101010101010101010102070172ff0403e80012400000000000000000020a02047465616d04626c756504756e697402bdb00380bc0380b899290101720201",
        "0207e8076464010b000300400101010101010101010101010101010101070172ff0403e80012400000000000000000020a02047465616d04626c756504756e697402bdb00380bc0380b89929",
      ]
    `);
    for (const [at, each] of bytes.entries()) expect(decodeBatch(each).operations).toEqual(log[at]);
  });

  it("of a snapshot stay as they are, for ever", async () => {
    for (const operations of log) feed(operations, { at: 7 });
    const bytes = snapshotBytes(machine);
    expect(Buffer.from(bytes).toString("hex")).toMatchInlineSnapshot(
      `"434e545203070002020163030202020201000172010403e802ff0403e80012400000000000000000020a02047465616d04626c756504756e697402bdb00380bc0380b8992987b899290003020101eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeef403fb0301010202020202020202020202020202020202020105000102020002010201010202000100000300e807ef0700020101010101010101010101010101010101000205030403e800020100011240000000000000000001400101010101010101010101010101010101010c00020403e80403e8ff0403e80012400000000000000000020a02047465616d04626c756504756e697402bdb00380bc0380b89929fe113f5d"`,
    );
    for (const size of [1, 7, 65_536]) {
      const clone = new CounterMachine();
      await clone.restore(inPieces(bytes, size));
      expect(clone.digest()).toBe(machine.digest());
      expect(clone.stats()).toEqual(machine.stats());
    }
  });

  it("of a snapshot are those of version 2 until there is a session", () => {
    feed([add(1n)]);
    expect(snapshotBytes(machine)[4]).toBe(2);
    feed([openSession(), closeSession(1)]);
    expect(snapshotBytes(machine)[4]).toBe(3);
  });

  it.each<{ what: string; operation: Operation }>([
    { what: "a key", operation: inSession("1; seq=1", withKey(add(1n), "k")) },
    { what: "repetition", operation: inSession("1; seq=1", { ...add(1n), times: 2 }) },
    { what: "a number that is acknowledged", operation: inSession("1; seq=2; ack=2", add(1n)) },
    {
      what: "a number too far ahead",
      operation: inSession(`1; seq=${sessionSpanMax + 1}`, add(1n)),
    },
    { what: "no session at all", operation: inSession("0; seq=1", add(1n)) },
    { what: "nothing to do", operation: inSession("1; seq=1", []) },
    {
      what: "too much to do",
      operation: inSession("1; seq=1", Array<Operation>(groupOperationsMax + 1).fill(next()) as []),
    },
    { what: "a short owner", operation: openSession({ owner: new Uint8Array(15) }) },
    { what: "an end at once", operation: openSession({ idleMs: 0 }) },
  ])("are refused with $what", ({ operation }) => {
    expect(() => encodeBatch(batch([operation]))).toThrow(CommandFormatError);
  });

  it.each<{ what: string; from: string; to: string }>([
    { what: "an unknown flag", from: "0c0101", to: "0c0301" },
    { what: "no time at all", from: "0c01", to: "0c00" },
  ])("of a command with $what are refused", ({ from, to }) => {
    const command = batch([openSession({ owner: new Uint8Array(16).fill(1), idleMs: 5 })]);
    const hex = Buffer.from(encodeBatch(command)).toString("hex");
    expect(hex).toContain(from);
    const wrong = Uint8Array.from(Buffer.from(hex.replace(from, to), "hex"));
    expect(() => decodeBatch(wrong)).toThrow(CommandFormatError);
  });

  it("of a snapshot that is cut off are refused", async () => {
    for (const operations of log) feed(operations, { at: 7 });
    const bytes = snapshotBytes(machine);
    for (let length = 0; length < bytes.length; length += 1) {
      const restoring = new CounterMachine().restore(inPieces(bytes.subarray(0, length)));
      await expect(restoring).rejects.toThrow(SnapshotFormatError);
    }
  });
});
