/**
 * The hard limits. They are part of the record and snapshot formats: what breaks one is malformed,
 * on every node alike. The limits that operators choose are far below them.
 */

/** Most characters of a counter's name. */
export const counterNameMaxLength: number = 128;

/** Most characters of a key. */
export const keyMaxLength: number = 255;

/** Most characters of the label of a member. */
export const labelMaxLength: number = 64;

/** Most characters of an address. */
export const addressMaxLength: number = 255;

/** Deltas of keyed additions lie strictly between −2^63 and 2^63. */
export const deltaLimit: bigint = 1n << 63n;

/** Values of counters lie strictly between −2^255 and 2^255. */
export const valueLimit: bigint = 1n << 255n;

/** What one record adds to or takes from one counter without keys is below 2^256. */
export const plainLimit: bigint = 1n << 256n;

/**
 * The sums of a writer, and sums of closed keys, are below 2^320. No writer gets there: its at most
 * 2^53 records add less than 2^256 each. So applying a record never has to look.
 */
export const totalLimit: bigint = 1n << 320n;

/** Most controls in a record. */
export const controlsMax: number = 131_072;

/** Most plain operations in a record, and most keyed ones. */
export const operationsMax: number = 131_072;

/** Most writers in a version vector, and in the floor of a reset. */
export const vectorMax: number = 65_536;

/** Most promises kept of one writer: the oldest go first, then older keys are closed later. */
export const promisesMax: number = 64;

/** Most conflicts kept for people to look at: the oldest go first. */
export const conflictsMax: number = 1_000;

/** Most labels of a counter. */
export const labelsMax: number = 16;

/** Most characters of the name of a label of a counter. */
export const labelNameMaxLength: number = 63;

/** Most characters of the text of a label, as JavaScript counts them (UTF-16 units). */
export const labelTextMaxLength: number = 255;

/** Most settings of one counter that this release does not know, and most bytes of one of them. */
export const settingsMax: number = 64;
export const settingMaxBytes: number = 16_384;

/** Most additions of one identity in one part of a snapshot; more take several parts. */
export const dotsMax: number = 256;

/** Target size of the pieces of a snapshot, in bytes. */
export const pieceBytes: number = 65_536;

const counterNamePattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const keyPattern = /^[!-~]{1,255}$/;
const labelNamePattern = /^[A-Za-z0-9._/-]{1,63}$/;
const labelPattern = /^[ -~]{1,64}$/;
const addressPattern = /^[!-~]{1,255}$/;

/** Whether this names a counter. */
export function isCounterName(text: string): boolean {
  return counterNamePattern.test(text);
}

/** Whether this can be the key of a keyed addition: visible ASCII. */
export function isKey(text: string): boolean {
  return keyPattern.test(text);
}

/** Whether this can be the label of a member: printable ASCII. */
export function isLabel(text: string): boolean {
  return labelPattern.test(text);
}

/** Whether this can be the name of a label of a counter. */
export function isLabelName(text: string): boolean {
  return labelNamePattern.test(text);
}

/** Whether this can be an address: visible ASCII. */
export function isAddress(text: string): boolean {
  return addressPattern.test(text);
}

/** Whether a keyed addition may add this. */
export function isDelta(value: bigint): boolean {
  return value < deltaLimit && value > -deltaLimit;
}

/** Whether a counter may have this value. */
export function isValue(value: bigint): boolean {
  return value < valueLimit && value > -valueLimit;
}
