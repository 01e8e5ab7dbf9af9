/**
 * The frame around a batch: what one `write` call puts on the disk, and what is read back whole or
 * not at all. `docs/wal.md` §3 has the bytes.
 *
 * F1 The checksum covers the header and the payload, so a frame is believed whole or not at all.
 * F2 The header repeats the checksum of the frame before: an old frame, or one of another log, does
 *    not continue the chain.
 * F3 The header carries the salt of its segment, eight random bytes. A client who sends bytes that
 *    look like a frame does not know them, so a search for frames cannot be fooled by data.
 */
import { crc32 } from "node:zlib";
import { type LogRecord, readRecord } from "./records.ts";
import { ByteReader, getU32, getU64, putU32, putU64 } from "./bytes.ts";

export const frameHeaderBytes = 32;
/** Largest payload that is written or believed: far above what a core hands over at once. */
export const payloadMaxBytes: number = 256 * 1024 * 1024;
export const saltBytes = 8;

const saltAt = 16;

/** Where a chain of frames stands. */
export interface ChainPoint {
  /** Number of the newest frame; they count up from 1 through the whole life of the log. */
  readonly number: number;
  /** Checksum of the newest frame; 0 before the first. */
  readonly crc: number;
}

/** Fills in the header of the frame that `bytes` is, payload included. Returns the new point. */
export function sealFrame(bytes: Uint8Array, before: ChainPoint, salt: Uint8Array): ChainPoint {
  putU32(bytes, 4, bytes.length - frameHeaderBytes);
  putU32(bytes, 8, before.crc);
  putU32(bytes, 12, 0);
  bytes.set(salt, saltAt);
  putU64(bytes, 24, before.number + 1);
  const crc = crc32(bytes.subarray(4));
  putU32(bytes, 0, crc);
  return { number: before.number + 1, crc };
}

/** A frame whose checksum and salt are right. It need not continue any chain. */
export interface SoundFrame {
  readonly offset: number;
  /** Where the next frame begins. */
  readonly end: number;
  readonly previousCrc: number;
  readonly point: ChainPoint;
}

/** The frame at `offset`, or a sentence that says why there is none. */
export function frameAt(bytes: Uint8Array, offset: number, salt: Uint8Array): SoundFrame | string {
  if (offset + frameHeaderBytes > bytes.length) return "the segment ends inside a frame header";
  const length = getU32(bytes, offset + 4);
  const end = offset + frameHeaderBytes + length;
  if (length === 0 || length > payloadMaxBytes) return `a frame claims ${length} bytes`;
  if (end > bytes.length) return `a frame of ${length} bytes reaches beyond the segment`;
  for (let i = 0; i < saltBytes; i += 1) {
    if (bytes[offset + saltAt + i] !== salt[i]) return "a frame has a foreign salt";
  }
  const crc = getU32(bytes, offset);
  if (crc32(bytes.subarray(offset + 4, end)) !== crc) return "a frame fails its checksum";
  const point = { number: getU64(bytes, offset + 24), crc };
  return { offset, end, previousCrc: getU32(bytes, offset + 8), point };
}

/** The same, and it must continue the chain. */
export function nextFrame(
  bytes: Uint8Array,
  offset: number,
  expected: { readonly salt: Uint8Array; readonly after: ChainPoint },
): SoundFrame | string {
  const frame = frameAt(bytes, offset, expected.salt);
  if (typeof frame === "string") return frame;
  if (frame.previousCrc !== expected.after.crc) return "a frame does not continue the chain";
  if (frame.point.number !== expected.after.number + 1) return "a frame is out of turn";
  return frame;
}

/** The first sound frame at or after `from`, chained or not. */
export function findFrame(bytes: Uint8Array, from: number, salt: Uint8Array): SoundFrame | null {
  const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (
    let at = haystack.indexOf(salt, from + saltAt);
    at >= 0;
    at = haystack.indexOf(salt, at + 1)
  ) {
    const frame = frameAt(bytes, at - saltAt, salt);
    if (typeof frame !== "string") return frame;
  }
  return null;
}

/** @throws {MalformedError} if the payload of a sound frame makes no sense */
export function recordsOf(bytes: Uint8Array, frame: SoundFrame): readonly LogRecord[] {
  const start = frame.offset + frameHeaderBytes;
  const reader = new ByteReader(bytes, { start, end: frame.end });
  const records: LogRecord[] = [];
  while (reader.left > 0) records.push(readRecord(reader));
  return records;
}
