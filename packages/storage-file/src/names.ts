/** The names in a storage directory. Anything else there belongs to somebody else. */
import type { EntryId, LogIndex } from "@counter/raft";

/** Says how far the log is known to be durable. */
export const anchorName = "anchor";
/** Holds the id of the process that has the directory open, for people. Not the lock itself. */
export const lockName = "lock";
export const nextSegmentName = "wal-next.tmp";
export const newAnchorName = "anchor.tmp";
export const savingName = "snapshot-saving.tmp";
export const receivingName = "snapshot-receiving.tmp";

/** Unfinished files: of no use to anybody after a crash. */
export const temporaryNames: readonly string[] = [
  nextSegmentName,
  newAnchorName,
  savingName,
  receivingName,
];

/** Sixteen digits hold every safe integer and sort as text. */
function sixteen(number: number): string {
  return String(number).padStart(16, "0");
}

export function segmentName(sequence: number): string {
  return `wal-${sixteen(sequence)}.log`;
}

/** `null` for the name of anything else. */
export function parseSegmentName(name: string): number | null {
  const match = /^wal-(\d{16})\.log$/.exec(name);
  return match === null ? null : Number(match[1]);
}

export function snapshotName(id: { readonly index: LogIndex; readonly term: number }): string {
  return `snapshot-${sixteen(id.index)}-${sixteen(id.term)}.bin`;
}

/** `null` for the name of anything else. */
export function parseSnapshotName(name: string): EntryId | null {
  const match = /^snapshot-(\d{16})-(\d{16})\.bin$/.exec(name);
  return match === null ? null : { index: Number(match[1]), term: Number(match[2]) };
}
