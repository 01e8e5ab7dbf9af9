/** The clock of one server. It goes on whatever the process does, but maybe too fast or too slow. */
import type { EventHeap } from "./event-heap.ts";

export class LocalClock {
  readonly #heap: Pick<EventHeap, "now">;
  #pace: number;
  #units = 0;
  #readAt: number;

  constructor(heap: Pick<EventHeap, "now">, pace: number) {
    this.#heap = heap;
    this.#pace = pace;
    this.#readAt = heap.now;
  }

  /** How much true time passes while it counts one: 1.2 is a fifth too slow. */
  get pace(): number {
    return this.#pace;
  }

  set pace(pace: number) {
    this.#advance();
    this.#pace = pace;
  }

  /** In units of its own, from when the run began. */
  get now(): number {
    this.#advance();
    return this.#units;
  }

  #advance(): void {
    const { now } = this.#heap;
    this.#units += (now - this.#readAt) / this.#pace;
    this.#readAt = now;
  }
}
