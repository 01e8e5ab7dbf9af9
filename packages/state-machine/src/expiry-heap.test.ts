import fc from "fast-check";
import { ExpiryHeap } from "./expiry-heap.ts";

it("gives what expires first, and of one instant what came first, whatever was taken out", () => {
  const step = fc.record({
    expiresAt: fc.nat(30),
    removesOne: fc.constantFrom(true, false, false),
    which: fc.nat(),
  });
  const steps = fc.array(step, { minLength: 20, maxLength: 80 });
  fc.assert(
    fc.property(steps, (list) => {
      const heap = new ExpiryHeap<{ expiresAt: number; sequence: number; slot: number }>();
      const items: { expiresAt: number; sequence: number; slot: number }[] = [];
      list.forEach(({ expiresAt, removesOne, which }, sequence) => {
        const item = { expiresAt, sequence, slot: 0 };
        heap.add(item);
        items.push(item);
        if (removesOne) heap.remove(items.splice(which % items.length, 1)[0]!);
      });
      items.sort((a, b) => a.expiresAt - b.expiresAt || a.sequence - b.sequence);
      expect(heap.size).toBe(items.length);
      for (const item of items) {
        expect(heap.first()).toBe(item);
        heap.remove(item);
      }
      expect(heap.first()).toBeNull();
    }),
  );
});

it("refuses to take out what it does not hold", () => {
  const heap = new ExpiryHeap();
  heap.add({ expiresAt: 1, sequence: 0, slot: 0 });
  heap.add({ expiresAt: 2, sequence: 1, slot: 0 });
  expect(() => heap.remove({ expiresAt: 1, sequence: 0, slot: 0 })).toThrow("is in the heap");
});
