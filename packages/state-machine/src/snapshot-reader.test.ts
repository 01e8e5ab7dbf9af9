/** Snapshots with a right checksum and wrong contents: a bug elsewhere, or somebody's work. */
import { crc32 } from "./checksum.ts";
import { CounterMachine } from "./counter-machine.ts";
import { SnapshotFormatError } from "./errors.ts";
import { concat, describeResult, feeder, inPieces, next } from "./test-support/building.ts";
import { damaged, drawFrom } from "./test-support/mutations.ts";

jest.setTimeout(60_000); // many runs, on machines that may be busy

const head = [0x43, 0x4e, 0x54, 0x52, 2, 10, 0, 40];
const fingerprint = Array<number>(16).fill(5);
const counterA = [1, 0x61, 3, 2, 7, 2, 9, 4, 0];
const answerOfA = [1, 0, 0, 3, 2, 7, 0];
const beforeAnswer = [1, 1, 0x61, 0x20, 0x6b, ...fingerprint, 20];
const keyOfA = [...beforeAnswer, ...answerOfA];
/** All that a counter can have: bounds of 1 and 99, a step of 2, a label, 50 ms to live. */
const config = [0xff, 2, 3, 2, 1, 2, 99, 2, 2, 1, 1, 0x62, 1, 0x78, 50];
const rich = [1, 0x62, 3, 2, 30, 2, 40, 5, ...config, 60];
const refused = [1, 1, 0x61, 0x20, 0x72, ...fingerprint, 20, 2, 1, 3, 2, 7, 0, 3, 0, 1, 2, 9, 4];
const configured = [
  1,
  1,
  0x61,
  0x20,
  0x73,
  ...fingerprint,
  20,
  1,
  12,
  0,
  6,
  2,
  30,
  2,
  3,
  ...config,
];

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

it("all that a counter and an answer can have is taken", async () => {
  const bytes = sealed(...head, 2, ...counterA, ...rich, 3, ...keyOfA, ...refused, ...configured);
  const machine = new CounterMachine();
  await machine.restore(inPieces(bytes));
  expect(concat([...machine.snapshot()])).toEqual(bytes);
  expect(machine.counter("b")).toEqual({
    name: "b",
    value: 30n,
    issued: 40n,
    revision: 5,
    epoch: 0,
    expiresAtMs: 60,
    kind: "sequence",
    initial: 3n,
    min: 1n,
    max: 99n,
    onBound: "saturate",
    step: 2n,
    labels: [{ key: "b", value: "x" }],
    ttlMs: 50,
  });
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
      content: [...head, 0, 1, ...beforeAnswer.slice(0, -1), 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 3],
      because: "above its limit",
    },
    {
      what: "an answer of another kind",
      content: [...head, 0, 1, ...beforeAnswer, 3],
      because: "unknown kind",
    },
    {
      what: "a range of one number, which has a shorter form",
      content: [...head, 0, 1, ...beforeAnswer, 1, 1, 0, 3, 2, 7, 0, 2, 7],
      because: "a range is empty or has one number",
    },
    {
      what: "a step that goes without saying",
      content: [...head, 0, 1, ...beforeAnswer, 1, 2, 0, 3, 2, 7, 0, 2, 1],
      because: "a step says nothing",
    },
    {
      what: "an answer with unknown flags",
      content: [...head, 0, 1, ...beforeAnswer, 1, 16, 0, 3, 2, 7, 0],
      because: "an answer has unknown flags",
    },
    {
      what: "an unknown refusal",
      content: [...head, 0, 1, ...beforeAnswer, 2, 8, 0],
      because: "a refusal is unknown",
    },
    {
      what: "a refusal with unknown flags",
      content: [...head, 0, 1, ...beforeAnswer, 2, 1, 4],
      because: "a refusal has unknown flags",
    },
    {
      what: "a counter that changed after the machine did",
      content: [...head, 1, 1, 0x61, 1, 2, 7, 41, 0, 0],
      because: "above its limit",
    },
    {
      what: "a counter beyond its bounds",
      content: [...head, 1, 1, 0x62, 1, 2, 100, 5, ...config, 60, 0],
      because: "beyond the bounds",
    },
    {
      what: "a counter that lives longer than it may",
      content: [...head, 1, ...rich.slice(0, -1), 61, 0],
      because: "above its limit",
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
  const content = Uint8Array.from([
    ...[...head, 2, ...counterA, ...rich],
    ...[3, ...keyOfA, ...refused, ...configured],
  ]);
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
    if (bytes[4] === 1) continue; // nothing writes version 1 any more
    // One encoding each, here too.
    if (Buffer.compare(concat([...machine.snapshot()]), bytes) !== 0) throw new Error(`run ${run}`);
  }
  expect(taken).toBeGreaterThan(1000);
});
