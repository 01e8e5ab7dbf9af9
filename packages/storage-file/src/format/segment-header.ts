/**
 * The first 256 bytes of a segment: which one it is, and everything that the segments before it
 * amount to, so that they can be removed. `docs/wal.md` §2 has the bytes.
 */
import { crc32 } from "node:zlib";
import type { EntryId, HardState, LogIndex } from "@counter/raft";
import { ByteReader, getU32, getU64, MalformedError, putU32, putU64 } from "./bytes.ts";
import { type ChainPoint, saltBytes } from "./frame.ts";
import { nodeIdMaxBytes, putAscii } from "./records.ts";

export const segmentHeaderBytes = 256;
export const formatVersion = 1;
export const storageIdBytes = 16;

/** "CTRWAL", and a line end of each kind, which a transfer in text mode would spoil. */
const magic: Uint8Array = Uint8Array.of(0x43, 0x54, 0x52, 0x57, 0x41, 0x4c, 0x0d, 0x0a);
const crcAt = segmentHeaderBytes - 4;
const voteAt = 116;

export interface SegmentHeader {
  /** Random; the same in all files of a directory. */
  readonly storageId: Uint8Array;
  /** Counts up from 1, without gaps. */
  readonly sequence: number;
  /** Length of the file in bytes. */
  readonly bytes: number;
  readonly salt: Uint8Array;
  /** Where the chain of frames stands at the start of this segment. */
  readonly before: ChainPoint;
  /** Where the frames of the segment before end, in bytes; 0 in the first segment. */
  readonly previousEnd: number;
  /** The log's last index at the start of this segment. */
  readonly lastIndex: LogIndex;
  readonly snapshot: EntryId | null;
  readonly hardState: HardState;
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(segmentHeaderBytes);
  bytes.set(magic, 0);
  putU32(bytes, 8, formatVersion);
  putU32(bytes, 12, header.before.crc);
  bytes.set(header.storageId, 16);
  bytes.set(header.salt, 32);
  putU64(bytes, 40, header.sequence);
  putU64(bytes, 48, header.bytes);
  putU64(bytes, 56, header.before.number);
  putU64(bytes, 64, header.previousEnd);
  putU64(bytes, 72, header.lastIndex);
  putU64(bytes, 80, header.snapshot?.index ?? 0);
  putU64(bytes, 88, header.snapshot?.term ?? 0);
  putU64(bytes, 96, header.hardState.term);
  putU64(bytes, 104, header.hardState.commitIndex);
  putAscii(bytes, voteAt, header.hardState.vote ?? "");
  putU32(bytes, crcAt, crc32(bytes.subarray(0, crcAt)));
  return bytes;
}

/** The header that `bytes` begins with, or a sentence that says why there is none. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | string {
  if (bytes.length < segmentHeaderBytes) return "the file is too short for a segment header";
  if (!startsWith(bytes, magic)) return "this is not the start of a segment";
  const version = getU32(bytes, 8);
  if (version !== formatVersion) return `format version ${version} is not known to this release`;
  if (crc32(bytes.subarray(0, crcAt)) !== getU32(bytes, crcAt)) {
    return "the segment header fails its checksum";
  }
  try {
    return readFields(bytes);
  } catch (error) {
    if (error instanceof MalformedError) return error.message;
    throw error;
  }
}

function readFields(bytes: Uint8Array): SegmentHeader {
  const snapshotIndex = getU64(bytes, 80);
  const vote = new ByteReader(bytes, { start: voteAt, end: voteAt + 1 + nodeIdMaxBytes });
  const voteText = vote.ascii(vote.byte());
  return {
    storageId: bytes.slice(16, 16 + storageIdBytes),
    salt: bytes.slice(32, 32 + saltBytes),
    sequence: getU64(bytes, 40),
    bytes: getU64(bytes, 48),
    before: { number: getU64(bytes, 56), crc: getU32(bytes, 12) },
    previousEnd: getU64(bytes, 64),
    lastIndex: getU64(bytes, 72),
    snapshot: snapshotIndex === 0 ? null : { index: snapshotIndex, term: getU64(bytes, 88) },
    hardState: {
      term: getU64(bytes, 96),
      vote: voteText === "" ? null : voteText,
      commitIndex: getU64(bytes, 104),
    },
  };
}

export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, at) => bytes[at] === byte);
}
