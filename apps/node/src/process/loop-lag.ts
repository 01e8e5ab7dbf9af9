/** Measures how late timers run: a loop that is blocked answers nobody and misses heartbeats. */

const everyMs = 250;

/** The worst is remembered for so long at least, and twice as long at most; in milliseconds. */
const rememberMs = 30_000;

/** The largest of what was noted of late. */
export class WorstOfLate {
  #since: number;
  #worst = 0;
  #worstBefore = 0;

  /** @param nowMs - of a clock that only goes forward, as with every later call */
  constructor(nowMs: number) {
    this.#since = nowMs;
  }

  note(value: number, nowMs: number): void {
    this.#turn(nowMs);
    this.#worst = Math.max(this.#worst, value);
  }

  at(nowMs: number): number {
    this.#turn(nowMs);
    return Math.max(this.#worst, this.#worstBefore);
  }

  #turn(nowMs: number): void {
    if (nowMs - this.#since < rememberMs) return;
    this.#worstBefore = nowMs - this.#since < 2 * rememberMs ? this.#worst : 0;
    this.#worst = 0;
    this.#since = nowMs;
  }
}

export class LoopLag {
  readonly #timer: NodeJS.Timeout;
  #expectedAt = performance.now() + everyMs;
  #lastMs = 0;
  readonly #ofLate = new WorstOfLate(performance.now());

  constructor() {
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#lastMs = Math.max(0, now - this.#expectedAt);
      this.#expectedAt = now + everyMs;
      this.#ofLate.note(this.#lastMs, now);
    }, everyMs);
    this.#timer.unref();
  }

  /** The last measured lag in milliseconds, or how late the next measurement is already. */
  get ms(): number {
    return Math.max(this.#lastMs, performance.now() - this.#expectedAt);
  }

  /**
   * The largest lag of the last 30 to 60 s, in milliseconds. Whoever looks now and then looks while
   * the loop runs, and would hardly ever see that it stood still a moment before.
   */
  get worstMs(): number {
    return Math.max(this.ms, this.#ofLate.at(performance.now()));
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
