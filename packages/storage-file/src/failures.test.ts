import { anchorName, segmentName } from "./names.ts";
import { openWith } from "./open.ts";
import type { FileStorage } from "./file-storage.ts";
import { openFileStorage } from "./index.ts";
import { systemCode } from "./errors.ts";
import { nodeFileSystem } from "./file-system.ts";
import { type Action, actionOf, type Step } from "./test-support/actions.ts";
import {
  bytesOf,
  entry,
  ids,
  log,
  meta,
  pieces,
  textFrom,
  write,
} from "./test-support/builders.ts";
import { newDirectory } from "./test-support/directories.ts";
import { afterRestart, differenceFrom, emptyModel, type Model } from "./test-support/model.ts";
import {
  changes,
  systemError,
  watch,
  type WatchedFileSystem,
} from "./test-support/watched-file-system.ts";

const options = {
  segmentBytes: 4096,
  firstSegmentBytes: 4096,
  keepSnapshots: 1,
  sync: "pool",
} as const;

const steps: readonly Step[] = [
  { kind: "append", a: 3, b: 0 },
  { kind: "vote", a: 0, b: 0 },
  { kind: "burst", a: 3, b: 29 },
  { kind: "replace", a: 2, b: 29 },
  { kind: "save", a: 0, b: 0 },
  { kind: "burst", a: 7, b: 29 },
  { kind: "compact", a: 0, b: 0 },
  { kind: "install", a: 0, b: 10 },
  { kind: "append", a: 2, b: 3 },
];

interface Outcome {
  readonly possible: readonly Model[];
  readonly error: unknown;
}

/** Runs all steps, or as far as the disk lets us. */
async function runUntilRefused(storage: FileStorage): Promise<Outcome> {
  let model = emptyModel;
  for (const step of steps) {
    const action = actionOf(model, step);
    const results = await Promise.allSettled(action.calls.map((call) => call(storage)));
    const failed = results.findIndex((result) => result.status === "rejected");
    const refused = results[failed];
    if (refused?.status === "rejected") {
      return { possible: remembered(model, action, failed), error: refused.reason };
    }
    model = action.models.at(-1) ?? model;
  }
  return { possible: [model], error: null };
}

function remembered(before: Model, action: Action, acknowledged: number): readonly Model[] {
  return [before, ...action.models].slice(acknowledged);
}

/** Makes the nth call that changes something fail, once. */
function failOnce(files: WatchedFileSystem, number: number, code: string): () => boolean {
  let left = number;
  files.rule = (call) => {
    if (changes(call) && left-- === 0) throw systemError(code);
  };
  return () => left < 0;
}

/** Runs the scenario with each call failing once, until there are no more calls. */
async function forEachCall(
  code: string,
  check: (storage: FileStorage, outcome: Outcome, directory: string) => Promise<void>,
): Promise<void> {
  for (let number = 0; ; number += 1) {
    const directory = await newDirectory();
    const files = watch();
    const hasFailed = failOnce(files, number, code);
    try {
      const storage = await openWith(files, directory, options);
      const outcome = await runUntilRefused(storage);
      await check(storage, outcome, directory);
      await Promise.allSettled([storage.close()]);
      if (!hasFailed()) return;
      await expectRemembered(directory, outcome.possible);
    } catch (error) {
      if (systemCode(error) !== "STORAGE_FAILED" && systemCode(error) !== "STORAGE_FULL")
        throw error;
      await expectRemembered(directory, [emptyModel]);
    }
  }
}

async function expectRemembered(directory: string, possible: readonly Model[]): Promise<void> {
  const storage = await openFileStorage(directory, options);
  const persisted = await storage.load();
  const differences = possible.map((model) => differenceFrom(afterRestart(model), persisted));
  expect(differences).toContain(null);
  await storage.close();
}

describe("every single call of the disk failing once", () => {
  it("EIO: the storage stops for ever, and a restart finds all that was acknowledged", async () => {
    await forEachCall("EIO", async (storage, { error }) => {
      if (error === null) return;
      expect(error).toMatchObject({ code: "STORAGE_FAILED", cause: { code: "EIO" } });
      const later = [
        storage.write(write({ entries: log(100, "9") })),
        storage.write(write({})),
        storage.compact(1),
        storage.saveSnapshot(meta(1000, 9), pieces("x")),
        storage.readSnapshotChunk({ index: 1, offset: 0, maxBytes: 10 }),
        textFrom(storage.readSnapshot(1)),
        storage.load(),
      ];
      for (const call of later) await expect(call).rejects.toBe(error);
    });
  }, 60_000);

  it("ENOSPC: the write is refused, or the storage stops; nothing acknowledged is lost", async () => {
    const codes = new Set<string>();
    await forEachCall("ENOSPC", async (_storage, { error }) => {
      if (error === null) return;
      codes.add(systemCode(error) ?? "no code");
    });
    expect([...codes].sort()).toEqual(["STORAGE_FAILED", "STORAGE_FULL"]);
  }, 60_000);

  it("writes that come back short are finished", async () => {
    const directory = await newDirectory();
    const half = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, Math.ceil(bytes.length / 2));
    const short = {
      ...nodeFileSystem,
      write: (file: number, bytes: Uint8Array, at: number) =>
        nodeFileSystem.write(file, half(bytes), at),
      writeNow: (file: number, bytes: Uint8Array, at: number) =>
        nodeFileSystem.writeNow(file, half(bytes), at),
    };
    const storage = await openWith(short, directory, options);
    const { possible } = await runUntilRefused(storage);
    await storage.close();
    await expectRemembered(directory, possible);
  });
});

interface FullDisk {
  readonly storage: FileStorage;
  readonly fill: () => void;
  readonly makeRoom: () => void;
}

/** A disk on which there is no room for files whose name begins so. */
async function openOnFullDisk(prefix: string): Promise<FullDisk> {
  const files = watch();
  const storage = await openWith(files, await newDirectory(), options);
  const fill = (): void => {
    files.rule = ({ operation, name }) => {
      if (operation === "write" && name.startsWith(prefix)) throw systemError("ENOSPC");
    };
  };
  const makeRoom = (): void => {
    files.rule = () => undefined;
  };
  fill();
  return { storage, fill, makeRoom };
}

describe("a full disk", () => {
  it("refuses writes that need a new segment, and takes them when there is room again", async () => {
    const { storage, makeRoom } = await openOnFullDisk("wal-next");
    await storage.write(write({ entries: [entry(1, 1, "x".repeat(3000))] }));
    const refused = [
      storage.write(write({ entries: [entry(2, 1, "x".repeat(3000))] })),
      storage.write(write({ entries: [entry(3, 1)] })),
    ];
    for (const call of refused) await expect(call).rejects.toMatchObject({ code: "STORAGE_FULL" });
    // What fits into the room that there is goes on.
    await storage.write(write({ entries: [entry(2, 1, "small")] }));
    makeRoom();
    await storage.write(write({ entries: [entry(3, 1, "x".repeat(3000))] }));
    await storage.close();
    const again = await openFileStorage(storage.directory, options);
    expect(ids((await again.load())!.entries)).toBe("1@1 2@1 3@1");
    await again.close();
  });

  it("is no reason not to start", async () => {
    const directory = await newDirectory();
    const first = await openFileStorage(directory, options);
    await first.write(write({ entries: log(1, "1 1") }));
    await first.close();
    const files = watch();
    files.rule = ({ operation, name }) => {
      const inPlace = name === segmentName(1) || name === anchorName;
      if (operation === "create" || (operation === "write" && !inPlace))
        throw systemError("ENOSPC");
    };
    const second = await openWith(files, directory, options);
    expect(ids((await second.load())!.entries)).toBe("1@1 2@1");
    await second.write(write({ entries: log(3, "1") }));
    await second.close();
  });

  it("refuses to begin a log for which there is no room, and begins it when there is", async () => {
    const directory = await newDirectory();
    const files = watch();
    files.rule = ({ operation }) => {
      if (operation === "write") throw systemError("ENOSPC");
    };
    const opening = openWith(files, directory, options);
    await expect(opening).rejects.toMatchObject({ code: "STORAGE_FULL" });
    await (await openFileStorage(directory, options)).close();
  });

  it("still compacts, even behind a write that is refused", async () => {
    const { storage } = await openOnFullDisk("wal-next");
    await storage.write(write({ entries: [entry(1, 1, "x".repeat(3000))] }));
    const refused = storage.write(write({ entries: [entry(2, 1, "x".repeat(3000))] }));
    const compacted = storage.compact(1);
    await expect(refused).rejects.toMatchObject({ code: "STORAGE_FULL" });
    await compacted;
    await storage.close();
  });

  it("refuses a snapshot of our own, keeps the old one, and goes on", async () => {
    const { storage, makeRoom } = await openOnFullDisk("snapshot-saving");
    await storage.write(write({ entries: log(1, "1 1 1") }));
    const saving = storage.saveSnapshot(meta(2, 1), pieces("two"));
    await expect(saving).rejects.toMatchObject({ code: "STORAGE_FULL" });
    await expect(textFrom(storage.readSnapshot(2))).rejects.toMatchObject({
      code: "STORAGE_NO_SNAPSHOT",
    });
    makeRoom();
    await storage.saveSnapshot(meta(3, 1), pieces("three"));
    expect(await textFrom(storage.readSnapshot(3))).toBe("three");
    await storage.close();
  });

  it("refuses a piece of a received snapshot, and takes the same piece when there is room", async () => {
    const { storage, makeRoom, fill } = await openOnFullDisk("snapshot-receiving");
    const chunk = { snapshot: meta(7, 2), offset: 0, data: bytesOf("se"), done: false };
    const first = write({ chunk });
    const last = write({ chunk: { ...chunk, offset: 2, data: bytesOf("ven"), done: true } });
    for (const piece of [first, last]) {
      await expect(storage.write(piece)).rejects.toMatchObject({ code: "STORAGE_FULL" });
      makeRoom();
      if (piece === first) await storage.write(piece);
      fill();
    }
    makeRoom();
    await storage.write(last);
    expect(await textFrom(storage.readSnapshot(7))).toBe("seven");
    await storage.close();
  });
});

describe("a failure in the background", () => {
  it("while the next segment is prepared stops the storage before it is needed", async () => {
    const files = watch();
    const storage = await openWith(files, await newDirectory(), options);
    files.rule = ({ operation, name }) => {
      if (operation === "sync" && name === "wal-next.tmp") throw systemError("EIO");
    };
    await storage.write(write({ entries: [entry(1, 1, "x".repeat(2500))] }));
    const soon = async (): Promise<void> => {
      for (;;) {
        await storage.write(write({})); // touches nothing; refused as soon as the failure is known
        await new Promise(setImmediate);
      }
    };
    await expect(soon()).rejects.toMatchObject({ code: "STORAGE_FAILED" });
    await storage.close();
  });
});
