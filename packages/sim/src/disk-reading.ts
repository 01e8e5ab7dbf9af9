/** What a host reads that takes damage for something else. Checksums are there to prevent it. */
import type { Entry, LogIndex } from "@counter/raft";
import type { DiskImage } from "./disk-image.ts";

/** Takes rot for a torn tail: what was acknowledged is cut off. */
export function cutFrom(image: DiskImage, index: LogIndex): void {
  image.log.cutFrom(index);
  const commitIndex = Math.min(image.hardState.commitIndex, image.log.lastIndex);
  image.hardState = { ...image.hardState, commitIndex };
}

/** Takes what has rotted, and what a crash tore, for whole. */
export function readUnchecked(
  { log }: DiskImage,
  damage: { readonly rotten: LogIndex | null; readonly torn: Entry | null },
): void {
  const at = log.entries.findIndex(({ index }) => index === damage.rotten);
  const tail = log.entries.slice(Math.max(at, 0));
  if (at >= 0) log.replaceTail([withOneBitFlipped(tail[0]!), ...tail.slice(1)]);
  const { torn } = damage;
  if (torn?.index !== log.lastIndex + 1) return;
  log.replaceTail([{ ...torn, data: torn.data.subarray(0, torn.data.length >> 1) }]);
}

function withOneBitFlipped(entry: Entry): Entry {
  const data = entry.data.slice();
  if (data.length > 0) data[data.length - 1]! ^= 1;
  return { ...entry, data };
}
