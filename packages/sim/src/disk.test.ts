import { SimDisk } from "./disk.ts";
import type { DiskFailure, DiskOperation } from "./disk.ts";
import { EventHeap } from "./event-heap.ts";
import { Random } from "./random.ts";
import { broken, entries, initial, write } from "./test-support/builders.ts";

function diskFor(seed = 1): {
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
    onApplied: (operation) => applied.push(operation),
    onFailure: (failure) => failures.push(failure),
  });
  return { disk, heap, applied, failures };
}

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

const snapshotMeta = {
  index: 9,
  term: 2,
  configurationIndex: 1,
  configuration: {
    members: [],
    voters: [],
    outgoing: [],
    learners: [],
    learnersNext: [],
    joining: [],
    autoLeave: false,
  },
};
