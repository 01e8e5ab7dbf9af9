/**
 * The anchor: a small file beside the log that says how far the log is known to be durable. A log
 * alone cannot say that it was once longer. `docs/wal.md` §5 has the bytes.
 */
import { crc32 } from "node:zlib";
import { getU32, getU64, MalformedError, putU32, putU64 } from "./bytes.ts";
import { formatVersion, startsWith, storageIdBytes } from "./segment-header.ts";

/** Header and two slots, each in a disk sector of its own: no torn write hits both slots. */
export const anchorBytes = 1536;
export const anchorSlotBytes = 32;

const magic: Uint8Array = Uint8Array.of(0x43, 0x54, 0x52, 0x41, 0x4e, 0x43, 0x0d, 0x0a);
const headerCrcAt = 60;
const slotOffsets = [512, 1024] as const;

/** A lower bound: everything up to here was durable once. */
export interface SyncedPoint {
  /** Sequence number of a segment; 0 before there was one. */
  readonly segment: number;
  /** In bytes from the start of that segment. */
  readonly position: number;
  /** Number of the last frame before `position`. */
  readonly frame: number;
}

export interface Anchor {
  readonly storageId: Uint8Array;
  readonly synced: SyncedPoint;
  /** The slot that holds `synced`; the next one goes into the other. */
  readonly slot: 0 | 1;
}

export function slotOffset(slot: 0 | 1): number {
  return slotOffsets[slot];
}

export function encodeSlot(bytes: Uint8Array, synced: SyncedPoint): void {
  putU32(bytes, 4, 0);
  putU64(bytes, 8, synced.segment);
  putU64(bytes, 16, synced.position);
  putU64(bytes, 24, synced.frame);
  putU32(bytes, 0, crc32(bytes.subarray(4, anchorSlotBytes)));
}

/** A whole new file, with `synced` in slot 0. */
export function encodeAnchor(anchor: Omit<Anchor, "slot">): Uint8Array {
  const bytes = new Uint8Array(anchorBytes);
  bytes.set(magic, 0);
  putU32(bytes, 8, formatVersion);
  bytes.set(anchor.storageId, 16);
  putU32(bytes, headerCrcAt, crc32(bytes.subarray(0, headerCrcAt)));
  encodeSlot(bytes.subarray(slotOffset(0)), anchor.synced);
  return bytes;
}

/** The anchor that `bytes` is, or a sentence that says why it is none. */
export function decodeAnchor(bytes: Uint8Array): Anchor | string {
  if (bytes.length !== anchorBytes) return `the anchor has ${bytes.length} bytes`;
  if (!startsWith(bytes, magic)) return "this is not an anchor";
  const version = getU32(bytes, 8);
  if (version !== formatVersion) return `format version ${version} is not known to this release`;
  if (crc32(bytes.subarray(0, headerCrcAt)) !== getU32(bytes, headerCrcAt)) {
    return "the header of the anchor fails its checksum";
  }
  const first = decodeSlot(bytes.subarray(slotOffset(0)));
  const second = decodeSlot(bytes.subarray(slotOffset(1)));
  const storageId = bytes.slice(16, 16 + storageIdBytes);
  if (second !== null && (first === null || isBehind(first, second))) {
    return { storageId, synced: second, slot: 1 };
  }
  if (first !== null) return { storageId, synced: first, slot: 0 };
  return "both slots of the anchor fail their checksums";
}

/** Whether `a` vouches for less than `b`. */
export function isBehind(a: SyncedPoint, b: SyncedPoint): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.position < b.position);
}

function decodeSlot(bytes: Uint8Array): SyncedPoint | null {
  if (crc32(bytes.subarray(4, anchorSlotBytes)) !== getU32(bytes, 0)) return null;
  try {
    return { segment: getU64(bytes, 8), position: getU64(bytes, 16), frame: getU64(bytes, 24) };
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}
