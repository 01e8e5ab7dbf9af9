import { EventHeap } from "./event-heap.ts";
import { Random } from "./random.ts";

describe("virtual time", () => {
  it("runs events in the order of their moments, and of planning within one moment", () => {
    const heap = new EventHeap();
    const random = new Random(1);
    const seen: { at: number; n: number }[] = [];
    for (let n = 0; n < 500; n += 1) {
      const at = random.below(20);
      heap.after(at, () => seen.push({ at, n }));
    }
    while (heap.runNext());
    const sorted = [...seen].sort((a, b) => a.at - b.at || a.n - b.n);
    expect(seen).toEqual(sorted);
    expect(seen).toHaveLength(500);
  });

  it("counts from the present moment and never goes back", () => {
    const heap = new EventHeap();
    const moments: number[] = [];
    heap.after(5, () => {
      heap.after(-3, () => moments.push(heap.now));
      heap.after(2.9, () => moments.push(heap.now));
    });
    while (heap.runNext());
    expect(moments).toEqual([5, 7]);
  });

  it("says when nothing is left", () => {
    expect(new EventHeap().runNext()).toBe(false);
  });
});
