/** How much memory deeds may take: as much as keys that are worth as much. */
import type { Deed } from "../types.ts";

/** A deed takes the place of one key, and of one more for each so many bytes of it. */
export const deedUnitBytes: number = 256;
const floorEntryBytes = 64;

/** Of how many keys, beyond its own, a deed takes the place. */
export function deedUnits(deed: Deed): number {
  return Math.floor(bytesOf(deed) / deedUnitBytes);
}

function bytesOf(deed: Deed): number {
  if (deed.type === "delete") return deed.floor.length * floorEntryBytes;
  let bytes = 0;
  for (const [name, text] of deed.config.labels) bytes += name.length + 2 * text.length;
  for (const { bytes: other } of deed.config.others) bytes += other.length;
  return bytes;
}
