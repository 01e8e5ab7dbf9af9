import { EventHeap } from "../event-heap.ts";
import { Random } from "../random.ts";
import { JournalDisk } from "./journal-disk.ts";

function diskWith(seed: number): {
  readonly heap: EventHeap;
  readonly disk: JournalDisk;
  readonly stored: number[];
} {
  const heap = new EventHeap();
  const stored: number[] = [];
  const disk = new JournalDisk({
    heap,
    random: new Random(seed, "disk"),
    latency: { min: 1, max: 5 },
    onStored: (entries) => stored.push(...entries.map((entry) => entry[0]!)),
  });
  return { heap, disk, stored };
}

const entry = (n: number): Uint8Array => new Uint8Array([n]);

function settle(heap: EventHeap): void {
  while (heap.runNext());
}

describe("a simulated journal", () => {
  it("stores writes in order, and says so when they are there", () => {
    const { heap, disk, stored } = diskWith(1);
    const done: number[] = [];
    disk.append([entry(1), entry(2)], () => {
      done.push(1);
      disk.append([entry(4)], () => done.push(3));
    });
    disk.append([entry(3)], () => done.push(2));
    expect(disk.entries).toHaveLength(0);
    settle(heap);
    expect(stored).toEqual([1, 2, 3, 4]);
    expect(done).toEqual([1, 2, 3]);
  });

  it("keeps a prefix of what was under way at a crash, and tells nobody of it", () => {
    const kept = new Set<number>();
    for (let seed = 1; seed <= 40; seed += 1) {
      const { heap, disk, stored } = diskWith(seed);
      let isTold = false;
      disk.append([entry(1), entry(2)], () => (isTold = true));
      disk.append([entry(3)], () => (isTold = true));
      kept.add(disk.crash().kept);
      settle(heap);
      expect(isTold).toBe(false);
      expect(disk.entries.map(([n]) => n)).toEqual([1, 2, 3].slice(0, stored.length));
    }
    expect([...kept].sort()).toEqual([0, 1, 2, 3]);
  });

  it("stores nothing while it is full", () => {
    const { heap, disk } = diskWith(1);
    disk.isFull = true;
    expect(disk.append([entry(1)], () => undefined)).toBe(false);
    disk.isFull = false;
    expect(disk.append([entry(1)], () => undefined)).toBe(true);
    settle(heap);
    expect(disk.entries).toHaveLength(1);
  });

  it("puts a checkpoint in the place of what was there when it began, whole or not at all", () => {
    const lengths = new Set<number>();
    for (let seed = 1; seed <= 60; seed += 1) {
      const { heap, disk } = diskWith(seed);
      disk.append([entry(1), entry(2), entry(3)], () => undefined);
      settle(heap);
      disk.checkpoint([entry(9)][Symbol.iterator](), () => undefined);
      disk.append([entry(4)], () => undefined);
      for (let event = 0; event < seed % 4; event += 1) heap.runNext();
      disk.crash();
      settle(heap);
      const numbers = disk.entries.map(([n]) => n).join("");
      expect(numbers).toMatch(/^(123|9)4?$/);
      lengths.add(numbers.startsWith("9") ? 1 : 3);
    }
    expect(lengths.size).toBe(2);
  });

  it("goes on after a checkpoint with what was added meanwhile", () => {
    const { heap, disk } = diskWith(3);
    disk.append([entry(1), entry(2)], () => undefined);
    settle(heap);
    disk.checkpoint([entry(8), entry(9)][Symbol.iterator](), () => undefined);
    disk.append([entry(3)], () => undefined);
    settle(heap);
    expect(disk.entries.map(([n]) => n)).toEqual([8, 9, 3]);
    expect(disk.sinceCheckpoint).toBe(1);
  });
});
