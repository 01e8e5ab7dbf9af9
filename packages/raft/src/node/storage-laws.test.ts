import { MemoryStorage, storageLaws } from "../index.ts";
import type { Entry, PersistedState, Write } from "../index.ts";

describe("a storage in memory", () => {
  it.each(storageLaws)("$name", async (law) => {
    const storage = new MemoryStorage();
    await law.check(() => Promise.resolve(storage));
  });
});

/** Storages that break one law each. */
class Flawed extends MemoryStorage {
  flaw = "";

  override async load(): Promise<PersistedState | null> {
    const loaded = await super.load();
    if (this.flaw === "forgets") return null;
    return loaded;
  }

  override async write(write: Omit<Write, "id">): Promise<void> {
    const { entries } = write;
    if (this.flaw === "reorders") {
      await new Promise((resolve) => setTimeout(resolve, 60 - (entries[0]?.index ?? 60)));
    }
    if (this.flaw === "shows halves" && write.chunk !== null) {
      return super.write({ ...write, chunk: { ...write.chunk, done: true } });
    }
    const changed = (entry: Entry): Entry => ({ ...entry, data: entry.data.slice(1) });
    const cut = this.flaw === "cuts a byte" ? entries.map(changed) : entries;
    return super.write({ ...write, entries: cut });
  }

  override compact(index: number): Promise<void> {
    return super.compact(this.flaw === "compacts one more" ? index + 1 : index);
  }
}

describe("what does not keep the laws is found out", () => {
  it.each(["forgets", "reorders", "shows halves", "cuts a byte", "compacts one more"])(
    "a storage that %s",
    async (flaw) => {
      const broken: unknown[] = [];
      for (const law of storageLaws) {
        const storage = new Flawed();
        storage.flaw = flaw;
        try {
          await law.check(() => Promise.resolve(storage));
        } catch (error) {
          broken.push(error);
        }
      }
      expect(broken).not.toEqual([]);
    },
  );
});
