import fc from "fast-check";
import type { FileStorage } from "./file-storage.ts";
import { openWith } from "./open.ts";
import { type Action, actionOf, anyStep, snapshotText, type Step } from "./test-support/actions.ts";
import { textFrom } from "./test-support/builders.ts";
import { MemoryDisk } from "./test-support/memory-disk.ts";
import { afterRestart, differenceFrom, emptyModel, type Model } from "./test-support/model.ts";
import {
  changes,
  systemError,
  watch,
  type WatchedFileSystem,
} from "./test-support/watched-file-system.ts";

const options = { segmentBytes: 4096, firstSegmentBytes: 4096, keepSnapshots: 2 } as const;

/** A server's disk, and what the server may find on it. */
interface World {
  disk: MemoryDisk;
  /** What has been acknowledged, and behind it what may have become durable as well. */
  possible: Model[];
}

/** The power fails, or the process dies, after so many calls that change something. */
interface Life {
  readonly steps: readonly Step[];
  readonly endsAt: number;
  readonly end: "power" | "process";
}

const anyLife: fc.Arbitrary<Life> = fc.record({
  steps: fc.array(anyStep, { minLength: 1, maxLength: 25 }),
  endsAt: fc.nat(150),
  end: fc.constantFrom("power", "process"),
});

async function live(world: World, life: Life, dice: () => number): Promise<void> {
  const files = watch(world.disk);
  let left = life.endsAt;
  files.rule = (call) => {
    if (changes(call) && (left -= 1) < 0) throw systemError("EIO");
  };
  await runSteps(world, files, life.steps);
  world.disk =
    life.end === "power" ? world.disk.afterPowerLoss(dice) : world.disk.afterProcessDeath();
}

async function runSteps(
  world: World,
  files: WatchedFileSystem,
  steps: readonly Step[],
): Promise<void> {
  let storage: FileStorage;
  try {
    storage = await openWith(files, "/disk", { ...options, sync: "pool" });
  } catch (error) {
    expect(error).toMatchObject({ code: "STORAGE_FAILED" });
    return;
  }
  await checkLoaded(world, storage);
  for (const step of steps) {
    if (!(await act(world, storage, actionOf(world.possible[0]!, step)))) break;
  }
  await Promise.allSettled([storage.close()]);
}

/** Whether all calls were acknowledged. */
async function act(world: World, storage: FileStorage, action: Action): Promise<boolean> {
  const results = await Promise.allSettled(action.calls.map((call) => call(storage)));
  const failed = results.findIndex((result) => result.status === "rejected");
  const acknowledged = failed < 0 ? results.length : failed;
  for (const result of results.slice(acknowledged)) {
    expect(result).toMatchObject({ status: "rejected", reason: { code: "STORAGE_FAILED" } });
  }
  world.possible = [...world.possible.slice(0, 1), ...action.models].slice(acknowledged);
  return failed < 0;
}

/** What is there is one of the possible things; from now on it is the only one. */
async function checkLoaded(world: World, storage: FileStorage): Promise<void> {
  const persisted = await storage.load();
  const differences = world.possible.map((model) => differenceFrom(model, persisted));
  const match = differences.indexOf(null);
  if (match < 0) throw new Error(`found ${JSON.stringify(persisted)}: ${differences.join("; ")}`);
  world.possible = [afterRestart(world.possible[match]!)];
  const index = persisted?.snapshot?.index;
  if (index === undefined) return;
  expect(await textFrom(storage.readSnapshot(index))).toBe(snapshotText(index));
}

/** Numbers from 0 to 1, the same in every run (a linear congruential generator). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

describe("whatever happens, and whenever the power fails", () => {
  it("everything acknowledged is there after each restart, and nothing is taken for damage", async () => {
    const property = fc.asyncProperty(
      fc.array(anyLife, { minLength: 1, maxLength: 4 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      async (lives, stream: Iterator<number, number>) => {
        const dice = (): number => stream.next().value;
        const world: World = { disk: new MemoryDisk(), possible: [emptyModel] };
        for (const life of lives) await live(world, life, dice);
        await live(world, { steps: [], endsAt: Infinity, end: "process" }, dice);
      },
    );
    await fc.assert(property, { numRuns: 300 });
  }, 60_000);

  // Everything once: votes, a long batch that rolls, snapshots of our own and of others, compaction.
  const oneOfEach: readonly Step[] = [
    { kind: "append", a: 3, b: 0 },
    { kind: "vote", a: 0, b: 0 },
    { kind: "burst", a: 3, b: 29 },
    { kind: "burst", a: 3, b: 29 },
    { kind: "replace", a: 2, b: 29 },
    { kind: "save", a: 0, b: 0 },
    { kind: "burst", a: 7, b: 29 },
    { kind: "compact", a: 0, b: 0 },
    { kind: "install", a: 0, b: 10 },
    { kind: "append", a: 2, b: 3 },
    { kind: "saveAhead", a: 1, b: 0 },
    { kind: "append", a: 3, b: 0 },
    { kind: "compact", a: 0, b: 0 },
  ];

  it.each(["power", "process"] as const)(
    "the same, when a %s failure at every single call is followed by a power failure early on",
    async (end) => {
      const random = seeded(7);
      for (let endsAt = 0; endsAt < 130; endsAt += 1) {
        for (let again = endsAt % 4; again < 14; again += 4) {
          const world: World = { disk: new MemoryDisk(), possible: [emptyModel] };
          await live(world, { steps: oneOfEach, endsAt, end }, random);
          await live(world, { steps: oneOfEach, endsAt: again, end: "power" }, random);
          await live(world, { steps: oneOfEach, endsAt: Infinity, end: "process" }, random);
        }
      }
    },
    60_000,
  );
});
