/** How a node ends: once, whoever begins it, and with the first failure for whoever wants to know. */
export class Ending {
  /** Resolves when the node has ended: `null`, or the first error. */
  readonly stopped: Promise<Error | null>;
  readonly #close: (fatal: Error | null) => Promise<Error | null>;
  #resolveStopped: (error: Error | null) => void = () => undefined;
  #ending: Promise<void> | null = null;
  #fatal: Error | null = null;

  /** @param close - closes everything, and answers the first failure of that; called once */
  constructor(close: (fatal: Error | null) => Promise<Error | null>) {
    this.#close = close;
    this.stopped = new Promise((resolve) => (this.#resolveStopped = resolve));
  }

  get begun(): boolean {
    return this.#ending !== null;
  }

  /** What went wrong first; `null` while nothing has. */
  get fatal(): Error | null {
    return this.#fatal;
  }

  /**
   * Idempotent.
   *
   * @throws the first error of closing; everything was closed all the same
   */
  begin(): Promise<void> {
    return (this.#ending ??= this.#end());
  }

  /**
   * The node cannot go on.
   *
   * @returns whether it ends because of this, and not already
   */
  fail(error: Error): boolean {
    this.#fatal ??= error;
    if (this.begun) return false; // `stopped` tells it
    this.begin().catch(() => undefined); // `stopped` tells it
    return true;
  }

  async #end(): Promise<void> {
    const before = this.#fatal;
    const failed = await this.#close(before);
    this.#fatal ??= failed;
    this.#resolveStopped(this.#fatal);
    if (this.#fatal !== null && this.#fatal !== before) throw this.#fatal;
  }
}
