import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { openFileStorage, readStoredLog } from "./index.ts";
import { hardState, log, meta, pieces, write } from "./test-support/builders.ts";
import { newDirectory, rewrite } from "./test-support/directories.ts";

const small = { segmentBytes: 4096, firstSegmentBytes: 4096 } as const;

describe("the entries of a stopped server", () => {
  it("are those that stand: what was replaced is not among them", async () => {
    const storage = await openFileStorage(await newDirectory(), small);
    await storage.write(write({ entries: log(1, "1 1 1"), hardState: hardState(1) }));
    const replaced = { entries: log(2, "2 2"), hardState: hardState(2, { commitIndex: 2 }) };
    await storage.write(write(replaced));
    await storage.close();
    const { entries, snapshot, commitIndex } = await readStoredLog(storage.directory);
    expect(entries.map(({ index, term }) => `${index}@${term}`)).toEqual(["1@1", "2@2", "3@2"]);
    expect({ snapshot, commitIndex }).toEqual({ snapshot: null, commitIndex: 2 });
  });

  it("may begin behind a snapshot, and reading them changes no file", async () => {
    const storage = await openFileStorage(await newDirectory(), small);
    const { directory } = storage;
    await storage.write(write({ entries: log(1, "1 1"), hardState: hardState(1) }));
    await storage.write(write({ hardState: hardState(1, { commitIndex: 2 }) }));
    await storage.saveSnapshot(meta(2, 1), pieces("two"));
    await storage.close();
    const names = await readdir(directory);
    const before = await Promise.all(names.map((name) => readFile(join(directory, name))));
    const { snapshot, commitIndex } = await readStoredLog(directory);
    expect({ snapshot, commitIndex }).toEqual({ snapshot: { index: 2, term: 1 }, commitIndex: 2 });
    expect(await readdir(directory)).toEqual(names);
    expect(await Promise.all(names.map((name) => readFile(join(directory, name))))).toEqual(before);
  });

  it("are not read from a damaged log", async () => {
    const storage = await openFileStorage(await newDirectory(), small);
    await storage.write(write({ entries: log(1, "1") }));
    await storage.close();
    await rewrite(join(storage.directory, "anchor"), (bytes) => bytes.fill(7));
    await expect(readStoredLog(storage.directory)).rejects.toMatchObject({
      code: "STORAGE_DAMAGED",
    });
  });
});
