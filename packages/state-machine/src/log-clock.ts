/**
 * Stamps the commands of a leader with log time, from a clock that is its own.
 *
 * Every process counts from another zero, so a new leader must go on from the log time that it
 * finds, not from its own clock: that may be far behind, and then no key would ever expire. The
 * stamps run as fast as the clock does and never ahead of what some leader really measured, so a
 * key is remembered for its whole window, and longer only where nobody measured.
 */
export class LogClock {
  #offsetMs: number | null = null;

  /**
   * The log time now.
   *
   * @param monotonicMs - a clock that never goes back, from any zero
   * @param logTimeMs - what the machine of this server shows
   * @returns whole milliseconds, at least `logTimeMs`
   */
  stamp(monotonicMs: number, logTimeMs: number): number {
    this.observe(monotonicMs, logTimeMs);
    return Math.max(logTimeMs, Math.floor(monotonicMs + (this.#offsetMs ?? 0)));
  }

  /**
   * Takes note of the log time that this server has reached. A server that calls this whenever it
   * applied something also counts the time in which nobody proposes.
   */
  observe(monotonicMs: number, logTimeMs: number): void {
    const offsetMs = logTimeMs - monotonicMs;
    if (this.#offsetMs === null || offsetMs > this.#offsetMs) this.#offsetMs = offsetMs;
  }
}
