/** The clock of one node, by which windows of keys are measured: it may jump, drift or stand still. */
import type { EventHeap } from "../event-heap.ts";
import { unitsPerTick } from "../event-heap.ts";
import { msPerTick } from "./knobs.ts";

/** True time at the beginning of a run. */
const beginMs = 1_750_000_000_000;

/** What the clock on the wall shows, in ms. */
export function trueMs(heap: Pick<EventHeap, "now">): number {
  return beginMs + Math.floor((heap.now * msPerTick) / unitsPerTick);
}

export class WallClock {
  /** How far it is off, in ms. */
  offsetMs = 0;
  readonly #heap: Pick<EventHeap, "now">;
  #frozenAt: number | null = null;

  constructor(heap: Pick<EventHeap, "now">) {
    this.#heap = heap;
  }

  get nowMs(): number {
    return Math.max(0, this.#frozenAt ?? trueMs(this.#heap) + this.offsetMs);
  }

  freeze(): void {
    this.#frozenAt ??= this.nowMs;
  }

  /** It goes on, and shows the right time again unless it is off. */
  thaw(): void {
    this.#frozenAt = null;
  }

  mend(): void {
    this.thaw();
    this.offsetMs = 0;
  }
}
