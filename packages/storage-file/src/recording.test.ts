/**
 * A recording file system as a witness: in any history, when a call is acknowledged, nothing that
 * it stands for is still on its way to the disk.
 */
import fc from "fast-check";
import { lockName } from "./names.ts";
import { openWith } from "./open.ts";
import { actionOf, anyStep, type Step } from "./test-support/actions.ts";
import { newDirectory } from "./test-support/directories.ts";
import { emptyModel, type Model } from "./test-support/model.ts";
import { Unsynced } from "./test-support/unsynced.ts";
import { type Call, watch } from "./test-support/watched-file-system.ts";
import type { SyncMode } from "./sync-policy.ts";

async function check(steps: readonly Step[], sync: SyncMode): Promise<void> {
  const files = watch();
  const unsynced = new Unsynced();
  files.after = (call) => unsynced.note(call);
  const sizes = { segmentBytes: 4096, firstSegmentBytes: 4096, keepSnapshots: 1 } as const;
  const storage = await openWith(files, await newDirectory(), { ...sizes, sync });
  let model: Model = emptyModel;
  for (const step of steps) {
    const action = actionOf(model, step);
    // One at a time: with several, the next one may be on its way when the first is acknowledged.
    for (const call of action.calls) {
      await call(storage);
      expect(unsynced.left).toEqual([]);
    }
    model = action.models.at(-1) ?? model;
  }
  await storage.close();
  expect([...unsynced.left, ...unsynced.files, ...unsynced.tooEarly]).toEqual([lockName]);
}

describe("nothing is acknowledged before its fdatasync", () => {
  it.each(["pool", "inline"] as const)(
    "in any history (%s)",
    async (sync) => {
      const histories = fc.array(anyStep, { minLength: 1, maxLength: 25 });
      await fc.assert(
        fc.asyncProperty(histories, (steps) => check(steps, sync)),
        { numRuns: 60 },
      );
    },
    60_000,
  );

  it("the witness notices a sync that is left out", async () => {
    const unsynced = new Unsynced();
    const call = (operation: Call["operation"], name: string): void =>
      unsynced.note({ operation, name, number: 0 });
    call("write", "wal-0000000000000001.log");
    expect(unsynced.left).toEqual(["wal-0000000000000001.log"]);
    call("sync", "wal-0000000000000001.log");
    call("write", "snapshot-saving.tmp");
    call("rename", "snapshot-0000000000000001-0000000000000001.bin");
    expect(unsynced.left).toEqual(["snapshot-0000000000000001-0000000000000001.bin"]);
    expect(unsynced.tooEarly).toHaveLength(1);
    call("syncDirectory", "x");
    expect(unsynced.left).toEqual([]);
  });
});
