/** A wait for something that is looked at whenever it may have changed; it ends in time anyway. */
export class Drain {
  #isOver: () => boolean = () => false;
  #resolve: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** Resolves when `isOver` holds at a look, after `timeoutMs`, or at `end`. Called once. */
  wait(isOver: () => boolean, timeoutMs: number): Promise<void> {
    this.#isOver = isOver;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#timer = setTimeout(() => this.end(), timeoutMs);
      this.look();
    });
  }

  look(): void {
    if (this.#resolve !== null && this.#isOver()) this.end();
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#resolve?.();
    this.#resolve = null;
  }
}
