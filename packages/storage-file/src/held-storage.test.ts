import { join } from "node:path";
import { holdFileStorage, openFileStorage } from "./index.ts";
import { segmentName } from "./names.ts";
import { hardState, ids, log, meta, pieces, write } from "./test-support/builders.ts";
import { copyOf, newDirectory, rewrite } from "./test-support/directories.ts";
import { readdir, readFile } from "node:fs/promises";

const options = { segmentBytes: 4096, firstSegmentBytes: 4096 } as const;
const snapshotFile = "snapshot-0000000000000002-0000000000000001.bin";

async function someLog(): Promise<string> {
  const storage = await openFileStorage(await newDirectory(), options);
  const state = hardState(1, { vote: "n1", commitIndex: 2 });
  await storage.write(write({ entries: log(1, "1 1 1"), hardState: state }));
  await storage.saveSnapshot(meta(2, 1), pieces("two"));
  await storage.close();
  return storage.directory;
}

/** The same log with half a frame behind its end. */
async function withTornTail(directory: string): Promise<void> {
  const storage = await openFileStorage(await copyOf(directory), options);
  await storage.write(write({ entries: log(4, "1") }));
  await storage.close();
  const longer = await readFile(join(storage.directory, segmentName(1)));
  const end = longer.findLastIndex((byte) => byte !== 0);
  await rewrite(join(directory, segmentName(1)), () => longer.fill(0, end - 5));
}

/** Every file but the note of who holds the lock, with its bytes. */
async function contentsOf(directory: string): Promise<readonly (readonly [string, string])[]> {
  const names = (await readdir(directory)).filter((name) => name !== "lock").sort();
  const read = async (name: string) => (await readFile(join(directory, name))).toString("hex");
  return Promise.all(names.map(async (name) => [name, await read(name)] as const));
}

describe("a storage that is held and not opened", () => {
  it("says what a server would start from, and changes nothing", async () => {
    const directory = await someLog();
    await withTornTail(directory);
    const before = await contentsOf(directory);
    const held = await holdFileStorage(directory);
    const { persisted, tornTail } = await held.inspect();
    expect(ids(persisted!.entries)).toBe("1@1 2@1 3@1");
    expect(persisted).toMatchObject({ hardState: { commitIndex: 2 }, snapshot: { index: 2 } });
    expect(tornTail).toContain(segmentName(1));
    await held.release();
    expect(await contentsOf(directory)).toEqual(before);
  });

  it("keeps servers out until it is released", async () => {
    const directory = await someLog();
    const held = await holdFileStorage(directory);
    await expect(openFileStorage(directory)).rejects.toMatchObject({ code: "STORAGE_LOCKED" });
    await expect(holdFileStorage(directory)).rejects.toMatchObject({ code: "STORAGE_LOCKED" });
    await held.release();
    await (await openFileStorage(directory, options)).close();
  });

  it("is opened under the same lock, which ends when the storage is closed", async () => {
    const directory = await someLog();
    const storage = await (await holdFileStorage(directory)).open(options);
    await expect(holdFileStorage(directory)).rejects.toMatchObject({ code: "STORAGE_LOCKED" });
    await storage.write(write({ entries: log(4, "1") }));
    await storage.close();
    const again = await holdFileStorage(directory);
    expect(ids((await again.inspect()).persisted!.entries)).toBe("1@1 2@1 3@1 4@1");
    await again.release();
  });

  it("refuses damage, in the payload of the snapshot too, and is free afterwards", async () => {
    const directory = await someLog();
    await rewrite(join(directory, snapshotFile), (bytes) => bytes.fill(0xff, -17, -16));
    const held = await holdFileStorage(directory);
    await expect(held.inspect()).rejects.toMatchObject({ code: "STORAGE_DAMAGED" });
    await rewrite(join(directory, segmentName(1)), (bytes) => bytes.fill(0xff, 300, 301));
    await expect(held.open()).rejects.toMatchObject({ code: "STORAGE_DAMAGED" });
    await (await holdFileStorage(directory)).release();
  });

  it("has nothing to say about an empty directory, and does not make one", async () => {
    const held = await holdFileStorage(await newDirectory());
    expect(await held.inspect()).toEqual({ persisted: null, tornTail: null });
    await held.release();
    const missing = join(await newDirectory(), "missing");
    await expect(holdFileStorage(missing)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
  });
});
