/** Time and chance of a simulated world: what happens in it follows from a seed. */
interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

export class SimulatedTime {
  readonly #events: Event[] = [];
  #random: number;
  #now = 0;

  constructor(seed: number) {
    this.#random = seed * 2_654_435_761;
  }

  get now(): number {
    return this.#now;
  }

  /** Runs what is due next; `false` if there is nothing until `endMs`. */
  advance(endMs: number): boolean {
    const event = this.#events.shift();
    if (event === undefined || event.atMs > endMs) return false;
    this.#now = event.atMs;
    event.run();
    return true;
  }

  /** Of two at the same time the one that was asked for first runs first. */
  at(atMs: number, run: () => void): void {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#events[middle]!.atMs <= atMs) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, { atMs, run });
  }

  after(ms: number, run: () => void): void {
    this.at(this.#now + ms, run);
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = this.#random;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number from 0 to `bound - 1`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Random hexadecimal digits. */
  hex(digits: number): string {
    return this.below(16 ** digits)
      .toString(16)
      .padStart(digits, "0");
  }

  chance(share: number): boolean {
    return this.next() < share;
  }
}
