/**
 * D2 and D3: the textbook's grow-only counter. Everybody counts in a slot of its own, the value is
 * the sum, and two states are merged by the larger number of each slot: messages may be lost, doubled
 * and reordered. What is left is who owns a slot after a crash, and what a client says twice.
 */
import type { Design, DesignNode, Place } from "./design.ts";

type Slots = ReadonlyMap<string, number>;

interface StoredSlots {
  readonly starts: number;
  readonly slots: Slots;
}

/** Between two messages to a random peer, in ticks. */
const syncTicks = 10;

class SlotNode implements DesignNode<Slots> {
  readonly #place: Place<Slots, StoredSlots>;
  readonly #isDurable: boolean;
  readonly #starts: number;
  readonly #own: string;
  readonly #slots: Map<string, number>;
  #ticks = 0;

  constructor(place: Place<Slots, StoredSlots>, isDurable: boolean) {
    this.#place = place;
    this.#isDurable = isDurable;
    const stored = place.disk.contents;
    this.#slots = new Map(stored?.slots);
    this.#starts = (stored?.starts ?? 0) + 1;
    this.#own = isDurable ? `${place.self}.${this.#starts}` : `${place.self}`;
    this.#store();
  }

  increment(_key: string, acknowledge: () => void): void {
    this.#slots.set(this.#own, (this.#slots.get(this.#own) ?? 0) + 1);
    this.#store();
    acknowledge();
    const message: Slots = new Map([[this.#own, this.#slots.get(this.#own)!]]);
    for (const peer of this.#place.others) this.#place.send(peer, message);
  }

  receive(_from: number, slots: Slots): void {
    for (const [slot, count] of slots) {
      this.#slots.set(slot, Math.max(count, this.#slots.get(slot) ?? 0));
    }
    this.#store();
  }

  tick(): void {
    this.#ticks += 1;
    if (this.#ticks % syncTicks !== 0) return;
    this.#place.send(this.#place.random.pick(this.#place.others), new Map(this.#slots));
  }

  value(): number {
    let sum = 0;
    for (const count of this.#slots.values()) sum += count;
    return sum;
  }

  #store(): void {
    if (!this.#isDurable) return;
    this.#place.disk.contents = { starts: this.#starts, slots: new Map(this.#slots) };
  }
}

/** A node that starts again takes its slot up at 1, and the others take its increments for old. */
export const slotsInMemory: Design<Slots, StoredSlots> = {
  name: "D2",
  what: "slot = port, in memory",
  create: (place) => new SlotNode(place, false),
};

/** Every start has a slot of its own and everything is on the disk before it is said. */
export const slotsOnDisk: Design<Slots, StoredSlots> = {
  name: "D3",
  what: "slot = port + start, on disk",
  create: (place) => new SlotNode(place, true),
};
