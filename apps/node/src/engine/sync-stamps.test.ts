import type { Input } from "@counter/raft";

import { stampsMax, SyncStamps } from "./sync-stamps.ts";

/** Steps a write with one entry through the observer, up to where it is told to stop. */
function disk(stamps: SyncStamps): {
  give: (write: number, index: number) => void;
  sync: (write: number) => void;
} {
  const observer = stamps.beside({});
  const nothing = { messages: [], outcomes: [], notes: [], committed: [], snapshotReads: [] };
  const rest = { ...nothing, contacts: null, restore: null, compactThrough: null };
  return {
    give: (id, index) => {
      const entry = { index, term: 1, kind: "noop", data: new Uint8Array(0) } as const;
      const write = { id, hardState: null, entries: [entry], chunk: null };
      observer.onReady?.({ ...rest, write });
    },
    sync: (write) => observer.onInput?.({ type: "persisted", write } satisfies Input),
  };
}

describe("when entries came to the disk", () => {
  it("is the end of the first write that has them", () => {
    const stamps = new SyncStamps();
    const { give, sync } = disk(stamps);
    stamps.come();
    give(1, 5);
    give(2, 7);
    expect(stamps.syncedMs(5)).toBeNull();
    const before = performance.now();
    sync(1);
    expect(stamps.syncedMs(5)).toBeGreaterThanOrEqual(before);
    expect(stamps.syncedMs(4)).toBe(stamps.syncedMs(5));
    expect(stamps.syncedMs(6)).toBeNull();
    sync(2);
    expect(stamps.syncedMs(6)).toBe(stamps.syncedMs(7));
  });

  it("is not looked at while nobody asks, and forgotten when the last one has gone", () => {
    const stamps = new SyncStamps();
    const { give, sync } = disk(stamps);
    give(1, 5);
    stamps.come();
    stamps.come();
    sync(1); // given before anybody asked
    expect(stamps.syncedMs(5)).toBeNull();
    give(2, 6);
    sync(2);
    stamps.go();
    expect(stamps.syncedMs(6)).not.toBeNull();
    stamps.go();
    expect(stamps.syncedMs(6)).toBeNull();
  });

  it.each([
    { syncs: stampsMax, known: true },
    { syncs: stampsMax + 1, known: false },
  ])("of $syncs syncs: the first is remembered: $known", ({ syncs, known }) => {
    const stamps = new SyncStamps();
    const { give, sync } = disk(stamps);
    stamps.come();
    for (let write = 1; write <= syncs; write += 1) {
      give(write, write);
      sync(write);
    }
    expect(stamps.syncedMs(1) !== stamps.syncedMs(2)).toBe(known);
  });
});
