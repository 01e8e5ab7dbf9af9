/**
 * The hard limits. They are part of the format of envelopes and snapshots: what breaks one is
 * malformed, on every server alike. The limits that an operator chooses travel in the envelopes.
 */

/** Most characters of a key. */
export const keyMaxLength: number = 255;

/**
 * How far the commands of a session may run ahead of its acknowledgement, and so the most answers
 * that are kept for it.
 */
export const sessionSpanMax: number = 1024;

/** Most bytes of an answer that is kept. A larger one is given once, and never again. */
export const answerMaxBytes: number = 65_536;

/** Largest `keysMax`; well below the 2^24 entries that a Map can hold. */
export const keysMaxLimit: number = 4_194_304;

/** Largest `sessionsMax`. */
export const sessionsMaxLimit: number = 1_048_576;

/** Largest `bytesMax`: 64 GiB. */
export const bytesMaxLimit: number = 2 ** 36;

/** Longest `windowMs` and `sessionIdleMs`: 366 days. */
export const windowMaxMs: number = 31_622_400_000;

/** Latest log time in milliseconds. Log time plus the longest window is still a safe integer. */
export const logTimeMaxMs: number = 2 ** 52;

/** Most expired keys, and most expired sessions, that one command removes. */
export const sweepMax: number = 256;

/** Target size of the pieces of a snapshot, in bytes. */
export const snapshotPieceBytes: number = 65_536;

/** What a key, an answer of a session and a session are counted with, besides key and answer: measured. */
export const keyOverheadBytes: number = 400;
export const sessionAnswerOverheadBytes: number = 250;
export const sessionOverheadBytes: number = 400;

/** What may be remembered; the proposer's choice, in force from the command that carries it. */
export interface MemoryLimits {
  /** How long a key is remembered at least, in milliseconds of log time; default 1 hour. */
  readonly windowMs: number;
  /** Most keys; a new one beyond it is refused. Default 200,000. */
  readonly keysMax: number;
  /** Most sessions; the one that was used least recently goes. Default 10,000. */
  readonly sessionsMax: number;
  /** A session that is not used for so long expires, in milliseconds of log time; default 1 hour. */
  readonly sessionIdleMs: number;
  /**
   * Most bytes of keys, sessions and answers together, about as they take up memory; what needs to
   * be remembered is refused beyond it. The last answer may exceed it. Default 128 MiB.
   */
  readonly bytesMax: number;
}

export const defaultMemoryLimits: MemoryLimits = {
  windowMs: 3_600_000,
  keysMax: 200_000,
  sessionsMax: 10_000,
  sessionIdleMs: 3_600_000,
  bytesMax: 128 * 1024 * 1024,
};

/** @throws {RangeError} when one is no whole number in its range */
export function checkMemoryLimits(limits: MemoryLimits): void {
  checkWhole("windowMs", limits.windowMs, { min: 1, max: windowMaxMs });
  checkWhole("keysMax", limits.keysMax, { min: 0, max: keysMaxLimit });
  checkWhole("sessionsMax", limits.sessionsMax, { min: 1, max: sessionsMaxLimit });
  checkWhole("sessionIdleMs", limits.sessionIdleMs, { min: 1, max: windowMaxMs });
  checkWhole("bytesMax", limits.bytesMax, { min: 1, max: bytesMaxLimit });
}

/** @throws {RangeError} */
export function checkWhole(
  what: string,
  value: number,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${what} must be a whole number from ${min} to ${max}, not ${value}`);
}

const keyPattern = /^[!-~]{1,255}$/;

/** Whether this can be a key: 1–255 visible ASCII characters. */
export function isKey(text: string): boolean {
  return keyPattern.test(text);
}
