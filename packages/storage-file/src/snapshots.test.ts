import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { openFileStorage } from "./index.ts";
import {
  parseSegmentName,
  parseSnapshotName,
  receivingName,
  savingName,
  snapshotName,
} from "./names.ts";
import type { FileStorage } from "./file-storage.ts";
import {
  bytesOf,
  entry,
  hardState,
  ids,
  log,
  meta,
  pieces,
  textFrom,
  textOf,
  write,
} from "./test-support/builders.ts";
import { copyOf, newDirectory, rewrite } from "./test-support/directories.ts";

const options = { segmentBytes: 4096, firstSegmentBytes: 4096 } as const;

async function snapshotsIn(directory: string): Promise<number[]> {
  const ids = (await readdir(directory)).sort().map(parseSnapshotName);
  return ids.flatMap((id) => (id === null ? [] : [id.index]));
}

async function segmentsIn(directory: string): Promise<number[]> {
  const sequences = (await readdir(directory)).sort().map(parseSegmentName);
  return sequences.filter((sequence) => sequence !== null);
}

async function received(storage: FileStorage, index: number, text: string): Promise<void> {
  const chunk = { snapshot: meta(index, 3), offset: 0, data: bytesOf(text), done: true };
  await storage.write(write({ chunk, hardState: hardState(3, { commitIndex: index }) }));
}

/** Reads a snapshot as a leader does for a follower. */
async function inPieces(storage: FileStorage, index: number, maxBytes: number): Promise<string> {
  let text = "";
  for (;;) {
    const chunk = await storage.readSnapshotChunk({ index, offset: text.length, maxBytes });
    expect(chunk).toMatchObject({ offset: text.length, snapshot: { index } });
    expect(chunk!.data.length).toBeLessThanOrEqual(maxBytes);
    text += textOf(chunk!.data);
    if (chunk!.done) return text;
  }
}

describe("snapshots of our own (§7)", () => {
  it("come back byte for byte, whole and in pieces, with their configuration", async () => {
    const directory = await newDirectory();
    const text = "0123456789".repeat(70_000);
    const first = await openFileStorage(directory);
    await first.write(write({ entries: log(1, "1 1 1") }));
    await first.saveSnapshot(meta(2, 1), pieces(text.slice(0, 5), "", text.slice(5)));
    expect(await textFrom(first.readSnapshot(2))).toBe(text);
    await first.close();
    const second = await openFileStorage(directory);
    const persisted = (await second.load())!;
    expect(persisted.snapshot).toEqual(meta(2, 1));
    expect(ids(persisted.entries)).toBe("1@1 2@1 3@1");
    expect(await textFrom(second.readSnapshot(2))).toBe(text);
    expect(await inPieces(second, 2, 300_000)).toBe(text);
    await second.close();
  });

  it("may be empty", async () => {
    const storage = await openFileStorage(await newDirectory());
    await storage.saveSnapshot(meta(1, 1), pieces());
    expect(await textFrom(storage.readSnapshot(1))).toBe("");
    expect(await inPieces(storage, 1, 10)).toBe("");
    await storage.close();
  });

  it("are kept three at a time, so that a slow follower can finish reading", async () => {
    const storage = await openFileStorage(await newDirectory());
    await storage.write(write({ entries: log(1, "1 1 1 1 1") }));
    for (const index of [1, 2, 3, 4, 5]) {
      await storage.saveSnapshot(meta(index, 1), pieces(`state ${index}`));
    }
    expect(await snapshotsIn(storage.directory)).toEqual([3, 4, 5]);
    expect(await inPieces(storage, 3, 4)).toBe("state 3");
    const gone = { index: 2, offset: 0, maxBytes: 10 };
    expect(await storage.readSnapshotChunk(gone)).toBeNull();
    await expect(textFrom(storage.readSnapshot(2))).rejects.toMatchObject({
      code: "STORAGE_NO_SNAPSHOT",
    });
    await storage.close();
  });

  it("never take the place of a newer one", async () => {
    const storage = await openFileStorage(await newDirectory());
    await received(storage, 9, "nine");
    await storage.saveSnapshot(meta(5, 1), pieces("five"));
    await storage.saveSnapshot(meta(9, 3), pieces("another nine"));
    expect(await snapshotsIn(storage.directory)).toEqual([9]);
    expect(await textFrom(storage.readSnapshot(9))).toBe("nine");
    await storage.close();
  });

  it("that fail at their source leave everything as it was, and another one can follow", async () => {
    const storage = await openFileStorage(await newDirectory());
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield bytesOf("half");
      throw new Error("the state machine failed");
    };
    const saving = storage.saveSnapshot(meta(1, 1), broken());
    await expect(saving).rejects.toThrow("the state machine failed");
    expect(await readdir(storage.directory)).not.toContain(savingName);
    await storage.saveSnapshot(meta(1, 1), pieces("whole"));
    expect(await textFrom(storage.readSnapshot(1))).toBe("whole");
    await storage.close();
  });

  it("are given up at the next piece when the storage is closed", async () => {
    const storage = await openFileStorage(await newDirectory());
    let closing = Promise.resolve();
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield bytesOf("more");
        closing = storage.close();
      }
    };
    const saving = storage.saveSnapshot(meta(1, 1), endless());
    await expect(saving).rejects.toMatchObject({ code: "STORAGE_CLOSED" });
    await closing;
  });

  it("an old one that has rotted is not served, and harms nobody", async () => {
    const storage = await openFileStorage(await newDirectory());
    await storage.saveSnapshot(meta(1, 1), pieces("one"));
    await storage.saveSnapshot(meta(2, 1), pieces("two"));
    const old = join(storage.directory, snapshotName({ index: 1, term: 1 }));
    await rewrite(old, (bytes) => bytes.fill(0xff, -17, -16));
    expect(await storage.readSnapshotChunk({ index: 1, offset: 0, maxBytes: 10 })).toBeNull();
    expect(await inPieces(storage, 2, 10)).toBe("two");
    await storage.close();
  });
});

describe("snapshots that are received (§7)", () => {
  it("take effect with their last piece, and the log restarts behind them", async () => {
    const directory = await newDirectory();
    const first = await openFileStorage(directory, options);
    await first.write(write({ entries: log(1, "1 1 2 2 2") }));
    const chunk = { snapshot: meta(4, 3), offset: 0, data: bytesOf("fo"), done: false };
    await first.write(write({ chunk }));
    const halfway = await openFileStorage(await copyOf(directory), options);
    expect(ids((await halfway.load())!.entries)).toBe("1@1 2@1 3@2 4@2 5@2");
    expect(await readdir(halfway.directory)).not.toContain(receivingName);
    await halfway.close();
    await first.write(write({ chunk: { ...chunk, offset: 2, data: bytesOf("ur"), done: true } }));
    await first.write(write({ entries: log(5, "3 3") }));
    await first.close();
    const second = await openFileStorage(directory, options);
    const persisted = (await second.load())!;
    expect(persisted.snapshot).toEqual(meta(4, 3));
    expect(ids(persisted.entries)).toBe("5@3 6@3");
    expect(await textFrom(second.readSnapshot(4))).toBe("four");
    await second.close();
  });

  it("begin again when a piece at offset 0 comes", async () => {
    const storage = await openFileStorage(await newDirectory());
    const start = { snapshot: meta(7, 3), offset: 0, data: bytesOf("sev"), done: false };
    await storage.write(write({ chunk: start }));
    await received(storage, 8, "eight");
    expect(await textFrom(storage.readSnapshot(8))).toBe("eight");
    await storage.close();
  });

  it("do not count when the power failed before the log had a record of them", async () => {
    const directory = await newDirectory();
    const first = await openFileStorage(directory);
    await first.write(write({ entries: log(1, "1 1") }));
    await first.close();
    const other = await openFileStorage(await newDirectory());
    await received(other, 9, "nine");
    const name = snapshotName({ index: 9, term: 3 });
    await copyFile(join(other.directory, name), join(directory, name));
    await other.close();
    const second = await openFileStorage(directory);
    const persisted = (await second.load())!;
    expect(persisted.snapshot).toBeNull();
    expect(ids(persisted.entries)).toBe("1@1 2@1");
    expect(await snapshotsIn(directory)).toEqual([]);
    await second.close();
  });
});

describe("a snapshot that ran ahead of our own disk", () => {
  it.each([
    { what: "the log ends before it", terms: "1 1", at: meta(4, 2) },
    { what: "the log disagrees with it", terms: "1 1 1 1 1", at: meta(4, 2) },
  ])("is what a server starts from when $what", async ({ terms, at }) => {
    const directory = await newDirectory();
    const first = await openFileStorage(directory);
    await first.write(write({ entries: log(1, terms) }));
    await first.saveSnapshot(at, pieces("four"));
    await first.close();
    for (const [start, expected] of [
      [5, ""],
      [7, "5@2 6@2"],
    ] as const) {
      const next = await openFileStorage(directory);
      const persisted = (await next.load())!;
      expect(persisted.snapshot).toEqual(at);
      expect(ids(persisted.entries)).toBe(expected);
      await next.write(write({ entries: log(start, "2 2") }));
      await next.close();
    }
  });

  it("keeps the entries that agree with it", async () => {
    const directory = await newDirectory();
    const first = await openFileStorage(directory);
    await first.saveSnapshot(meta(2, 1), pieces("two"));
    await first.write(write({ entries: log(1, "1 1 1") }));
    await first.close();
    const second = await openFileStorage(directory);
    expect(ids((await second.load())!.entries)).toBe("1@1 2@1 3@1");
    await second.close();
  });
});

describe("compaction", () => {
  /** Segments of three entries each: 1–3, 4–6, 7–9, 10–12, and the active one. */
  async function fiveSegments(): Promise<FileStorage> {
    const storage = await openFileStorage(await newDirectory(), options);
    for (let index = 1; index <= 13; index += 1) {
      await storage.write(write({ entries: [entry(index, 1, "x".repeat(900))] }));
    }
    await storage.write(write({ hardState: hardState(1, { vote: "n1", commitIndex: 13 }) }));
    expect(await segmentsIn(storage.directory)).toEqual([1, 2, 3, 4, 5]);
    return storage;
  }

  it("removes nothing without a snapshot", async () => {
    const storage = await fiveSegments();
    await storage.compact(13);
    expect(await segmentsIn(storage.directory)).toEqual([1, 2, 3, 4, 5]);
    await storage.close();
  });

  it.each([
    { snapshot: 13, through: 5, left: [2, 3, 4, 5] },
    { snapshot: 13, through: 6, left: [3, 4, 5] },
    { snapshot: 8, through: 13, left: [3, 4, 5] },
    { snapshot: 9, through: 13, left: [3, 4, 5] }, // the entry at the snapshot stays
    { snapshot: 10, through: 13, left: [4, 5] },
    { snapshot: 13, through: 13, left: [5] }, // never the active one
  ])("through $through with a snapshot at $snapshot", async ({ snapshot, through, left }) => {
    const storage = await fiveSegments();
    await storage.saveSnapshot(meta(snapshot, 1), pieces("state"));
    await storage.compact(through);
    expect(await segmentsIn(storage.directory)).toEqual(left);
    await storage.close();
    const again = await openFileStorage(storage.directory, options);
    const persisted = (await again.load())!;
    expect(persisted.hardState).toEqual(hardState(1, { vote: "n1", commitIndex: 13 }));
    expect(persisted.snapshot).toEqual(meta(snapshot, 1));
    expect(persisted.entries[0]!.index).toBe(3 * left[0]! - 2);
    expect(persisted.entries.at(-1)!.index).toBe(13);
    // The segments that were read at the start can be compacted as well.
    await again.compact(13);
    expect((await segmentsIn(storage.directory))[0]).toBe(Math.ceil(snapshot / 3));
    await again.close();
  });

  it("loses neither vote nor snapshot with the segments that held them", async () => {
    const storage = await openFileStorage(await newDirectory(), options);
    const vote = hardState(7, { vote: "n3" });
    await storage.write(write({ hardState: vote }));
    const chunk = { snapshot: meta(20, 7), offset: 0, data: bytesOf("twenty"), done: true };
    await storage.write(write({ chunk }));
    await storage.write(write({ entries: [entry(21, 7, "x".repeat(3800))] }));
    await storage.compact(19);
    expect(await segmentsIn(storage.directory)).toEqual([2]);
    await storage.close();
    const again = await openFileStorage(storage.directory, options);
    const persisted = (await again.load())!;
    expect(persisted.hardState).toEqual(vote);
    expect(persisted.snapshot).toEqual(meta(20, 7));
    expect(ids(persisted.entries)).toBe("21@7");
    await again.close();
  });
});
