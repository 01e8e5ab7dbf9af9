/**
 * Requests that wait for a leader, or for a node that has just been started. While one is being
 * elected nothing can be written, and nothing is wrong either: who waits a second is served, where a
 * refusal would have to be sent again.
 *
 * Only requests of which it is certain that they have not taken effect wait here.
 */

/** Most requests that wait; further ones are refused at once. */
export const heldMax: number = 2048;

/** Most bytes that their bodies may take together. */
export const heldMaxBytes: number = 16 * 1024 * 1024;

/** The first pause before a leader that has sent a request away is asked again, in milliseconds. */
const askAgainMs = 25;
/** The pauses double up to this. */
const askAgainMaxMs = 400;

/** The pause before attempt `attempt` (1, 2, …), in milliseconds. */
export function pauseBefore(attempt: number): number {
  return Math.min(askAgainMaxMs, askAgainMs * 2 ** Math.min(attempt - 1, 10));
}

export class HeldRequests {
  readonly #limits: { readonly requests: number; readonly bytes: number };
  readonly #waiting = new Set<() => void>();
  #bytes = 0;
  #closed = false;

  constructor(limits: { readonly requests?: number; readonly bytes?: number } = {}) {
    this.#limits = { requests: heldMax, bytes: heldMaxBytes, ...limits };
  }

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves with `true` when something has changed or the time is over, and with `false` if the
   * request must not wait (any longer).
   *
   * @param bytes - what the request keeps in memory
   */
  async hold(bytes: number, timeoutMs: number): Promise<boolean> {
    const { requests, bytes: bytesMax } = this.#limits;
    if (this.#closed || this.#waiting.size >= requests || this.#bytes + bytes > bytesMax) {
      return false;
    }
    this.#bytes += bytes;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => end(), timeoutMs);
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve();
      };
      this.#waiting.add(end);
    });
    this.#bytes -= bytes;
    return !this.#closed;
  }

  /** Something has changed: whoever waits looks again. */
  release(): void {
    for (const end of [...this.#waiting]) end();
  }

  /** The node stops: nobody waits any more. */
  close(): void {
    this.#closed = true;
    this.release();
  }
}
