import { openFileStorage } from "./index.ts";
import { bytesOf, ids, log, meta, write } from "./test-support/builders.ts";
import { newDirectory } from "./test-support/directories.ts";

describe("a bug of the caller", () => {
  it.each([
    { what: "a gap", bad: write({ entries: log(5, "1") }) },
    {
      what: "entries that are not consecutive",
      bad: write({ entries: [...log(4, "1"), ...log(6, "1")] }),
    },
    { what: "a committed entry replaced", bad: write({ entries: log(2, "2") }) },
    {
      what: "a term that goes down",
      bad: write({ hardState: { term: 1, vote: null, commitIndex: 2 } }),
    },
    {
      what: "a vote that is changed",
      bad: write({ hardState: { term: 2, vote: "n3", commitIndex: 2 } }),
    },
    {
      what: "a commit beyond the log",
      bad: write({ hardState: { term: 2, vote: "n1", commitIndex: 9 } }),
    },
    {
      what: "a piece of a snapshot out of turn",
      bad: write({ chunk: { snapshot: meta(9, 2), offset: 4, data: bytesOf("x"), done: false } }),
    },
    {
      what: "a snapshot that forgets committed entries",
      bad: write({ chunk: { snapshot: meta(1, 1), offset: 0, data: bytesOf("x"), done: true } }),
    },
  ])("is refused before it is written: $what", async ({ bad }) => {
    const directory = await newDirectory();
    const storage = await openFileStorage(directory);
    const good = { term: 2, vote: "n1", commitIndex: 2 };
    await storage.write(write({ entries: log(1, "1 1 2"), hardState: good }));
    await expect(storage.write(bad)).rejects.toMatchObject({ code: "STORAGE_INVARIANT" });
    await expect(storage.write(write({}))).rejects.toMatchObject({ code: "STORAGE_INVARIANT" });
    await storage.close();
    const again = await openFileStorage(directory);
    const persisted = (await again.load())!;
    expect(ids(persisted.entries)).toBe("1@1 2@1 3@2");
    expect(persisted.hardState).toEqual(good);
    await again.close();
  });
});
