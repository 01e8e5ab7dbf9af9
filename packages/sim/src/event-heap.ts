/**
 * Virtual time: a binary heap of what is still to happen. Events of the same instant happen in the
 * order in which they were planned, so that a run never depends on how the heap is laid out.
 */
interface Planned {
  readonly at: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** Most events that may be planned at once; more is a leak in a simulation, not a workload. */
export const eventsMax: number = 1_000_000;

export class EventHeap {
  readonly #heap: Planned[] = [];
  #now = 0;
  #sequence = 0;

  /** The present instant, in units; {@link unitsPerTick} of them make a tick. */
  get now(): number {
    return this.#now;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Plans `run` for `delay` units from now (0 or more; fractions are cut off). */
  after(delay: number, run: () => void): void {
    if (this.#heap.length >= eventsMax) throw new RangeError("too many events are planned");
    const at = this.#now + Math.max(0, Math.floor(delay));
    this.#sequence += 1;
    this.#rise(this.#heap.push({ at, sequence: this.#sequence, run }) - 1);
  }

  /** Moves time to the next event and runs it; `false` when nothing is planned any more. */
  runNext(): boolean {
    const next = this.#heap[0];
    if (next === undefined) return false;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink();
    }
    this.#now = next.at;
    next.run();
    return true;
  }

  #rise(from: number): void {
    const heap = this.#heap;
    const item = heap[from]!;
    let slot = from;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (!isBefore(item, heap[parent]!)) break;
      heap[slot] = heap[parent]!;
      slot = parent;
    }
    heap[slot] = item;
  }

  #sink(): void {
    const heap = this.#heap;
    const item = heap[0]!;
    let slot = 0;
    for (;;) {
      let child = 2 * slot + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, item)) break;
      heap[slot] = heap[child]!;
      slot = child;
    }
    heap[slot] = item;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}

/** How many units of virtual time one nominal tick of a server takes. */
export const unitsPerTick: number = 100;
