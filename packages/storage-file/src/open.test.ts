import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { openFileStorage } from "./index.ts";
import { entry, hardState, ids, log, write } from "./test-support/builders.ts";
import { copyOf, newDirectory } from "./test-support/directories.ts";

const small = { segmentBytes: 4096, firstSegmentBytes: 4096 };

describe("what was written is there after a restart", () => {
  it("gives null on a new storage, also after it was closed and opened again", async () => {
    const directory = join(await newDirectory(), "a", "b");
    for (let run = 0; run < 2; run += 1) {
      const storage = await openFileStorage(directory);
      expect(await storage.load()).toBeNull();
      await storage.close();
    }
  });

  it("keeps hard state, entries of all kinds and their order", async () => {
    const directory = await newDirectory();
    const entries = [
      entry(1, 1),
      { ...entry(2, 1, ""), kind: "noop" as const },
      { ...entry(3, 2, "{}"), kind: "configuration" as const },
      entry(4, 2 ** 53 - 1, "x".repeat(3000)),
    ];
    const first = await openFileStorage(directory);
    await first.write(write({ hardState: hardState(1, { vote: "n1" }), entries: log(1, "1 1 1") }));
    await first.write(write({ entries: entries.slice(1) }));
    await first.write(write({ hardState: hardState(2 ** 53 - 1, { commitIndex: 4 }) }));
    await first.close();
    const second = await openFileStorage(directory);
    expect(await second.load()).toEqual({
      hardState: hardState(2 ** 53 - 1, { commitIndex: 4 }),
      snapshot: null,
      entries,
    });
    await second.close();
  });

  it("keeps what was acknowledged although it was never closed", async () => {
    const first = await openFileStorage(await newDirectory());
    await first.write(write({ entries: log(1, "1 1 2") }));
    const second = await openFileStorage(await copyOf(first.directory));
    expect(ids((await second.load())!.entries)).toBe("1@1 2@1 3@2");
    await first.close();
    await second.close();
  });

  it("replaces the tail from the first new entry on (§5.3)", async () => {
    const directory = await newDirectory();
    const first = await openFileStorage(directory, small);
    await first.write(write({ entries: log(1, "1 1 1 1 1") }));
    await first.write(write({ entries: log(3, "2 2") }));
    await first.write(write({ entries: log(5, "2") }));
    await first.close();
    const second = await openFileStorage(directory, small);
    expect(ids((await second.load())!.entries)).toBe("1@1 2@1 3@2 4@2 5@2");
    await second.close();
  });

  it("rolls segments, and takes a batch that is larger than a segment", async () => {
    const directory = await newDirectory();
    const first = await openFileStorage(directory, small);
    for (let index = 1; index <= 30; index += 1) {
      await first.write(write({ entries: [entry(index, 1, "y".repeat(500))] }));
    }
    await first.write(write({ entries: [entry(31, 1, "z".repeat(50_000))] }));
    await first.write(
      write({ entries: [entry(32, 1)], hardState: hardState(1, { commitIndex: 32 }) }),
    );
    await first.close();
    const segments = (await readdir(directory)).filter((name) => name.startsWith("wal-"));
    expect(segments.length).toBeGreaterThan(4);
    const second = await openFileStorage(directory, small);
    const persisted = (await second.load())!;
    expect(persisted.entries.map((e) => e.index)).toEqual([...Array(32).keys()].map((i) => i + 1));
    expect(persisted.entries[30]!.data).toHaveLength(50_000);
    expect(persisted.hardState.commitIndex).toBe(32);
    await second.close();
  });

  it("merges writes that wait together, and completes them in order", async () => {
    const directory = await newDirectory();
    const storage = await openFileStorage(directory);
    const done: number[] = [];
    const writes = Array.from({ length: 50 }, (_, i) =>
      storage.write(write({ entries: [entry(i + 1, 1)] })).then(() => done.push(i)),
    );
    await Promise.all(writes);
    expect(done).toEqual([...Array(50).keys()]);
    await storage.close();
  });
});

describe("options", () => {
  it.each([
    { segmentBytes: 100 },
    { firstSegmentBytes: 2 ** 31 },
    { keepSnapshots: 0 },
    { segmentBytes: 4096.5 },
  ])("refuses %j with a RangeError", async (options) => {
    await expect(openFileStorage(await newDirectory(), options)).rejects.toThrow(RangeError);
  });
});
