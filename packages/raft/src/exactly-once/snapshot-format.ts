/**
 * What the writer and the reader of snapshots agree on; `docs/exactly-once.md` has it byte by byte.
 * A snapshot is a magic and a version, then records, each with its length before it: one of the
 * memory, the keys, and each session followed by its answers. The bytes of the wrapped machine's own
 * snapshot are the rest.
 */

/** "ONCE": so that another snapshot is not taken for one. */
export const magic: readonly number[] = [0x4f, 0x4e, 0x43, 0x45];
export const version: number = 1;

export const answerKinds = { result: 0, refused: 1, dropped: 2 } as const;

/** No record is longer: the longest is a key with the largest answer. */
export const recordMaxBytes: number = 65_536 + 512;
