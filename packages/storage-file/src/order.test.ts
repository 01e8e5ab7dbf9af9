import { basename, join } from "node:path";
import { openWith } from "./open.ts";
import {
  anchorName,
  lockName,
  newAnchorName,
  receivingName,
  savingName,
  segmentName,
} from "./names.ts";
import { bytesOf, entry, hardState, log, meta, pieces, write } from "./test-support/builders.ts";
import { newDirectory } from "./test-support/directories.ts";
import { changes, watch, type WatchedFileSystem } from "./test-support/watched-file-system.ts";
import type { FileStorage } from "./file-storage.ts";
import type { SyncMode } from "./sync-policy.ts";

const wal = segmentName(1);
const next = "wal-next.tmp";
const snapshotName = "snapshot-0000000000000003-0000000000000001.bin";

interface Watched {
  readonly files: WatchedFileSystem;
  readonly storage: FileStorage;
  readonly directory: string;
}

async function openWatched(sync: SyncMode = "pool"): Promise<Watched> {
  const files = watch();
  const directory = await newDirectory();
  const storage = await openWith(files, directory, { sync, segmentBytes: 4096 });
  return { files, storage, directory };
}

/** What was done to the disk between the start of some work and its end, the anchor's notes apart. */
async function during(files: WatchedFileSystem, work: () => Promise<unknown>): Promise<string[]> {
  const before = files.calls.length;
  await work();
  return files.calls
    .slice(before)
    .filter((call) => changes(call) && call.name !== anchorName && call.name !== lockName)
    .map(({ operation, name }) => `${operation} ${name}`);
}

describe("nothing is acknowledged before it is on the disk", () => {
  it.each(["pool", "inline", "adaptive"] as const)(
    "one write call and one sync a batch (%s)",
    async (sync) => {
      const { files, storage } = await openWatched(sync);
      const batch = write({ hardState: hardState(1), entries: log(1, "1 1 1") });
      const calls = await during(files, () => storage.write(batch));
      expect(calls).toEqual([`write ${wal}`, `sync ${wal}`]);
      await storage.close();
    },
  );

  it("one sync for all writes that wait while another one is on its way", async () => {
    const { files, storage } = await openWatched("pool");
    const calls = await during(files, async () => {
      const first = storage.write(write({ entries: log(1, "1") }));
      await Promise.resolve().then(() => undefined); // the first one is on its way now
      const others = [2, 3, 4].map((i) => storage.write(write({ entries: log(i, "1") })));
      await Promise.all([first, ...others]);
    });
    expect(calls).toEqual([`write ${wal}`, `sync ${wal}`, `write ${wal}`, `sync ${wal}`]);
    await storage.close();
  });

  it("a write is not acknowledged while its sync is out, and others wait behind it", async () => {
    const { files, storage } = await openWatched("pool");
    const done: string[] = [];
    let whileSyncing: readonly string[] | null = null;
    files.after = (call) => {
      if (call.operation === "sync" && call.name === wal) whileSyncing ??= [...done];
    };
    const all = ["a", "b"].map((name, i) =>
      storage.write(write({ entries: log(i + 1, "1") })).then(() => done.push(name)),
    );
    await Promise.all(all);
    expect(whileSyncing).toEqual([]);
    expect(done).toEqual(["a", "b"]);
    await storage.close();
  });

  it("an empty write waits for the writes before it, and touches nothing", async () => {
    const { files, storage } = await openWatched();
    const done: string[] = [];
    const calls = await during(files, () =>
      Promise.all([
        storage.write(write({ entries: log(1, "1") })).then(() => done.push("entries")),
        storage.write(write({})).then(() => done.push("empty")),
      ]),
    );
    expect(calls).toEqual([`write ${wal}`, `sync ${wal}`]);
    expect(done).toEqual(["entries", "empty"]);
    await storage.close();
  });

  it("a new segment is on the anchor before the first batch is in it", async () => {
    const { files, storage } = await openWatched();
    await storage.write(write({ entries: [entry(1, 1, "x".repeat(1740))] }));
    const from = files.calls.length;
    await storage.write(write({ entries: [entry(2, 1, "x".repeat(1740))] }));
    const calls = files.calls.slice(from).map(({ operation, name }) => `${operation} ${name}`);
    const renamed = calls.indexOf(`rename ${segmentName(2)}`);
    const anchored = calls.indexOf(`sync ${anchorName}`);
    expect(renamed).toBeGreaterThan(0);
    expect(anchored).toBeGreaterThan(renamed);
    expect(calls.indexOf(`write ${segmentName(2)}`)).toBeGreaterThan(anchored);
    await storage.close();
  });

  it("a new segment: zeros, header, name, folder, and only then the batch", async () => {
    const { files, storage } = await openWatched();
    await storage.write(write({ entries: [entry(1, 1, "x".repeat(1740))] }));
    const big = write({ entries: [entry(2, 1, "x".repeat(1740))] });
    const calls = await during(files, () => storage.write(big));
    const second = segmentName(2);
    expect(calls).toEqual([
      `create ${next}`,
      `write ${next}`,
      `sync ${next}`,
      `write ${next}`,
      `sync ${next}`,
      `rename ${second}`,
      `syncDirectory ${storage.directory.split("/").at(-1)!}`,
      `write ${second}`,
      `sync ${second}`,
    ]);
    await storage.close();
  });
});

describe("a snapshot is visible when all of it is durable", () => {
  it("of our own: file, sync, rename, folder, record in the log, sync", async () => {
    const { files, storage, directory } = await openWatched();
    await storage.write(write({ entries: log(1, "1 1 1") }));
    const calls = await during(files, () => storage.saveSnapshot(meta(3, 1), pieces("a", "b")));
    expect(calls).toEqual([
      `create ${savingName}`,
      `write ${savingName}`, // head
      `write ${savingName}`,
      `write ${savingName}`,
      `write ${savingName}`, // foot
      `sync ${savingName}`,
      `rename ${snapshotName}`,
      `syncDirectory ${directory.split("/").at(-1)!}`,
      `write ${wal}`,
      `sync ${wal}`,
    ]);
    await storage.close();
  });

  it("received: each piece is synced, the last one puts it in force", async () => {
    const { files, storage, directory } = await openWatched();
    const chunk = { snapshot: meta(3, 1), offset: 0, data: bytesOf("ab"), done: false };
    const first = await during(files, () => storage.write(write({ chunk })));
    expect(first).toEqual([
      `create ${receivingName}`,
      `write ${receivingName}`,
      `write ${receivingName}`,
      `sync ${receivingName}`,
    ]);
    const last = write({ chunk: { ...chunk, offset: 2, done: true }, hardState: hardState(1) });
    expect(await during(files, () => storage.write(last))).toEqual([
      `write ${receivingName}`,
      `write ${receivingName}`,
      `sync ${receivingName}`,
      `rename ${snapshotName}`,
      `syncDirectory ${directory.split("/").at(-1)!}`,
      `write ${wal}`,
      `sync ${wal}`,
    ]);
    await storage.close();
  });
});

describe("a start", () => {
  it("of a new storage: the folder in its parent, the anchor with its name, and only then a segment", async () => {
    const files = watch();
    const parent = await newDirectory();
    const storage = await openWith(files, join(parent, "deep", "data"), { segmentBytes: 4096 });
    await storage.write(write({ entries: log(1, "1") }));
    const calls = files.calls.map(({ operation, name }) => `${operation} ${name}`);
    const inOrder = [
      "createDirectory deep",
      `syncDirectory ${basename(parent)}`,
      "createDirectory data",
      "syncDirectory deep",
      `sync ${newAnchorName}`,
      `rename ${anchorName}`,
      "syncDirectory data",
      `rename ${wal}`,
    ];
    let from = 0;
    for (const call of inOrder) {
      const at = calls.indexOf(call, from);
      expect([call, at >= from]).toEqual([call, true]);
      from = at + 1;
    }
    await storage.close();
  });

  it("writes the last frame again and syncs it before it is served", async () => {
    const { storage, directory } = await openWatched();
    await storage.write(write({ entries: log(1, "1 1") }));
    await storage.close();
    const files = watch();
    const calls = await during(files, async () => {
      await (await openWith(files, directory, {})).load();
    });
    const folder = directory.split("/").at(-1)!;
    expect(calls.slice(-3)).toEqual([`write ${wal}`, `sync ${wal}`, `syncDirectory ${folder}`]);
  });
});
