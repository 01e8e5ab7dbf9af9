/**
 * Whenever the power fails, a process dies or a call of the disk fails: what a journal holds is the
 * newest checkpoint that was acknowledged (or the one that was being written), and behind it a
 * prefix of what was appended that contains everything acknowledged.
 */
import fc from "fast-check";
import { systemCode } from "./errors.ts";
import type { FileJournal } from "./file-journal.ts";
import { openJournalWith } from "./open-journal.ts";
import { bytesOf } from "./test-support/builders.ts";
import { newDirectory } from "./test-support/directories.ts";
import { JournalModel, loaded, smallSegments } from "./test-support/journals.ts";
import { MemoryDisk } from "./test-support/memory-disk.ts";
import { Unsynced } from "./test-support/unsynced.ts";
import {
  changes,
  systemError,
  watch,
  type WatchedFileSystem,
} from "./test-support/watched-file-system.ts";

/** Appends of so many entries of such a size each, all called at once. */
interface Burst {
  readonly kind: "burst";
  readonly calls: number;
  readonly size: number;
}

/** A checkpoint of so many entries, with appends before it, during it and after it. */
interface Checkpoint {
  readonly kind: "checkpoint";
  readonly entries: number;
  readonly size: number;
}

type Step = Burst | Checkpoint;

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("burst" as const),
    calls: fc.integer({ min: 1, max: 4 }),
    size: fc.integer({ min: 1, max: 3000 }),
  }),
  fc.record({
    kind: fc.constant("checkpoint" as const),
    entries: fc.nat(3),
    size: fc.integer({ min: 1, max: 3000 }),
  }),
);

function expectFailed(error: unknown): void {
  expect(["STORAGE_FAILED", "STORAGE_FULL"]).toContain(systemCode(error));
}

/** One life of a journal: what is done, with the model that says what must be remembered. */
class Life {
  readonly #journal: FileJournal;
  readonly #model: JournalModel;
  readonly #refused: unknown[] = [];
  #checkpoints = 0;

  constructor(journal: FileJournal, model: JournalModel) {
    this.#journal = journal;
    this.#model = model;
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.kind === "burst") await this.#burst(step);
      else await this.#checkpoint(step);
      if (this.#refused.length > 0) break;
    }
    for (const error of this.#refused) expectFailed(error);
  }

  async #burst({ calls, size }: Burst): Promise<void> {
    await Promise.all(Array.from({ length: calls }, (_, i) => this.#append(i + 1, size)));
  }

  async #append(count: number, size: number): Promise<void> {
    const model = this.#model;
    const first = model.appended.length;
    const texts = Array.from({ length: count }, (_, i) => `${first + i} `.repeat(size / 4 + 1));
    model.appended.push(...texts);
    try {
      await this.#journal.append(texts.map(bytesOf));
      model.acknowledged = Math.max(model.acknowledged, first + count);
    } catch (error) {
      this.#refused.push(error);
    }
  }

  async #checkpoint({ entries, size }: Checkpoint): Promise<void> {
    const model = this.#model;
    const appends = [this.#append(1, size)];
    const label = `checkpoint ${(this.#checkpoints += 1)} of ${size} `;
    const texts = Array.from({ length: entries }, (_, i) => `${label}${i} `.repeat(size / 10 + 1));
    const during = (): void => void appends.push(this.#append(2, size));
    function* taken(): Generator<Uint8Array> {
      during();
      for (const text of texts) yield bytesOf(text);
    }
    const covered = model.acknowledged;
    model.next = { entries: texts, covered };
    try {
      await this.#journal.checkpoint(taken());
      model.standing = { entries: texts, covered };
      model.next = null;
    } catch (error) {
      this.#refused.push(error);
    }
    await Promise.all(appends);
  }
}

/** Opens, checks what is there, and goes on until the end or the first refusal. */
async function live(
  at: { readonly files: WatchedFileSystem; readonly directory: string },
  model: JournalModel,
  steps: readonly Step[],
): Promise<void> {
  let journal: FileJournal;
  try {
    journal = await openJournalWith(at.files, at.directory, smallSegments);
  } catch (error) {
    expectFailed(error);
    return;
  }
  try {
    const found = await loaded(journal);
    const difference = model.differenceFrom(found);
    if (difference !== null) throw new Error(difference);
    model.restartFrom(found);
    await new Life(journal, model).run(steps);
  } finally {
    await Promise.allSettled([journal.close()]);
  }
}

/** Fails every call that changes something, from this one on. */
function dyingAfter(disk: MemoryDisk, calls: number): WatchedFileSystem {
  const files = watch(disk);
  let left = calls;
  files.rule = (call) => {
    if (changes(call) && (left -= 1) < 0) throw systemError("EIO");
  };
  return files;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

// Rolls, overlapping appends, checkpoints with nothing and with a lot in front of them.
const story: readonly Step[] = [
  { kind: "burst", calls: 2, size: 100 },
  { kind: "checkpoint", entries: 2, size: 300 },
  { kind: "burst", calls: 3, size: 1500 },
  { kind: "checkpoint", entries: 0, size: 1000 },
  { kind: "checkpoint", entries: 3, size: 2500 },
  { kind: "burst", calls: 1, size: 3000 },
];

const endless = Number.POSITIVE_INFINITY;

describe("a journal on a disk that loses power", () => {
  it.each(["power", "process"] as const)(
    "a %s failure at every write, sync and rename leaves what was acknowledged",
    async (end) => {
      const dice = seeded(11);
      for (let endsAt = 0; endsAt < 140; endsAt += 1) {
        let disk = new MemoryDisk();
        const model = new JournalModel();
        for (const calls of [endsAt, endsAt % 17, endless]) {
          await live({ files: dyingAfter(disk, calls), directory: "/disk" }, model, story);
          disk = end === "power" ? disk.afterPowerLoss(dice) : disk.afterProcessDeath();
        }
        await live({ files: watch(disk), directory: "/disk" }, model, []);
      }
    },
    60_000,
  );

  it("the same in any history", async () => {
    const anyLife = fc.record({
      steps: fc.array(anyStep, { minLength: 1, maxLength: 12 }),
      endsAt: fc.nat(120),
      power: fc.boolean(),
    });
    const property = fc.asyncProperty(
      fc.array(anyLife, { minLength: 1, maxLength: 4 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      async (lives, stream: Iterator<number, number>) => {
        let disk = new MemoryDisk();
        const model = new JournalModel();
        for (const { steps, endsAt, power } of lives) {
          await live({ files: dyingAfter(disk, endsAt), directory: "/disk" }, model, steps);
          disk = power ? disk.afterPowerLoss(() => stream.next().value) : disk.afterProcessDeath();
        }
        await live({ files: watch(disk), directory: "/disk" }, model, []);
      },
    );
    await fc.assert(property, { numRuns: 150 });
  }, 60_000);
});

describe("a disk on which one call fails", () => {
  it.each(["EIO", "ENOSPC"])(
    "%s: nothing acknowledged is lost, whichever it is",
    async (code) => {
      for (let number = 0, failed = true; failed; number += 1) {
        const files = watch();
        let left = number;
        files.rule = (call) => {
          if (changes(call) && left-- === 0) throw systemError(code);
        };
        const model = new JournalModel();
        const directory = await newDirectory();
        await live({ files, directory }, model, story);
        failed = left < 0;
        await live({ files: watch(), directory }, model, []);
      }
    },
    60_000,
  );

  it("EIO is final: everything later is refused with the same error", async () => {
    const files = watch();
    const journal = await openJournalWith(files, await newDirectory(), smallSegments);
    await journal.append([bytesOf("a")]);
    files.rule = (call) => {
      if (call.operation === "sync") throw systemError("EIO");
    };
    const [first, behind] = [journal.append([bytesOf("b")]), journal.append([bytesOf("c")])];
    const error: unknown = await first.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "STORAGE_FAILED", cause: { code: "EIO" } });
    await expect(behind).rejects.toBe(error);
    files.rule = () => undefined;
    await expect(journal.append([bytesOf("d")])).rejects.toBe(error);
    await expect(journal.checkpoint([])).rejects.toBe(error);
    await journal.close();
  });
});

describe("nothing is acknowledged before its fdatasync", () => {
  it("in any history, of entries and of checkpoints", async () => {
    const property = fc.asyncProperty(
      fc.array(anyStep, { minLength: 1, maxLength: 12 }),
      async (steps) => {
        const files = watch();
        const journal = await openJournalWith(files, await newDirectory(), smallSegments);
        const unsynced = new Unsynced();
        files.after = (call) => unsynced.note(call);
        for (const step of steps) {
          const entries = [new Uint8Array(step.size).fill(65)];
          // One at a time: with several, the next one may be on its way already.
          if (step.kind === "burst") await journal.append(entries);
          else await journal.checkpoint(entries);
          expect(unsynced.left).toEqual([]);
        }
        await journal.close();
      },
    );
    await fc.assert(property, { numRuns: 40 });
  }, 60_000);
});
