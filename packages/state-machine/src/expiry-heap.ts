/**
 * Which key expires first. A binary heap, because windows may change from command to command, and
 * then the oldest key is not the first to expire. While the window stays the same, adding is one
 * comparison.
 *
 * Every item knows its slot, so that one can be taken out of the middle: the heap never holds
 * leftovers, and what a sweep finds depends on the state alone, not on how it came about.
 */
import { MachineInvariantError } from "./errors.ts";

/** Ordered by `expiresAt`, and within one instant by `sequence`, which no two items share. */
export interface Expiring {
  readonly expiresAt: number;
  readonly sequence: number;
  /** Where the heap keeps it. Nobody else writes this. */
  slot: number;
}

export class ExpiryHeap<Item extends Expiring> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** What expires first. */
  first(): Item | null {
    return this.#items[0] ?? null;
  }

  add(item: Item): void {
    item.slot = this.#items.push(item) - 1;
    this.#rise(item);
  }

  remove(item: Item): void {
    const last = this.#items.pop();
    if (last === item) return;
    if (last === undefined || this.#items[item.slot] !== item) {
      throw new MachineInvariantError("what is taken from the heap is in the heap");
    }
    this.#place(last, item.slot);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(item: Item): void {
    let slot = item.slot;
    while (slot > 0) {
      const parent = this.#items[(slot - 1) >> 1]!;
      if (!isBefore(item, parent)) break;
      this.#place(parent, slot);
      slot = (slot - 1) >> 1;
    }
    this.#place(item, slot);
  }

  #sink(item: Item): void {
    const size = this.#items.length;
    let slot = item.slot;
    for (;;) {
      let child = slot * 2 + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(this.#items[child + 1]!, this.#items[child]!)) child += 1;
      if (!isBefore(this.#items[child]!, item)) break;
      this.#place(this.#items[child]!, slot);
      slot = child;
    }
    this.#place(item, slot);
  }

  #place(item: Item, slot: number): void {
    this.#items[slot] = item;
    item.slot = slot;
  }
}

function isBefore(a: Expiring, b: Expiring): boolean {
  return a.expiresAt === b.expiresAt ? a.sequence < b.sequence : a.expiresAt < b.expiresAt;
}
