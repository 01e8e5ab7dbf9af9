/**
 * Between a stream and a slow reader: the newest event of each counter, never a queue. A writer waits
 * while it is full, so that it cannot grow.
 */
export class Mailbox<T> {
  /** In the order in which they were first unread. */
  readonly #waiting = new Map<string, T>();
  readonly #max: number;
  #ended: { readonly error: Error | null } | null = null;
  #wake: () => void = () => undefined;
  #drained: () => void = () => undefined;

  /** @param max - most counters with an unread event */
  constructor(max: number) {
    this.#max = max;
  }

  /** @returns whether there was room; it replaces an unread event of the same name in any case */
  put(name: string, event: T): boolean {
    if (this.#waiting.size >= this.#max && !this.#waiting.has(name)) return false;
    this.#waiting.set(name, event);
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
