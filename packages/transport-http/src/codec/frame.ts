/**
 * The envelope of every message; all integers big-endian.
 *
 * ```
 *  0  u32  length of everything after this field
 *  4  u32  CRC-32 of everything after this field
 *  8  u8   version: major in the high four bits, minor in the low four
 *  9  u8   type
 * 10  u32  cluster tag
 * 14       payload
 * ```
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

import type { MessageType } from "@counter/raft";

import { DecodeError } from "./errors.ts";

/** Changes when an old node could misread a message: such frames are dropped by older nodes. */
export const WIRE_MAJOR = 1;
/** Changes when fields are appended or types added that an old node may ignore. */
export const WIRE_MINOR = 0;
/** Bytes in front of a payload, the length field included. */
export const FRAME_HEADER_BYTES = 14;
/** Bytes in front of what `length` counts. */
export const LENGTH_BYTES = 4;

const VERSION = (WIRE_MAJOR << 4) | WIRE_MINOR;
/** Where things are, counted from the end of the length field. */
const CHECKED_AT = 4;
const PAYLOAD_AT = FRAME_HEADER_BYTES - LENGTH_BYTES;

const PING = 0;

const CODES: Readonly<Record<MessageType, number>> = {
  requestVote: 1,
  requestVoteResponse: 2,
  appendEntries: 3,
  appendEntriesResponse: 4,
  installSnapshot: 5,
  installSnapshotResponse: 6,
  readIndexRequest: 7,
  readIndexResponse: 8,
  timeoutNow: 9,
};

const TYPES: ReadonlyMap<number, MessageType | "ping"> = new Map<number, MessageType | "ping">([
  [PING, "ping"],
  [CODES.requestVote, "requestVote"],
  [CODES.requestVoteResponse, "requestVoteResponse"],
  [CODES.appendEntries, "appendEntries"],
  [CODES.appendEntriesResponse, "appendEntriesResponse"],
  [CODES.installSnapshot, "installSnapshot"],
  [CODES.installSnapshotResponse, "installSnapshotResponse"],
  [CODES.readIndexRequest, "readIndexRequest"],
  [CODES.readIndexResponse, "readIndexResponse"],
  [CODES.timeoutNow, "timeoutNow"],
]);

/** A frame ready to be written: `head`, then `body` if there is one, shared and never changed. */
export interface EncodedFrame {
  readonly head: Buffer;
  readonly body: Uint8Array | null;
  readonly byteLength: number;
}

/** What the header says, once its checksum is right. */
export interface OpenedFrame {
  readonly type: MessageType | "ping" | "unknown";
  readonly version: "known" | "newerMinor" | "newerMajor";
  readonly clusterTag: number;
  readonly payloadStart: number;
}

/** Four bytes that stand for a cluster in every frame: the start of its id's SHA-256. */
export function clusterTagOf(clusterId: string): number {
  return createHash("sha256").update(clusterId).digest().readUInt32BE(0);
}

/** Fills in the header of a frame whose payload is the rest of `head`, followed by `body`. */
export function sealFrame(
  { head, body }: Pick<EncodedFrame, "head" | "body">,
  { type, clusterTag }: { type: MessageType | "ping"; clusterTag: number },
): EncodedFrame {
  const byteLength = head.length + (body === null ? 0 : body.length);
  head.writeUInt32BE(byteLength - LENGTH_BYTES, 0);
  head[LENGTH_BYTES + CHECKED_AT] = VERSION;
  head[LENGTH_BYTES + CHECKED_AT + 1] = type === "ping" ? PING : CODES[type];
  head.writeUInt32BE(clusterTag, LENGTH_BYTES + CHECKED_AT + 2);
  const ofHead = crc32(head.subarray(LENGTH_BYTES + CHECKED_AT));
  head.writeUInt32BE(body === null ? ofHead : crc32(body, ofHead), LENGTH_BYTES);
  return { head, body, byteLength };
}

/** A frame without a message: it shows that its sender lives. */
export function pingFrame(clusterTag: number): EncodedFrame {
  const head = Buffer.alloc(FRAME_HEADER_BYTES);
  return sealFrame({ head, body: null }, { type: "ping", clusterTag });
}

/** @throws DecodeError unless a frame may be so long (the value of its length field) */
export function checkFrameLength(length: number, frameMaxBytes: number): void {
  if (length < PAYLOAD_AT || length > frameMaxBytes - LENGTH_BYTES) {
    throw new DecodeError("length", `a frame of ${length} bytes; the limit is ${frameMaxBytes}`);
  }
}

/**
 * Reads the header of the frame that lies at `start`, after its length field, to before `end`.
 *
 * @throws DecodeError when it is too short for a header, or damaged
 */
export function openFrame(
  bytes: Uint8Array,
  { start, end }: { start: number; end: number },
): OpenedFrame {
  if (end - start < PAYLOAD_AT) throw new DecodeError("length", "a frame shorter than its header");
  if (readUint32(bytes, start) !== crc32(bytes.subarray(start + CHECKED_AT, end))) {
    throw new DecodeError("checksum", "the checksum of a frame is wrong");
  }
  const version = bytes[start + CHECKED_AT]!;
  return {
    type: TYPES.get(bytes[start + CHECKED_AT + 1]!) ?? "unknown",
    version: version <= VERSION ? "known" : version >> 4 > WIRE_MAJOR ? "newerMajor" : "newerMinor",
    clusterTag: readUint32(bytes, start + CHECKED_AT + 2),
    payloadStart: start + PAYLOAD_AT,
  };
}

/** Four bytes, big-endian; 0 for those beyond the end. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}
