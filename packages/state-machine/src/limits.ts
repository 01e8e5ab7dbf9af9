/**
 * The hard limits. They are part of the command and snapshot formats: what breaks one is malformed,
 * on every server alike. The limits that operators choose travel inside the commands.
 */

/** Most characters of a counter's name. */
export const nameMaxLength: number = 128;

/** Most characters of a key. */
export const keyMaxLength: number = 255;

/** Bytes of a fingerprint, exactly. */
export const fingerprintBytes: number = 16;

/** Most bytes of the magnitude of a number: |n| < 2^1024. */
export const numberMaxBytes: number = 128;

/** Values, deltas and counts lie strictly between −2^1024 and 2^1024. */
export const valueLimit: bigint = 1n << 1024n;

/** Most operations in one command. */
export const operationsMax: number = 16_384;

/** Most traces that one command names. */
export const tracesMax: number = 1024;

/** Bytes of a trace: 16 of its id, 8 of the span's. */
export const traceContextBytes: number = 24;

/** Most additions or calls of `next` that one operation may stand for. */
export const timesMax: number = 16_384;

/** Most operations in a group. */
export const groupOperationsMax: number = 1024;

/** Most versions that a condition may name. */
export const conditionVersionsMax: number = 16;

/** Most labels of a counter. */
export const labelsMax: number = 16;

/** Most labels that one change of a configuration may name. */
export const labelChangesMax: number = 32;

/** Most UTF-16 code units of the value of a label. */
export const labelValueMaxLength: number = 255;

/** Longest time to live of a counter: 366 days. */
export const ttlMaxMs: number = 31_622_400_000;

/** Largest revision and restore epoch: a million changes a second reach it after 140 years. */
export const revisionMax: number = 2 ** 52;

/** Largest `countersMax` that a command may carry, and most counters in one restore. */
export const countersMaxLimit: number = 1_048_576;

/** Most counters in one part of a restore. */
export const restorePartCounters: number = 1024;

/** Most bytes of one part of a restore. */
export const restorePartBytes: number = 1_048_576;

/** Most parts of a restore. */
export const restorePartsMax: number = 1_048_576;

/** Most bytes of all parts of a restore: 4 GiB. */
export const restoreBytesMax: number = 2 ** 32;

/** How many counters one commit of a restore looks at, to carry over what they have issued. */
export const restoreCarryMax: number = 8192;

/** A restore without a part for this long is dropped, in milliseconds of log time: 10 minutes. */
export const stageIdleMaxMs: number = 600_000;

/** Characters of the digest of a restore in parts, exactly. */
export const stageDigestLength: number = 16;

/** Largest `keysMax` that a command may carry; well below the 2^24 entries that a Map can hold. */
export const keysMaxLimit: number = 4_194_304;

/** Longest `keyWindowMs`: 366 days. */
export const keyWindowMaxMs: number = 31_622_400_000;

/** Latest log time. Log time plus the longest window is still a safe integer. */
export const logTimeMaxMs: number = 2 ** 52;

/** How far the numbers of a session may run ahead of what its client has acknowledged. */
export const sessionSpanMax: number = 64;

/** Largest number of a session, and of one of its writes. */
export const sessionNumberMax: number = 2 ** 52;

/** Bytes that say whose a session is, exactly. */
export const sessionOwnerBytes: number = 16;

/** Largest `sessionsMax` that an operation may carry. */
export const sessionsMaxLimit: number = 1_048_576;

/** Longest time without use after which a session ends: 366 days. */
export const sessionIdleMaxMs: number = 31_622_400_000;

/** Ended sessions removed by one command, besides one for each of its operations. */
export const sweepMaxSessions: number = 256;

/** Expired keys removed by one command, besides one for each of its operations. */
export const sweepMaxKeys: number = 256;

/** Counters whose time is up removed by one command, besides one for each of its operations. */
export const sweepMaxCounters: number = 256;

/** Most names that one call of `namesAfter` gives. */
export const namesMax: number = 1000;

/** Target size of the pieces of a snapshot, in bytes. */
export const snapshotPieceBytes: number = 65_536;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const keyPattern = /^[!-~]{1,255}$/;
const stageIdPattern = /^[!-~]{1,64}$/;
const stageDigestPattern = /^[0-9a-f]{16}$/;
const labelKeyPattern = /^[A-Za-z0-9._/-]{1,63}$/;

/** Whether this names a counter. */
export function isCounterName(text: string): boolean {
  return namePattern.test(text);
}

/** Whether this can be the `key` of an {@link OperationKey}. */
export function isOperationKey(text: string): boolean {
  return keyPattern.test(text);
}

/** Whether this can be the key of a label. */
export function isLabelKey(text: string): boolean {
  return labelKeyPattern.test(text);
}

/** Whether this can be a value, a delta or (if positive) a count. */
export function isInRange(value: bigint): boolean {
  return value < valueLimit && value > -valueLimit;
}

/** Whether this can be the `stage` of a restore in parts. */
export function isStageId(text: string): boolean {
  return stageIdPattern.test(text);
}

export function isStageDigest(text: string): boolean {
  return stageDigestPattern.test(text);
}
