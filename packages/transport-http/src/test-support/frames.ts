/** Frames as bytes, and back, in one step. */
import { crc32 } from "node:zlib";

import type { Message, NodeId } from "@counter/raft";

import { decodeMessage } from "../codec/decode.ts";
import { encodeMessage } from "../codec/encode.ts";
import { openFrame } from "../codec/frame.ts";
import type { EncodedFrame } from "../codec/frame.ts";

export const TAG = 0x0102_0304;

/** A frame in one piece. */
export function bytesOf({ head, body }: EncodedFrame): Buffer {
  return body === null ? head : Buffer.concat([head, body]);
}

export function frameOf(message: Message, clusterTag: number = TAG): Buffer {
  return bytesOf(encodeMessage(message, clusterTag));
}

/** Decodes a frame in one piece. */
export function messageOf(
  frame: Uint8Array,
  ends: { from: NodeId; to: NodeId },
  { owned = false }: { owned?: boolean } = {},
): Message {
  const { type, version, payloadStart: start } = openFrame(frame, { start: 4, end: frame.length });
  if (type === "ping" || type === "unknown") throw new Error(`a ${type} frame`);
  const newer = version === "newerMinor";
  return decodeMessage({ type, bytes: frame, start, end: frame.length, owned, newer }, ends);
}

/** Writes the right length and checksum into a frame that was tampered with. */
export function reseal(frame: Buffer): Buffer {
  frame.writeUInt32BE(frame.length - 4, 0);
  frame.writeUInt32BE(crc32(frame.subarray(8)), 4);
  return frame;
}
