/** What the clock of a node says, asked from here. */

/** A clock beside the one of this machine, in milliseconds. */
export interface ClockReading {
  readonly aheadMs: number;
  /** It may be so much more or less. */
  readonly offMs: number;
}

/** @param asked - by the clock of this machine, in milliseconds; @returns `null` for what is no time */
export function readingOf(
  time: string | null,
  asked: { readonly before: number; readonly after: number },
): ClockReading | null {
  const ms = time === null ? NaN : Date.parse(time);
  if (Number.isNaN(ms)) return null;
  const { before, after } = asked;
  return { aheadMs: ms - (before + after) / 2, offMs: Math.abs(after - before) / 2 };
}
