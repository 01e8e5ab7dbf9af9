/**
 * Between a stream and a slow reader: the newest event of each counter, never a queue. A writer waits
 * while it is full, so that it cannot grow.
 */
export class Mailbox<T> {
  /** In the order in which they were first unread, but for what has to come last. */
  readonly #waiting = new Map<string, T>();
  readonly #max: number;
  readonly #merge: (unread: T, event: T) => T;
  #ended: { readonly error: Error | null } | null = null;
  #wake: () => void = () => undefined;
  #drained: () => void = () => undefined;

  /**
   * @param max - most counters with an unread event
   * @param merge - what is left of an unread event and a newer one
   */
  constructor(max: number, merge: (unread: T, event: T) => T) {
    this.#max = max;
    this.#merge = merge;
  }

  /** @returns whether there was room; for an event of a name that waits there always is */
  put(name: string, event: T, place: "first" | "last" = "first"): boolean {
    const unread = this.#waiting.get(name);
    if (unread === undefined && this.#waiting.size >= this.#max) return false;
    if (place === "last") this.#waiting.delete(name);
    this.#waiting.set(name, unread === undefined ? event : this.#merge(unread, event));
    this.#wake();
    return true;
  }

  /** Resolves when something was taken, or it has ended. */
  room(): Promise<void> {
    if (this.#ended !== null || this.#waiting.size < this.#max) return Promise.resolve();
    return new Promise((resolve) => (this.#drained = resolve));
  }

  /** No more will come. @param error - what the reader is told after the rest; `null`: nothing */
  end(error: Error | null): void {
    this.#ended ??= { error };
    this.#wake();
    this.#drained();
  }

  /** @returns `null` at the end */
  async take(): Promise<T | null> {
    for (;;) {
      for (const [name, event] of this.#waiting) {
        this.#waiting.delete(name);
        this.#drained();
        return event;
      }
      if (this.#ended !== null) {
        if (this.#ended.error !== null) throw this.#ended.error;
        return null;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
