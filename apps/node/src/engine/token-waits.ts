/**
 * Waits until this node has applied what a token stands for. Woken by what is applied, not by
 * looking again and again; nobody waits longer than asked for, and only so many wait at all.
 */
import type { CounterVersion } from "@counter/state-machine";

import { TooManyWaitingError } from "./engine.ts";
import { TokenForeignError, type StrongToken } from "./tokens.ts";

/** Most reads that wait for a token in one node; further ones are refused. */
export const tokenWaitersMax: number = 4096;

interface Waiter {
  readonly token: StrongToken;
  /** Called once the state is another one; says whether that was all. */
  readonly look: () => boolean;
}

export class TokenWaits {
  readonly #current: () => CounterVersion;
  readonly #waitersMax: number;
  readonly #waiters = new Set<Waiter>();
  /** The lowest revision that anybody waits for: most of what is applied wakes nobody. */
  #lowest = Infinity;
  /** Once it is another one, everybody has to know. */
  #epoch = 0;

  constructor(current: () => CounterVersion, options: { readonly waitersMax?: number } = {}) {
    this.#current = current;
    this.#waitersMax = options.waitersMax ?? tokenWaitersMax;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Resolves once the state has what the token says; at once if it has.
   *
   * @param waitMs - 0: does not wait
   * @throws NotYetConsistentError after `waitMs`, TokenForeignError, TooManyWaitingError
   */
  async until(token: StrongToken, waitMs: number): Promise<void> {
    if (reached(token, this.#current())) return;
    if (waitMs <= 0) throw new NotYetConsistentError(token);
    if (this.#waiters.size >= this.#waitersMax) throw new TooManyWaitingError(this.#waitersMax);
    await new Promise<void>((resolve, reject) => {
      const end = (): true => {
        clearTimeout(timer);
        return this.#waiters.delete(waiter) || true;
      };
      const look = (): boolean => {
        try {
          if (!reached(token, this.#current())) return false;
          resolve();
        } catch (error) {
          reject(error instanceof Error ? error : new TokenForeignError());
        }
        return end();
      };
      const waiter = { token, look };
      const timer = setTimeout(() => {
        end();
        reject(new NotYetConsistentError(token));
      }, waitMs);
      this.#waiters.add(waiter);
      this.#lowest = Math.min(this.#lowest, token.revision);
    });
  }

  /** To be called whenever something was applied. */
  applied(): void {
    if (this.#waiters.size === 0) return;
    const { epoch, revision } = this.#current();
    if (revision < this.#lowest && epoch === this.#epoch) return;
    this.#epoch = epoch;
    let lowest = Infinity;
    for (const { token, look } of [...this.#waiters]) {
      if (!look()) lowest = Math.min(lowest, token.revision);
    }
    this.#lowest = lowest;
  }
}

/**
 * Whether a state has what a token stands for. Revisions go on through restores.
 *
 * @throws TokenForeignError if all counters were replaced since
 */
export function reached(token: StrongToken, current: CounterVersion): boolean {
  if (current.epoch > token.epoch) throw new TokenForeignError();
  return current.epoch === token.epoch && current.revision >= token.revision;
}

/** This node has not applied what the request has seen; another one may have, or this one soon. */
export class NotYetConsistentError extends Error {
  override readonly name = "NotYetConsistentError";
  readonly code = "NOT_YET_CONSISTENT";
  readonly outcome = "not-applied";
  constructor({ revision }: StrongToken) {
    super(`this node has not applied change ${revision} yet, which the request has seen`);
  }
}
