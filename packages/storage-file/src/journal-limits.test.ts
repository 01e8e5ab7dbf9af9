import { join } from "node:path";
import { appendMaxBytes } from "./file-journal.ts";
import { journalEntryMaxBytes, openFileJournal, openFileStorage, runWalTool } from "./index.ts";
import { openJournalWith } from "./open-journal.ts";
import { bytesOf, hardState, log, meta, pieces, write } from "./test-support/builders.ts";
import { newDirectory, rewrite } from "./test-support/directories.ts";
import { MemoryDisk } from "./test-support/memory-disk.ts";
import {
  entriesOf,
  invariantError,
  kept,
  loaded,
  newJournal,
  reopened,
  smallSegments as options,
} from "./test-support/journals.ts";
import { systemError, watch } from "./test-support/watched-file-system.ts";
import { waitingMax } from "./write-queue.ts";

describe("limits", () => {
  it("the largest entry is taken, in the log and in a checkpoint", async () => {
    const journal = await newJournal();
    const largest = new Uint8Array(journalEntryMaxBytes).fill(65);
    await journal.checkpoint([largest]);
    await journal.append([largest]);
    const again = await reopened(journal);
    const sizes: number[] = [];
    for await (const entry of again.load()) sizes.push(entry.length);
    expect(sizes).toEqual([journalEntryMaxBytes, journalEntryMaxBytes]);
    await again.close();
  });

  const tooMuch = Array.from({ length: 17 }, () => new Uint8Array(journalEntryMaxBytes).fill(1));

  it.each([
    { what: "an entry above the limit", entries: [new Uint8Array(journalEntryMaxBytes + 1)] },
    { what: "an empty entry", entries: entriesOf("b", "") },
    { what: "more than one append may have", entries: tooMuch },
  ])("$what is refused before anything is written, for good", async ({ entries }) => {
    expect(journalEntryMaxBytes * tooMuch.length).toBeGreaterThan(appendMaxBytes);
    const journal = await newJournal("a");
    await expect(journal.append(entries)).rejects.toMatchObject(invariantError);
    await expect(journal.append(entriesOf("c"))).rejects.toMatchObject(invariantError);
    await expect(journal.checkpoint([])).rejects.toMatchObject(invariantError);
    expect(await kept(journal)).toEqual(["a"]);
  });

  it("as many appends as may wait are taken, one more is not", async () => {
    const journal = await newJournal();
    const calls = Array.from({ length: waitingMax }, () => journal.append(entriesOf("x")));
    const further = journal.append(entriesOf("y"));
    await expect(further).rejects.toMatchObject(invariantError);
    await Promise.all(calls);
    expect(await kept(journal)).toHaveLength(waitingMax);
  });
});

describe("a directory of something else", () => {
  it.each([
    { what: "entries", calls: write({ entries: log(1, "1"), hardState: hardState(1) }) },
    { what: "a vote", calls: write({ hardState: hardState(1, { vote: "n1" }) }) },
  ])("that holds $what of a Raft server is refused, and stays as it is", async ({ calls }) => {
    const storage = await openFileStorage(await newDirectory(), options);
    await storage.write(calls);
    await storage.close();
    const opening = openFileJournal(storage.directory, options);
    await expect(opening).rejects.toMatchObject({ code: "STORAGE_FOREIGN" });
    const again = await openFileStorage(storage.directory, options);
    expect((await again.load())!.hardState.term).toBe(1);
    await again.close();
  });

  it("is refused while somebody else has it open", async () => {
    const journal = await newJournal("a");
    const second = openFileJournal(journal.directory, options);
    await expect(second).rejects.toMatchObject({ code: "STORAGE_LOCKED", pid: process.pid });
    expect(await kept(journal)).toEqual(["a"]);
  });
});

describe("damage", () => {
  it("to the checkpoint is noticed before any of it is used", async () => {
    const journal = await newJournal("a");
    await journal.checkpoint([new Uint8Array(200_000).fill(65), bytesOf("end")]);
    await journal.close();
    const name = "snapshot-0000000000000001-0000000000000001.bin";
    await rewrite(join(journal.directory, name), (bytes) => bytes.fill(0, 150_000, 150_001));
    const again = await openFileJournal(journal.directory, options);
    await expect(again.load().next()).rejects.toMatchObject({ code: "STORAGE_DAMAGED" });
    await again.close();
  });

  it.each([
    { what: "an entry of nothing", payload: "\0".repeat(8) + "\0\0\0\0" },
    { what: "an entry above the limit", payload: "\0".repeat(8) + "\0\0\0\x7f" },
    { what: "half an entry", payload: "\0".repeat(8) + "\x05\0\0\0ab" },
    { what: "half a length", payload: "\0".repeat(8) + "\x05\0" },
    { what: "nothing", payload: "" },
    { what: "more covered entries than the log had before it", payload: "\x09" + "\0".repeat(7) },
  ])("a checkpoint that holds $what is refused", async ({ payload }) => {
    const storage = await openFileStorage(await newDirectory(), options);
    await storage.write(write({ entries: log(1, "1 1") }));
    await storage.saveSnapshot(meta(2, 1), pieces(payload));
    await storage.close();
    const journal = await openFileJournal(storage.directory, options);
    await expect(loaded(journal)).rejects.toMatchObject({ code: "STORAGE_DAMAGED" });
    await journal.close();
  });
});

describe("the end", () => {
  it("waits for what was called before and refuses the rest", async () => {
    const journal = await newJournal();
    const last = journal.append(entriesOf("a"));
    const closing = journal.close();
    await expect(journal.append(entriesOf("b"))).rejects.toMatchObject({ code: "STORAGE_CLOSED" });
    await expect(journal.checkpoint([])).rejects.toMatchObject({ code: "STORAGE_CLOSED" });
    await Promise.all([last, closing, journal.close()]);
    await expect(loaded(journal)).rejects.toMatchObject({ code: "STORAGE_CLOSED" });
    expect(await kept(journal)).toEqual(["a"]);
  });

  it("gives up a checkpoint that is not complete", async () => {
    const journal = await newJournal("a");
    let closing: Promise<void> = Promise.resolve();
    function* endless(): Generator<Uint8Array> {
      closing = journal.close();
      for (;;) yield new Uint8Array(70_000).fill(65);
    }
    await expect(journal.checkpoint(endless())).rejects.toMatchObject({ code: "STORAGE_CLOSED" });
    await closing;
    expect(await kept(journal)).toEqual(["a"]);
  });
});

describe("a full disk", () => {
  it("refuses an append and what was called before anybody knew; then it goes on", async () => {
    const files = watch();
    const journal = await openJournalWith(files, await newDirectory(), options);
    await journal.append(entriesOf("a"));
    files.rule = ({ operation, name }) => {
      if (operation === "write" && name.startsWith("wal-next")) throw systemError("ENOSPC");
    };
    const full = { code: "STORAGE_FULL" };
    const late: Promise<void>[] = [];
    const first = journal.append(entriesOf("x".repeat(5000))).catch((error: unknown) => {
      late.push(journal.append(entriesOf("too early")));
      throw error;
    });
    const second = journal.append(entriesOf("behind it"));
    await expect(first).rejects.toMatchObject(full);
    await expect(second).rejects.toMatchObject(full);
    await expect(late[0]).rejects.toMatchObject(full);
    files.rule = () => undefined;
    await new Promise((resolve) => setImmediate(resolve));
    await journal.append(entriesOf("b"));
    await journal.checkpoint(entriesOf("AB"));
    await journal.append(entriesOf("c"));
    expect(await kept(journal)).toEqual(["AB", "c"]);
  });

  it.each([1, 30, 60, 100, 200, 300, 700, 2000])(
    "of entries of %d bytes gets room by a checkpoint, called as soon as it is known",
    async (size) => {
      const files = watch();
      const directory = await newDirectory();
      const journal = await openJournalWith(files, directory, options);
      let [segments, full] = [1, 0];
      files.after = ({ operation, name }) => {
        if (!name.startsWith("wal-0")) return;
        if (operation === "rename") segments += 1;
        if (operation === "remove") segments -= 1;
      };
      files.rule = ({ operation, name }) => {
        const refused = operation === "write" && name.startsWith("wal-next") && segments >= 3;
        if (refused) throw systemError("ENOSPC");
      };
      let count = 0;
      while (full < 3) {
        try {
          await journal.append([new Uint8Array(size).fill(65)]);
          count += 1;
        } catch (error) {
          expect(error).toMatchObject({ code: "STORAGE_FULL" });
          full += 1;
          await journal.checkpoint(entriesOf(`${count} entries`));
        }
      }
      await journal.append(entriesOf("and one more"));
      expect(await kept(journal)).toEqual([`${count} entries`, "and one more"]);
    },
  );

  it("has room for one checkpoint behind the last entry, wherever that ends", async () => {
    for (let pad = 1; pad <= 64; pad += 1) {
      const files = watch(new MemoryDisk());
      const journal = await openJournalWith(files, "/disk", options);
      files.rule = ({ name }) => {
        if (name.startsWith("wal-next")) throw systemError("ENOSPC");
      };
      await journal.append([new Uint8Array(pad)]);
      let full = false;
      while (!full) {
        full = await journal.append(entriesOf("x")).then(
          () => false,
          () => true,
        );
      }
      await journal.checkpoint(entriesOf("all"));
      await journal.close();
    }
  });

  it("refuses a checkpoint without harm", async () => {
    const files = watch();
    const journal = await openJournalWith(files, await newDirectory(), options);
    await journal.append(entriesOf("a"));
    files.rule = ({ operation, name }) => {
      if (operation === "write" && name.startsWith("snapshot")) throw systemError("ENOSPC");
    };
    const refused = journal.checkpoint(entriesOf("A"));
    await expect(refused).rejects.toMatchObject({ code: "STORAGE_FULL" });
    await journal.append(entriesOf("b"));
    files.rule = () => undefined;
    await journal.checkpoint(entriesOf("AB"));
    expect(await kept(journal)).toEqual(["AB"]);
  });
});

it("the log tool shows the entries of a journal by their first bytes", async () => {
  const journal = await newJournal("a", "b".repeat(50));
  await journal.checkpoint(entriesOf("A", "B"));
  await journal.append(entriesOf("c"));
  await journal.close();
  const lines: string[] = [];
  const output = {
    out: (line: string) => lines.push(line),
    error: (line: string) => lines.push(line),
  };
  expect(await runWalTool([journal.directory], output)).toBe(0);
  const text = lines.join("\n");
  expect(text).toMatch(/command +1@1 +1 bytes: 61\n/);
  expect(text).toMatch(/command +2@1 +50 bytes: (62){16}…\n/);
  expect(lines.at(-2)).toBe("journal: a checkpoint of 2 entries in place of entries up to 2");
});
