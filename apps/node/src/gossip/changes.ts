/** Tells readers that something has changed, not what: they look. A slow one misses nothing. */
export class Changes {
  #version = 0;
  #closed = false;
  readonly #waiting = new Set<() => void>();

  notify(): void {
    this.#version += 1;
    this.#wakeAll();
  }

  /** Ends all readers. */
  close(): void {
    this.#closed = true;
    this.#wakeAll();
  }

  /**
   * Yields at once, and then whenever something has changed since it yielded last: once, however
   * often that was.
   */
  async *read(signal: AbortSignal): AsyncGenerator<void, void, undefined> {
    let seen = -1;
    while (!signal.aborted && !this.#closed) {
      if (seen === this.#version) {
        await this.#untilWoken(signal);
        continue;
      }
      seen = this.#version;
      yield;
    }
  }

  #untilWoken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
