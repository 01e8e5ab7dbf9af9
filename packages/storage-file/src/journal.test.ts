import { checkpointChunks, CheckpointReader } from "./format/checkpoint-format.ts";
import { journalEntryMaxBytes } from "./index.ts";
import { openJournalWith } from "./open-journal.ts";
import { bytesOf, textOf } from "./test-support/builders.ts";
import { newDirectory } from "./test-support/directories.ts";
import {
  entriesOf,
  invariantError,
  kept,
  loaded,
  newJournal,
  reopened,
  smallSegments as options,
} from "./test-support/journals.ts";
import { watch } from "./test-support/watched-file-system.ts";

describe("what was appended", () => {
  it("is there after a restart, in order", async () => {
    const journal = await newJournal("a", "b");
    await journal.append(entriesOf("c", "d"));
    expect(await kept(journal)).toEqual(["a", "b", "c", "d"]);
  });

  it("is nothing in a new journal, nor after an append of nothing", async () => {
    const journal = await newJournal();
    expect(await loaded(journal)).toEqual([]);
    await journal.append([]);
    expect(await kept(journal)).toEqual([]);
  });

  it("goes on behind what was there before", async () => {
    const journal = await reopened(await newJournal("a", "b"));
    expect(await loaded(journal)).toEqual(["a", "b"]);
    await journal.append(entriesOf("c"));
    expect(await kept(journal)).toEqual(["a", "b", "c"]);
  });

  it("keeps the order of calls that overlap, and shares their syncs", async () => {
    const files = watch();
    const journal = await openJournalWith(files, await newDirectory(), options);
    const syncs = (): number => files.calls.filter(({ operation }) => operation === "sync").length;
    const before = syncs();
    const done: number[] = [];
    const texts = Array.from({ length: 20 }, (_, i) => String(i));
    const calls = texts.map(async (text, i) => {
      await journal.append(entriesOf(text));
      done.push(i);
    });
    await Promise.all(calls);
    expect(done).toEqual(texts.map(Number));
    expect(syncs() - before).toBe(1);
    expect(await kept(journal)).toEqual(texts);
  });

  it("is given as copies that do not hold on to the log", async () => {
    const journal = await reopened(await newJournal("a"));
    for await (const entry of journal.load()) expect(entry.buffer.byteLength).toBe(1);
    await journal.close();
  });

  it("is loaded once", async () => {
    const journal = await newJournal("a");
    await loaded(journal);
    await expect(loaded(journal)).rejects.toMatchObject({ code: "STORAGE_INVARIANT" });
    await journal.close();
  });
});

describe("a checkpoint", () => {
  it("takes the place of everything that was acknowledged before", async () => {
    const journal = await newJournal("a", "b");
    await journal.checkpoint(entriesOf("ab", "!"));
    await journal.append(entriesOf("c"));
    expect(await kept(journal)).toEqual(["ab", "!", "c"]);
  });

  it("leaves what is on its way, and what comes meanwhile, behind it", async () => {
    const journal = await newJournal("a");
    const early = journal.append(entriesOf("b"));
    const meanwhile: Promise<void>[] = [];
    function* entries(): Generator<Uint8Array> {
      yield bytesOf("A");
      meanwhile.push(journal.append(entriesOf("c")));
      yield bytesOf("!");
    }
    await journal.checkpoint(entries());
    await Promise.all([early, ...meanwhile]);
    await journal.append(entriesOf("d"));
    expect(await kept(journal)).toEqual(["A", "!", "b", "c", "d"]);
  });

  it("may follow another one although nothing was appended, or be the very first thing", async () => {
    const journal = await newJournal();
    for (const text of ["1", "2", "3"]) await journal.checkpoint(entriesOf(text));
    const again = await reopened(journal);
    await again.checkpoint(entriesOf("4"));
    expect(await kept(again)).toEqual(["4"]);
  });

  it("may be empty", async () => {
    const journal = await newJournal("a");
    await journal.checkpoint([]);
    expect(await kept(journal)).toEqual([]);
  });

  it("is cut anywhere into chunks and put together again", () => {
    const texts = ["a", "b".repeat(70_000), "c", "d".repeat(3), "e".repeat(65_536)];
    const chunks = [...checkpointChunks({ covered: 2 ** 40, entries: entriesOf(...texts) })];
    const whole = Buffer.concat(chunks);
    for (const size of [1, 3, 4096, 65_536, whole.length]) {
      const reader = new CheckpointReader();
      const found: string[] = [];
      for (let at = 0; at < whole.length; at += size) {
        for (const entry of reader.read(whole.subarray(at, at + size))) found.push(textOf(entry));
      }
      reader.end(2 ** 41);
      expect(found).toEqual(texts);
      expect(reader.covered).toBe(2 ** 40);
    }
  });

  it("lets the event loop turn while it is written and while it is loaded", async () => {
    const journal = await newJournal("a");
    let turns = 0;
    const count = (): void => {
      turns += 1;
      ticking = setImmediate(count);
    };
    let ticking = setImmediate(count);
    const seen: number[] = [];
    function* entries(): Generator<Uint8Array> {
      for (let i = 0; i < 5; i += 1) {
        seen.push(turns);
        yield new Uint8Array(100_000).fill(65);
      }
    }
    await journal.checkpoint(entries());
    expect(new Set(seen).size).toBe(5);
    await journal.append(Array.from({ length: 8 }, () => new Uint8Array(100_000).fill(66)));
    const again = await reopened(journal);
    const before = turns;
    expect((await loaded(again)).length).toBe(13);
    expect(turns).toBeGreaterThan(before + 5);
    clearImmediate(ticking);
    await again.close();
  });

  it("frees the segments that it covers", async () => {
    const journal = await newJournal();
    for (let i = 0; i < 20; i += 1) await journal.append(entriesOf("x".repeat(1000)));
    const files = watch();
    const sizeOf = async (): Promise<number> => (await files.list(journal.directory)).length;
    const before = await sizeOf();
    await journal.checkpoint(entriesOf("all"));
    expect(await sizeOf()).toBeLessThan(before - 3);
    await journal.checkpoint(entriesOf("all"));
    expect(await kept(journal)).toEqual(["all"]);
    const snapshots = (await files.list(journal.directory)).filter((n) => n.startsWith("snap"));
    expect(snapshots).toHaveLength(1);
  });

  it.each([
    { what: "throws", entries: () => failing(), error: { message: "the state is gone" } },
    { what: "gives an empty entry", entries: () => entriesOf("A", ""), error: invariantError },
    {
      what: "gives an entry above the limit",
      entries: () => [new Uint8Array(journalEntryMaxBytes + 1)],
      error: invariantError,
    },
  ])("whose source $what replaces nothing, and the journal goes on", async ({ entries, error }) => {
    const journal = await newJournal("a");
    await expect(journal.checkpoint(entries())).rejects.toMatchObject(error);
    await journal.append(entriesOf("b"));
    await journal.checkpoint(entriesOf("AB"));
    await journal.append(entriesOf("c"));
    expect(await kept(journal)).toEqual(["AB", "c"]);
  });

  it("is the only one of its time", async () => {
    const journal = await newJournal("a");
    const first = journal.checkpoint(entriesOf("A"));
    await expect(journal.checkpoint(entriesOf("B"))).rejects.toMatchObject(invariantError);
    await first;
    expect(await kept(journal)).toEqual(["A"]);
  });
});

function* failing(): Generator<Uint8Array> {
  yield bytesOf("A");
  throw new Error("the state is gone");
}
