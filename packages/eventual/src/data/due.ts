/** Which keyed additions end first: a binary heap of rows of a {@link DotTable}, by `until`. */
import type { Slot } from "./slot.ts";
import type { DotTable } from "./dots.ts";
import { noSlot } from "./slot.ts";

export class DueQueue {
  readonly #dots: DotTable;
  readonly #heap: Slot[] = [];

  constructor(dots: DotTable) {
    this.#dots = dots;
  }

  /** The row that ends first; `noSlot` if there is none. */
  least(): Slot {
    return this.#heap[0] ?? noSlot;
  }

  push(slot: Slot): void {
    this.#heap.push(slot);
    this.#rise(slot, this.#heap.length - 1);
  }

  /** Nothing happens if the row is not here. */
  remove(slot: Slot): void {
    const place = this.#dots.place(slot);
    if (place === noSlot) return;
    this.#dots.setPlace(slot, noSlot);
    const last = this.#heap.pop()!;
    if (last === slot) return;
    this.#sink(last, place);
    this.#rise(last, this.#dots.place(last));
  }

  #rise(slot: Slot, from: number): void {
    const until = this.#dots.until(slot);
    let place = from;
    while (place > 0) {
      const above = this.#heap[(place - 1) >> 1]!;
      if (this.#dots.until(above) <= until) break;
      this.#put(above, place);
      place = (place - 1) >> 1;
    }
    this.#put(slot, place);
  }

  #sink(slot: Slot, from: number): void {
    const until = this.#dots.until(slot);
    let place = from;
    for (;;) {
      let below = place * 2 + 1;
      if (below >= this.#heap.length) break;
      if (below + 1 < this.#heap.length && this.#endsBefore(below + 1, below)) below += 1;
      if (this.#dots.until(this.#heap[below]!) >= until) break;
      this.#put(this.#heap[below]!, place);
      place = below;
    }
    this.#put(slot, place);
  }

  #endsBefore(one: number, other: number): boolean {
    return this.#dots.until(this.#heap[one]!) < this.#dots.until(this.#heap[other]!);
  }

  #put(slot: Slot, place: number): void {
    this.#heap[place] = slot;
    this.#dots.setPlace(slot, place);
  }
}
