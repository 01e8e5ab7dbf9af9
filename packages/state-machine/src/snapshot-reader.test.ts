/** Snapshots with a right checksum and wrong contents: a bug elsewhere, or somebody's work. */
import { crc32 } from "./checksum.ts";
import { CounterMachine } from "./counter-machine.ts";
import { SnapshotFormatError } from "./errors.ts";
import { concat, describeResult, feeder, inPieces, next } from "./test-support/building.ts";
import { damaged, drawFrom } from "./test-support/mutations.ts";

jest.setTimeout(60_000); // many runs, on machines that may be busy

const head = [0x43, 0x4e, 0x54, 0x52, 1, 10, 0];
const fingerprint = Array<number>(16).fill(5);
const counterA = [1, 0x61, 3, 2, 7, 2, 9];
const keyOfA = [1, 1, 0x61, 0x20, 0x6b, ...fingerprint, 20, 1, 2, 7, 0];

function sealed(...content: number[]): Uint8Array {
  const bytes = Uint8Array.from(content);
  const checksum = new Uint8Array(4);
  new DataView(checksum.buffer).setUint32(0, crc32(0, bytes));
  return concat([bytes, checksum]);
}

it("what is right is taken", async () => {
  const machine = new CounterMachine();
  await machine.restore(inPieces(sealed(...head, 1, ...counterA, 1, ...keyOfA)));
  expect(machine.stats()).toMatchObject({ counters: 1, keys: 1, logTimeMs: 10 });
  expect(describeResult(feeder(machine)([next(1n, null, "a")])[0]!)).toBe("7>10");
});

describe("refused, though the checksum is right", () => {
  it.each<{ what: string; content: number[]; because: string }>([
    { what: "too many counters", content: [...head, 0x81, 0x80, 0x40], because: "above its limit" },
    {
      what: "a counter twice",
      content: [...head, 2, ...counterA, ...counterA, 0],
      because: "names a counter twice",
    },
    { what: "an empty name", content: [...head, 1, 0, 1, 0, 0], because: "wrong character" },
    { what: "a long name", content: [...head, 1, 129, 1, 0, 0], because: "too long" },
    { what: "no flags", content: [...head, 1, 1, 0x61, 0, 0], because: "unknown flags" },
    { what: "other flags", content: [...head, 1, 1, 0x61, 5, 0, 0], because: "unknown flags" },
    {
      what: "a number that is too large",
      content: [...head, 1, 1, 0x61, 1, 0x82, 2, ...Array<number>(129).fill(1), 0],
      because: "above its limit",
    },
    {
      what: "a key twice",
      content: [...head, 0, 2, ...keyOfA, ...keyOfA],
      because: "names a key twice",
    },
    {
      what: "a key with a wrong character",
      content: [...head, 0, 1, 1, 1, 0x61, 0x20, 0x07, ...fingerprint, 20, 3],
      because: "a key has a wrong character",
    },
    {
      what: "a key that is not apart from its counter",
      content: [...head, 0, 1, 1, 1, 0x61, 0x61, 0x6b, ...fingerprint, 20, 3],
      because: "not apart",
    },
    {
      what: "a key that lives too long",
      content: [...head, 0, 1, ...keyOfA.slice(0, -5), 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 3],
      because: "above its limit",
    },
    {
      what: "an answer of another kind",
      content: [...head, 0, 1, ...keyOfA.slice(0, -4), 4],
      because: "unknown kind",
    },
    {
      what: "a range of one number, which has a shorter form",
      content: [...head, 0, 1, ...keyOfA.slice(0, -4), 2, 0, 2, 1, 2, 1],
      because: "a range is empty or has one number",
    },
    { what: "a time too long", content: [...head.slice(0, 5), 0x81], because: "ends too early" },
  ])("$what", async ({ content, because }) => {
    const machine = new CounterMachine();
    const restoring = machine.restore(inPieces(sealed(...content)));
    await expect(restoring).rejects.toThrow(SnapshotFormatError);
    await expect(machine.restore(inPieces(sealed(...content)))).rejects.toThrow(because);
    expect(machine.digest()).toBe(new CounterMachine().digest());
  });
});

it("50,000 damaged snapshots with right checksums are refused, or are what they say", async () => {
  const draw = drawFrom(99);
  const content = Uint8Array.from([...head, 1, ...counterA, 1, ...keyOfA]);
  let taken = 0;
  for (let run = 0; run < 50_000; run += 1) {
    const bytes = sealed(...damaged(content, draw));
    const machine = new CounterMachine();
    try {
      await machine.restore(inPieces(bytes));
    } catch (error) {
      if (error instanceof SnapshotFormatError) continue;
      throw error;
    }
    taken += 1;
    // One encoding each, here too.
    if (Buffer.compare(concat([...machine.snapshot()]), bytes) !== 0) throw new Error(`run ${run}`);
  }
  expect(taken).toBeGreaterThan(1000);
});
