/**
 * A clock for leases: it never goes back, and it does not stand still while the machine sleeps.
 *
 * The monotonic clock of a process may stop while its machine is suspended, and a lease must be over
 * after that. The wall clock goes on, but is set now and then. So this one follows the monotonic
 * clock, and jumps ahead when more time has passed by the wall clock. A wall clock that is set ahead
 * ends a lease too early, which costs a round of messages; one that is set back changes nothing.
 */

/** So much the two may differ without a jump, in milliseconds: the wall clock is a coarse one. */
export const clockToleranceMs = 10;

/** Where the time comes from, in milliseconds. */
export interface TimeSources {
  readonly monotonicMs: () => number;
  readonly wallMs: () => number;
}

export class LeaseClock {
  readonly #sources: TimeSources;
  readonly #differenceMs: number;
  #aheadMs = 0;

  constructor(
    sources: TimeSources = { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
  ) {
    this.#sources = sources;
    this.#differenceMs = sources.wallMs() - sources.monotonicMs();
  }

  nowMs(): number {
    const monotonicMs = this.#sources.monotonicMs();
    const aheadMs = this.#sources.wallMs() - monotonicMs - this.#differenceMs;
    if (aheadMs > this.#aheadMs + clockToleranceMs) this.#aheadMs = aheadMs;
    return monotonicMs + this.#aheadMs;
  }
}
