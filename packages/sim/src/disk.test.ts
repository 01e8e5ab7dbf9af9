import { configurationOf } from "@counter/raft";
import { SimDisk } from "./disk.ts";
import type { DiskFailure, DiskOptions } from "./disk.ts";
import type { DiskOperation } from "./disk-image.ts";
import { EventHeap } from "./event-heap.ts";
import { Random } from "./random.ts";
import { broken, entries, initial, members, write } from "./test-support/builders.ts";

function diskFor(
  seed = 1,
  options: Partial<DiskOptions> = {},
): {
  disk: SimDisk;
  heap: EventHeap;
  applied: DiskOperation[];
  failures: DiskFailure[];
} {
  const heap = new EventHeap();
  const applied: DiskOperation[] = [];
  const failures: DiskFailure[] = [];
  const disk = new SimDisk({
    heap,
    random: new Random(seed),
    latency: { min: 1, max: 10 },
    initial,
    segmentWrites: 1000,
    flaw: null,
    onRoomAgain: () => undefined,
    onApplied: (operation) => applied.push(operation),
    onFailure: (failure) => failures.push(failure),
    ...options,
  });
  return { disk, heap, applied, failures };
}

/** A snapshot of the first entry. */
const initialMeta = {
  index: 1,
  term: 1,
  configurationIndex: 1,
  configuration: configurationOf(members),
};

/** A snapshot that another server took. */
const snapshotMeta = { ...initialMeta, index: 9, term: 2 };

const append = (terms: string, first?: number): DiskOperation => ({
  type: "write",
  write: write({ entries: entries(terms, first) }),
});

function logOf(disk: SimDisk): string {
  return disk.image.log.entries.map(({ term }) => term).join(" ");
}

describe("the simulated disk", () => {
  it("makes nothing durable before its time, and then in order", () => {
    const { disk, heap } = diskFor();
    const done: number[] = [];
    disk.submit(append("2 2"), () => done.push(1));
    disk.submit(append("3", 3), () => done.push(2));
    expect(logOf(disk)).toBe("1");
    while (heap.runNext());
    expect(done).toEqual([1, 2]);
    expect(logOf(disk)).toBe("1 2 3");
  });

  it("keeps a prefix of what was out when power fails, of every length", () => {
    const kept = new Set<string>();
    for (let seed = 0; seed < 50; seed += 1) {
      const { disk } = diskFor(seed);
      disk.submit(append("2"), () => undefined);
      disk.submit(append("2", 3), () => undefined);
      disk.crash();
      kept.add(logOf(disk));
    }
    expect([...kept].sort()).toEqual(["1", "1 2", "1 2 2"]);
  });

  it("reports nothing of what a crash interrupted, even if it was kept", () => {
    const { disk, heap } = diskFor();
    const onDurable = jest.fn();
    disk.submit(append("2"), onDurable);
    disk.crash();
    while (heap.runNext());
    expect(onDurable).not.toHaveBeenCalled();
  });

  it("completes nothing while it hangs and goes on afterwards", () => {
    const { disk, heap } = diskFor();
    const onDurable = jest.fn();
    disk.hang();
    disk.submit(append("2"), onDurable);
    while (heap.runNext());
    expect(onDurable).not.toHaveBeenCalled();
    disk.recover();
    while (heap.runNext());
    expect(onDurable).toHaveBeenCalledTimes(1);
  });

  it("fails a write once when its fsync fails, with the data there or not", () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 20; seed += 1) {
      const { disk, heap, failures } = diskFor(seed);
      disk.failNext = "fsync";
      disk.submit(append("2"), () => outcomes.add("acknowledged"));
      while (heap.runNext());
      expect(failures).toEqual(["fsync"]);
      outcomes.add(logOf(disk));
    }
    expect([...outcomes].sort()).toEqual(["1", "1 2"]);
  });

  it("completes a snapshot with its last chunk and forgets the log before it", () => {
    const { disk, heap } = diskFor();
    const configuration = { ...snapshotMeta.configuration };
    const meta = { ...snapshotMeta, configuration };
    const chunk = { snapshot: meta, offset: 0, data: new Uint8Array([1, 2]), done: false };
    disk.submit({ type: "write", write: write({ chunk }) }, () => undefined);
    const last = { snapshot: meta, offset: 2, data: new Uint8Array([3]), done: true };
    disk.submit({ type: "write", write: write({ chunk: last }) }, () => undefined);
    while (heap.runNext());
    expect(disk.image.snapshot?.bytes).toEqual(new Uint8Array([1, 2, 3]));
    expect(disk.load()).toMatchObject({ snapshot: { index: 9, term: 2 }, entries: [] });
    expect(disk.image.log.firstIndex).toBe(10);
  });

  it("refuses a chunk that does not continue what is stored", () => {
    const { disk, heap } = diskFor();
    const chunk = { snapshot: snapshotMeta, offset: 5, data: new Uint8Array(1), done: false };
    disk.submit({ type: "write", write: write({ chunk }) }, () => undefined);
    expect(broken(() => heap.runNext())).toBe("log-without-gaps");
  });

  it("refuses to compact what no snapshot holds", () => {
    const { disk, heap } = diskFor();
    disk.submit({ type: "compact", through: 1 }, () => undefined);
    expect(broken(() => heap.runNext())).toBe("log-without-gaps");
  });
});

describe("names of files on the simulated disk", () => {
  const snapshot = {
    type: "saveSnapshot",
    snapshot: { meta: initialMeta, bytes: new Uint8Array([7]) },
  } as const;

  it("a snapshot and a new segment take a second sync, that of the directory", () => {
    const { disk, heap } = diskFor(1, { segmentWrites: 1, latency: { min: 10, max: 10 } });
    const done: [string, number][] = [];
    const note = (what: string) => () => done.push([what, heap.now]);
    disk.submit(append("2"), note("into the first segment"));
    disk.submit(append("2", 3), note("into the next one"));
    disk.submit(snapshot, note("a snapshot"));
    while (heap.runNext());
    expect(done).toEqual([
      ["into the first segment", 10],
      ["into the next one", 30],
      ["a snapshot", 50],
    ]);
  });

  it("a crash between the two syncs keeps all of it or nothing", () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 20; seed += 1) {
      const { disk, heap } = diskFor(seed, { latency: { min: 10, max: 10 } });
      disk.submit(snapshot, () => undefined);
      heap.runNext(); // the file is synced
      const { nameLost } = disk.crash();
      expect(nameLost).toBe(disk.image.snapshot === null);
      outcomes.add(nameLost ? "lost" : "kept");
    }
    expect([...outcomes].sort()).toEqual(["kept", "lost"]);
  });

  it("a name that nobody synced is lost with a later crash, and so is what came after it", () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 20; seed += 1) {
      const flaw = "skips-the-directory-sync";
      const { disk, heap } = diskFor(seed, { segmentWrites: 1, flaw });
      for (const index of [2, 3, 4]) disk.submit(append("2", index), () => undefined);
      while (heap.runNext());
      disk.crash();
      found.add(logOf(disk));
    }
    expect([...found].sort()).toEqual(["1 2", "1 2 2", "1 2 2 2"]);
  });
});

describe("a full simulated disk", () => {
  it("lets a write wait until there is room, and what frees room goes first", () => {
    const { disk, heap, applied } = diskFor();
    const done: string[] = [];
    disk.isFull = true;
    disk.submit(append("2"), () => done.push("write"));
    disk.submit({ type: "compact", through: 0 }, () => done.push("compact"));
    for (let i = 0; i < 5; i += 1) heap.runNext();
    expect(done).toEqual(["compact"]);
    expect(applied.map(({ type }) => type)).toEqual(["compact"]);
    disk.isFull = false;
    while (heap.runNext());
    expect(done).toEqual(["compact", "write"]);
    expect(logOf(disk)).toBe("1 2");
  });

  it("gives a snapshot up, and keeps nothing of a write that waits in a crash", () => {
    const { disk, heap } = diskFor();
    const onNoRoom = jest.fn();
    disk.isFull = true;
    const snapshot = { meta: initialMeta, bytes: new Uint8Array(1) };
    disk.submit({ type: "saveSnapshot", snapshot }, () => undefined, onNoRoom);
    disk.submit(append("2"), () => undefined);
    heap.runNext();
    expect(onNoRoom).toHaveBeenCalledTimes(1);
    expect(disk.crash()).toMatchObject({ kept: 0, lost: 1 });
    expect(logOf(disk)).toBe("1");
  });
});

describe("damage on the simulated disk", () => {
  it("that lasts refuses every start, a misreading refuses one", () => {
    const { disk } = diskFor();
    disk.rot = { index: 1, lasts: false };
    expect(disk.load()).toBeNull();
    expect(disk.load()).toMatchObject({ entries: initial.entries });
    disk.rot = { index: 1, lasts: true };
    expect(disk.load()).toBeNull();
    expect(disk.load()).toBeNull();
  });

  it("is found when a snapshot is missing that the log relies on", () => {
    const { disk } = diskFor();
    disk.image.log.compactThrough(1);
    expect(broken(() => disk.load())).toBe("log-without-gaps");
  });

  it("a wiped disk is as it was in the beginning", () => {
    const { disk, heap } = diskFor();
    disk.submit(append("2"), () => undefined);
    while (heap.runNext());
    const lost = disk.wipe();
    expect(lost.log.lastIndex).toBe(2);
    expect(disk.load()).toEqual(initial);
  });
});
