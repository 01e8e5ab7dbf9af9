/** Measures how late timers run: a loop that is blocked answers nobody and misses heartbeats. */

const everyMs = 250;

export class LoopLag {
  readonly #timer: NodeJS.Timeout;
  #expectedAt = performance.now() + everyMs;
  #lastMs = 0;

  constructor() {
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#lastMs = Math.max(0, now - this.#expectedAt);
      this.#expectedAt = now + everyMs;
    }, everyMs);
    this.#timer.unref();
  }

  /** The last measured lag in milliseconds, or how late the next measurement is already. */
  get ms(): number {
    return Math.max(this.#lastMs, performance.now() - this.#expectedAt);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
