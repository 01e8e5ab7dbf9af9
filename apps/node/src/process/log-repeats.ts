/**
 * Keeps a log readable while something goes wrong again and again: of lines with the same text only
 * the first few are written, and then how many more there were.
 */

/** Lines of one text that are written within {@link repeatWindowMs}; further ones are counted. */
export const repeatsMax: number = 10;

/** Time after which the lines of a text are counted anew, in milliseconds. */
export const repeatWindowMs: number = 10_000;

/** Texts may hold names that strangers make up: no more of them are remembered at a time. */
export const repeatKindsMax: number = 1024;

interface Kind {
  count: number;
}

export class LogRepeats {
  readonly #onMore: (text: string, level: string, more: number) => void;
  readonly #windowMs: number;
  readonly #kinds = new Map<string, Kind>();

  /** @param onMore - told at the end of a window how many lines were not written in it */
  constructor(
    onMore: (text: string, level: string, more: number) => void,
    windowMs: number = repeatWindowMs,
  ) {
    this.#onMore = onMore;
    this.#windowMs = windowMs;
  }

  /** Whether a line of this text is to be written. */
  admits(level: string, text: string): boolean {
    const name = `${level} ${text}`;
    const kind = this.#kinds.get(name);
    if (kind !== undefined) return (kind.count += 1) <= repeatsMax;
    if (this.#kinds.size >= repeatKindsMax) return true; // written: rather too much than too little
    const begun: Kind = { count: 1 };
    this.#kinds.set(name, begun);
    setTimeout(() => {
      this.#kinds.delete(name);
      const more = begun.count - repeatsMax;
      if (more > 0) this.#onMore(text, level, more);
    }, this.#windowMs).unref();
    return true;
  }
}
