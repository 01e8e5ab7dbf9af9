import { join } from "node:path";
import { readFile, rm, writeFile } from "node:fs/promises";
import { examine } from "./examine.ts";
import { openFileStorage } from "./index.ts";
import { anchorName, segmentName } from "./names.ts";
import { openWith } from "./open.ts";
import {
  entry,
  hardState,
  ids,
  log,
  meta,
  pieces,
  textFrom,
  write,
} from "./test-support/builders.ts";
import { copyOf, newDirectory, rewrite } from "./test-support/directories.ts";
import { MemoryDisk } from "./test-support/memory-disk.ts";
import { afterWrite, differenceFrom, emptyModel, type Model } from "./test-support/model.ts";

const options = { segmentBytes: 4096, firstSegmentBytes: 4096 } as const;
const firstSegment = segmentName(1);

const writes = [
  write({ hardState: hardState(1, { vote: "n1" }), entries: log(1, "1 1") }),
  write({ entries: log(3, "1 1 1") }),
  write({ hardState: hardState(2, { vote: "n2", commitIndex: 3 }), entries: log(4, "2 2") }),
  write({
    entries: [entry(6, 2, "the last one")],
    hardState: hardState(2, { vote: "n2", commitIndex: 5 }),
  }),
];

/** What must be remembered after no write, one write, two, … */
const models: Model[] = [emptyModel];
for (const one of writes) models.push(afterWrite(models.at(-1)!, one));

interface SmallLog {
  readonly anchor: Uint8Array;
  /** As it was before the first write: nothing but the start of the first segment is vouched for. */
  readonly oldAnchor: Uint8Array;
  readonly segment: Uint8Array;
  /** Where the last frame ends. */
  readonly end: number;
  readonly lastFrame: number;
}

async function smallLog(): Promise<SmallLog> {
  const disk = new MemoryDisk();
  const storage = await openWith(disk, "/log", { ...options, sync: "pool" });
  const oldAnchor = disk.contents(anchorName).slice();
  for (const one of writes) await storage.write(one);
  await storage.close();
  const segment = disk.contents(firstSegment);
  const { segments } = await examine(disk, "/log");
  const { end, lastFrame } = segments[0]!;
  return { anchor: disk.contents(anchorName), oldAnchor, segment, end, lastFrame: lastFrame! };
}

/** How many writes are still there, or null if the log is refused. */
async function survivors(anchor: Uint8Array, segment: Uint8Array): Promise<number | null> {
  const disk = new MemoryDisk();
  disk.replace(anchorName, anchor);
  disk.replace(firstSegment, segment);
  try {
    const { state, entries, point } = await examine(disk, "/log");
    const { hardState: found } = state;
    const persisted = point.number === 0 ? null : { hardState: found, snapshot: null, entries };
    const count = models.findIndex((model) => differenceFrom(model, persisted) === null);
    if (count < 0) throw new Error(`found ${ids(entries)}, which was never there`);
    return count;
  } catch (error) {
    expect(error).toMatchObject({ code: "STORAGE_DAMAGED" });
    return null;
  }
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

function zeroedFrom(bytes: Uint8Array, offset: number): Uint8Array {
  return bytes.slice().fill(0, offset);
}

describe("a log with every single bit flipped", () => {
  it("is complete or refused when the anchor knows all of it", async () => {
    const { anchor, segment, end } = await smallLog();
    for (let bit = 0; bit < segment.length * 8; bit += bit < end * 8 ? 1 : 61) {
      // Behind the end a flipped bit hurts nobody: it is taken for a torn write and cut.
      const expected = bit < end * 8 ? null : writes.length;
      expect(await survivors(anchor, flipped(segment, bit))).toBe(expected);
    }
  });

  it("loses nothing but the last write when the anchor is old", async () => {
    const { oldAnchor, segment, end, lastFrame } = await smallLog();
    for (let bit = 0; bit < end * 8; bit += 1) {
      const left = await survivors(oldAnchor, flipped(segment, bit));
      expect(left).toBe(bit < lastFrame * 8 ? null : writes.length - 1);
    }
  });

  it("is complete or refused when the bit is one of the anchor", async () => {
    const { anchor, segment } = await smallLog();
    for (let bit = 0; bit < anchor.length * 8; bit += 1) {
      expect([null, writes.length]).toContain(await survivors(flipped(anchor, bit), segment));
    }
  });
});

describe("a log cut at every single byte", () => {
  it("is refused, since segments never change their size", async () => {
    const { oldAnchor, segment } = await smallLog();
    for (let length = 0; length < segment.length; length += 1) {
      expect(await survivors(oldAnchor, segment.slice(0, length))).toBeNull();
    }
  });

  it("is refused when zeros take the place of what the anchor knows", async () => {
    const { anchor, segment, end } = await smallLog();
    for (let offset = 0; offset < end; offset += 1) {
      // A record may end with zeros of its own.
      const same = segment.subarray(offset, end).every((byte) => byte === 0);
      expect(await survivors(anchor, zeroedFrom(segment, offset))).toBe(same ? 4 : null);
    }
  });

  it("loses nothing but the last write when that one is torn", async () => {
    const { oldAnchor, segment, end, lastFrame } = await smallLog();
    for (let offset = lastFrame; offset < end; offset += 1) {
      expect(await survivors(oldAnchor, zeroedFrom(segment, offset))).toBe(writes.length - 1);
    }
  });

  it("also when the sectors of the last write came in any other order", async () => {
    const { oldAnchor, segment, end, lastFrame } = await smallLog();
    for (let offset = lastFrame + 1; offset < end; offset += 1) {
      const torn = segment.slice().fill(0, lastFrame, offset);
      expect(await survivors(oldAnchor, torn)).toBe(writes.length - 1);
    }
  });
});

describe("a torn tail", () => {
  it("is overwritten with zeros, and the log goes on in its place", async () => {
    const { oldAnchor, segment, lastFrame } = await smallLog();
    const directory = await newDirectory();
    await writeFile(join(directory, anchorName), oldAnchor);
    await writeFile(join(directory, firstSegment), zeroedFrom(segment, lastFrame + 40));
    const first = await openFileStorage(directory, options);
    expect(differenceFrom(models[3]!, await first.load())).toBeNull();
    const left = new Uint8Array(await readFile(join(directory, firstSegment)));
    expect(left).toEqual(zeroedFrom(segment, lastFrame));
    await first.write(writes[3]!);
    await first.close();
    const second = await openFileStorage(directory, options);
    expect(differenceFrom(models[4]!, await second.load())).toBeNull();
    await second.close();
  });

  it("cannot be faked by entries that look like frames", async () => {
    const { oldAnchor, segment, lastFrame, end } = await smallLog();
    const frameOfAnotherLog = (await smallLog()).segment.subarray(256, 400);
    const torn = zeroedFrom(segment, lastFrame + 40);
    torn.set(frameOfAnotherLog, end + 20);
    expect(await survivors(oldAnchor, torn)).toBe(3);
  });
});

/** Seven segments of three entries, a snapshot at 2@1, entries up to 20. */
async function longLog(): Promise<string> {
  const directory = await newDirectory();
  const storage = await openFileStorage(directory, options);
  for (let index = 1; index <= 20; index += 1) {
    await storage.write(write({ entries: [entry(index, 1, "x".repeat(900))] }));
  }
  await storage.write(write({ hardState: hardState(1, { commitIndex: 12 }) }));
  await storage.saveSnapshot(meta(2, 1), pieces("state"));
  await storage.close();
  return directory;
}

describe("a directory that is not whole is refused, and the message says where and why", () => {
  const wal = (sequence: number) => (directory: string) => join(directory, segmentName(sequence));
  const snapshot = (directory: string) =>
    join(directory, "snapshot-0000000000000002-0000000000000001.bin");
  const anchor = (directory: string) => join(directory, anchorName);
  const remove = (path: string): Promise<void> => rm(path);
  const damageAt = (offset: number) => (path: string) =>
    rewrite(path, (bytes) => flipped(bytes, offset * 8));

  it.each([
    {
      what: "the first segment is missing",
      file: wal(1),
      harm: remove,
      says: "the log begins with",
    },
    { what: "a middle segment is missing", file: wal(3), harm: remove, says: "missing" },
    { what: "the newest segment is missing", file: wal(7), harm: remove, says: "missing" },
    { what: "the anchor is missing", file: anchor, harm: remove, says: "missing beside" },
    { what: "the snapshot is missing", file: snapshot, harm: remove, says: "which is missing" },
    { what: "a header has rotted", file: wal(2), harm: damageAt(60), says: "checksum" },
    { what: "a version is unknown", file: wal(2), harm: damageAt(8), says: "format version 0" },
    { what: "an old frame has rotted", file: wal(2), harm: damageAt(700), says: "sound frame" },
    { what: "the last old frame has rotted", file: wal(2), harm: damageAt(2900), says: "checksum" },
    { what: "a snapshot's head has rotted", file: snapshot, harm: damageAt(20), says: "checksum" },
    {
      what: "a snapshot was cut",
      file: snapshot,
      harm: (path: string) => rewrite(path, (b) => b.slice(0, -1)),
      says: "foot",
    },
    {
      what: "a segment was cut",
      file: wal(1),
      harm: (path: string) => rewrite(path, (b) => b.slice(0, 4095)),
      says: "instead of 4096",
    },
  ])("$what", async ({ file, harm, says }) => {
    const directory = await longLog();
    await harm(file(directory));
    const opening = openFileStorage(directory, options);
    await expect(opening).rejects.toMatchObject({ code: "STORAGE_DAMAGED" });
    await expect(opening).rejects.toThrow(says);
    await expect(opening).rejects.toThrow("Keep a copy of the directory");
  });

  it("a segment of another storage", async () => {
    const [directory, other] = [await longLog(), await longLog()];
    const foreign = await readFile(join(other, segmentName(7)));
    await rewrite(join(directory, segmentName(7)), () => foreign);
    await expect(openFileStorage(directory, options)).rejects.toThrow("another storage");
  });

  it("an older copy of the newest segment", async () => {
    const directory = await newDirectory();
    const storage = await openFileStorage(directory, options);
    await storage.write(writes[0]!);
    const old = await readFile(join(directory, firstSegment));
    await storage.write(writes[1]!);
    await storage.close();
    await rewrite(join(directory, firstSegment), () => old);
    await expect(openFileStorage(directory, options)).rejects.toThrow("the log was durable up to");
  });

  it("a payload that has rotted, when it is read", async () => {
    const directory = await longLog();
    await rewrite(snapshot(directory), (bytes) => flipped(bytes, (bytes.length - 18) * 8));
    const storage = await openFileStorage(directory, options);
    const reading = textFrom(storage.readSnapshot(2));
    await expect(reading).rejects.toMatchObject({ code: "STORAGE_DAMAGED" });
    await storage.close();
  });

  it("and changes nothing", async () => {
    const directory = await longLog();
    await damageAt(700)(wal(2)(directory));
    const before = await copyOf(directory);
    await expect(openFileStorage(directory, options)).rejects.toThrow("Nothing was changed");
    for (const name of [anchorName, segmentName(1), segmentName(2), segmentName(7)]) {
      expect(await readFile(join(directory, name))).toEqual(await readFile(join(before, name)));
    }
  });
});
