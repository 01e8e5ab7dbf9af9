/**
 * Stamps proposals with log time, from a clock that is this process's own.
 *
 * Every process counts from another zero, so a new leader goes on from the log time that it finds:
 * its own clock may be far behind, and then nothing would ever expire. Stamps run as fast as the
 * clock does and never ahead of what some leader really measured, so windows are never shorter than
 * promised, and longer only where nobody measured.
 */
export class LogClock {
  #offsetMs: number | null = null;

  /**
   * The log time now, in whole milliseconds, at least `logTimeMs`.
   *
   * @param nowMs - a clock that never goes back, from any zero
   * @param logTimeMs - what the state of this server shows
   */
  stamp(nowMs: number, logTimeMs: number): number {
    this.observe(nowMs, logTimeMs);
    return Math.max(logTimeMs, Math.floor(nowMs + (this.#offsetMs ?? 0)));
  }

  /** A server that calls this now and then counts the time in which nobody proposes, too. */
  observe(nowMs: number, logTimeMs: number): void {
    const offsetMs = logTimeMs - nowMs;
    if (this.#offsetMs === null || offsetMs > this.#offsetMs) this.#offsetMs = offsetMs;
  }
}
