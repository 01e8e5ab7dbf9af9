/** Log lines about what may happen thousands of times a second. */

/** Kinds may hold names that strangers make up: no more of them are remembered. */
const kindsMax = 1024;

interface Kind {
  untold: number;
  toldAtMs: number;
}

/** The first of a kind is told at once, those that follow at most once in a while, together. */
export class NowAndThen {
  readonly #everyMs: number;
  readonly #now: () => number;
  readonly #kinds = new Map<string, Kind>();

  /**
   * @param everyMs - least time between two lines of one kind, in milliseconds
   * @param now - a clock that only goes forward, in milliseconds
   */
  constructor(everyMs: number = 10_000, now: () => number = performance.now.bind(performance)) {
    this.#everyMs = everyMs;
    this.#now = now;
  }

  /** @returns how many there were since the last line, if it is time for one; 0 if it is not */
  count(kind: string): number {
    const now = this.#now();
    const known = this.#kinds.get(kind);
    if (known === undefined) {
      if (this.#kinds.size >= kindsMax) this.#kinds.clear(); // then some are told again too early
      this.#kinds.set(kind, { untold: 0, toldAtMs: now });
      return 1;
    }
    known.untold += 1;
    if (now - known.toldAtMs < this.#everyMs) return 0;
    const count = known.untold;
    known.untold = 0;
    known.toldAtMs = now;
    return count;
  }

  /** It is mended: the next one is the first again. */
  forget(kind: string): void {
    this.#kinds.delete(kind);
  }
}
