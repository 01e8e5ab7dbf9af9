/** The law that a disk which failed once is never believed again, and one that hangs vouches for nothing. */
import { join } from "node:path";
import { readFile } from "node:fs/promises";
import type { FileStorage } from "./file-storage.ts";
import { type FileSystem, nodeFileSystem } from "./file-system.ts";
import { openFileStorage } from "./index.ts";
import { segmentName } from "./names.ts";
import { openWith } from "./open.ts";
import { entry, hardState, ids, log, write } from "./test-support/builders.ts";
import { copyOf, newDirectory, rewrite } from "./test-support/directories.ts";
import { changes, systemError, watch } from "./test-support/watched-file-system.ts";
import { mergeMaxBytes, waitingMax } from "./write-queue.ts";

const options = { segmentBytes: 4096, firstSegmentBytes: 4096, sync: "pool" } as const;
const wal = segmentName(1);

/** A disk whose syncs answer while it is not held. */
class HangingDisk {
  readonly files: FileSystem = { ...nodeFileSystem, sync: (file) => this.#sync(file) };
  syncs = 0;
  #held: Promise<void> | null = null;
  #release: () => void = () => undefined;

  hold(): void {
    this.#held = new Promise((resolve) => (this.#release = resolve));
  }

  release(): void {
    this.#release();
  }

  async #sync(file: number): Promise<void> {
    this.syncs += 1;
    await this.#held;
    await nodeFileSystem.sync(file);
  }
}

async function openHanging(): Promise<{ disk: HangingDisk; storage: FileStorage }> {
  const disk = new HangingDisk();
  const storage = await openWith(disk.files, await newDirectory(), {
    ...options,
    segmentBytes: 16 * 1024 * 1024,
    firstSegmentBytes: 16 * 1024 * 1024,
  });
  return { disk, storage };
}

/** Lets everything that can go on go on; what is still open then waits for the disk. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

describe("the fail-stop latch", () => {
  it.each(["write", "sync"] as const)(
    "a %s that fails once is final: the disk would work again and is not asked any more",
    async (operation) => {
      const files = watch();
      const directory = await newDirectory();
      const storage = await openWith(files, directory, options);
      await storage.write(write({ entries: log(1, "1") }));
      let failures = 1;
      files.rule = (call) => {
        if (call.operation === operation && call.name === wal && failures-- > 0) {
          throw systemError("EIO");
        }
      };
      const first = storage.write(write({ entries: log(2, "1") }));
      await expect(first).rejects.toMatchObject({ code: "STORAGE_FAILED" });
      const from = files.calls.length;
      const second = storage.write(write({ entries: log(2, "1") }));
      await expect(second).rejects.toMatchObject({ cause: { code: "EIO" } });
      await expect(storage.compact(1)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
      await storage.close();
      expect(files.calls.slice(from).filter(changes)).toEqual([]);
      const again = await openFileStorage(directory, options);
      expect(ids((await again.load())!.entries)).toMatch(/^1@1( 2@1)?$/);
      await again.close();
    },
  );

  it("a write behind a sync that fails falls with it, although its own bytes are good", async () => {
    const files = watch();
    const storage = await openWith(files, await newDirectory(), options);
    files.rule = ({ operation, name }) => {
      if (operation === "sync" && name === wal) throw systemError("EIO");
    };
    const all = [1, 2, 3].map((index) => storage.write(write({ entries: log(index, "1") })));
    const [first, ...others] = await Promise.allSettled(all);
    expect(first).toMatchObject({ reason: { code: "STORAGE_FAILED" } });
    for (const other of others) expect(other).toEqual(first);
    await storage.close();
  });

  it("a start on which any single call fails is refused, and the next start has everything", async () => {
    const original = await unclosed();
    for (let number = 0; ; number += 1) {
      const directory = await copyOf(original);
      const files = watch();
      let left = number;
      files.rule = (call) => {
        if (changes(call) && left-- === 0) throw systemError("EIO");
      };
      const opened = await openWith(files, directory, options).catch((error: unknown) => {
        expect(error).toMatchObject({ code: "STORAGE_FAILED" });
        return null;
      });
      await opened?.close().catch((error: unknown) => {
        expect(error).toMatchObject({ code: "STORAGE_FAILED" });
      });
      const again = await openFileStorage(directory, options);
      expect(ids((await again.load())!.entries)).toBe("1@1 2@1");
      await again.close();
      if (left >= 0) return;
    }
  });
});

/** A log that was never closed, with a torn write behind its end. */
async function unclosed(): Promise<string> {
  const storage = await openFileStorage(await newDirectory(), options);
  await storage.write(write({ entries: log(1, "1 1"), hardState: hardState(1) }));
  const torn = await copyOf(storage.directory);
  await storage.write(write({ entries: [entry(3, 1, "torn ".repeat(20))] }));
  await storage.close();
  const longer = await readFile(join(storage.directory, wal));
  const end = longer.findLastIndex((byte) => byte !== 0);
  await rewrite(join(torn, wal), () => longer.fill(0, end - 30));
  return torn;
}

describe("a disk that hangs", () => {
  it("vouches for nothing, and stops nobody from running", async () => {
    const { disk, storage } = await openHanging();
    disk.hold();
    const done: number[] = [];
    const all = [1, 2, 3].map((index) =>
      storage.write(write({ entries: log(index, "1") })).then(() => done.push(index)),
    );
    await turns(); // the event loop goes on: heartbeats would leave
    expect(done).toEqual([]);
    disk.release();
    await Promise.all(all);
    expect(done).toEqual([1, 2, 3]);
    await storage.close();
  });

  it(`lets ${waitingMax} calls wait; one more is a host that has lost its mind, and stops the storage`, async () => {
    const { disk, storage } = await openHanging();
    disk.hold();
    const first = storage.write(write({ entries: log(1, "1") }));
    await turns(); // it is on its way to the disk now, and does not wait any more
    const waiting = Array.from({ length: waitingMax }, (_, place) =>
      storage.write(write({ entries: log(place + 2, "1") })),
    );
    const settled = Promise.allSettled(waiting);
    await turns();
    const tooMany = storage.write(write({ entries: log(waitingMax + 2, "1") }));
    await expect(tooMany).rejects.toThrow(`more than ${waitingMax} calls wait`);
    disk.release();
    await first; // it was on the disk before anything went wrong
    for (const result of await settled) expect(result).toMatchObject({ status: "rejected" });
    await storage.close();
  });

  it(`what waits becomes batches of at most ${mergeMaxBytes} bytes, each with a sync of its own`, async () => {
    const { disk, storage } = await openHanging();
    const half = "x".repeat(mergeMaxBytes / 2 - 1000);
    disk.hold();
    const first = storage.write(write({ entries: log(1, "1") }));
    await turns();
    const before = disk.syncs;
    const others = [2, 3, 4].map((index) =>
      storage.write(write({ entries: [entry(index, 1, half)] })),
    );
    disk.release();
    await Promise.all([first, ...others]);
    expect(disk.syncs - before).toBe(2);
    await storage.close();
  });
});
