/**
 * One UDP datagram. From outside in: label, encryption, checksum, compression, compound; each is
 * optional. Encryption vouches for the label and has no byte of type before it.
 */
import type { PacketMessage } from "../messages.ts";
import { crc32 } from "./crc32.ts";
import { encryptionOverhead, openFrame, sealFrame } from "./crypto-frame.ts";
import { UINT16_MAX } from "./fields.ts";
import { LABEL_OVERHEAD, labelHeader, passLabel } from "./label.ts";
import * as limits from "./limits.ts";
import { lzwDecode } from "./lzw-decoder.ts";
import { lzwEncode } from "./lzw-encoder.ts";
import { decodeMessage } from "./message-decoder.ts";
import * as type from "./message-types.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import type { WireOptions } from "./options.ts";
import { refusalOf, WireError, type Refusal } from "./refusal.ts";

/** Bytes of a compound before its parts. */
export const COMPOUND_OVERHEAD = 2;
/** Bytes of a compound for each part. */
export const COMPOUND_PART_OVERHEAD = 2;
/** Bytes of a checksum: its type and 32 bits. */
export const CRC_OVERHEAD = 5;

/** What a datagram held: its good parts are delivered even if others are refused. */
export interface DecodedPacket {
  readonly messages: readonly PacketMessage[];
  readonly refusals: readonly Refusal[];
}

/** What the receiver of a packet is known to understand. */
export interface PacketFeatures {
  /** Its protocol reaches 5: the packet carries a checksum. */
  readonly crc: boolean;
  /** Compress it where that makes it smaller. */
  readonly compress: boolean;
}

/** Bytes that the wrapping of a packet may take besides its messages and the compound. */
export function packetOverhead(options: WireOptions): number {
  const label = options.label.length === 0 ? 0 : LABEL_OVERHEAD + options.label.length;
  const encrypted = options.cipher !== null && options.verifyOutgoing;
  return CRC_OVERHEAD + label + (encrypted ? encryptionOverhead(options.encryptionVersion) : 0);
}

/**
 * Wraps encoded messages into one datagram.
 *
 * @param messages - from `encodeMessage`, 1 to 255, each below 64 KiB
 * @throws RangeError beyond that: whoever packs must count
 */
export function encodePacket(
  messages: readonly Uint8Array[],
  { crc, compress }: PacketFeatures,
  options: WireOptions,
): Uint8Array {
  let bytes = joined(messages);
  if (compress) {
    const smaller = compressed(bytes);
    if (smaller.length < bytes.length) bytes = smaller;
  }
  if (crc) bytes = checked(bytes);
  if (options.cipher !== null && options.verifyOutgoing) {
    const associated = options.label;
    bytes = sealFrame(options.cipher, options.encryptionVersion, { plain: bytes, associated });
  }
  if (options.label.length === 0) return bytes;
  return concatenated(labelHeader(options.label), bytes);
}

/** Unwraps a datagram. Never throws for what it holds. */
export function decodePacket(bytes: Uint8Array, options: WireOptions): DecodedPacket {
  const messages: PacketMessage[] = [];
  const refusals: Refusal[] = [];
  try {
    if (bytes.length > limits.PACKET_MAX_BYTES) {
      throw new WireError("limit", "the packet is longer than a datagram");
    }
    const body = inflated(unchecked(opened(bytes, options)));
    for (const part of body[0] === type.COMPOUND ? partsOf(body, refusals) : [body]) {
      decodePart(part, messages, refusals);
    }
  } catch (error) {
    refusals.push(refusalOf(error));
  }
  return { messages, refusals };
}

function decodePart(part: Uint8Array, messages: PacketMessage[], refusals: Refusal[]): void {
  try {
    messages.push(decodeMessage(part));
  } catch (error) {
    refusals.push(refusalOf(error));
  }
}

function opened(bytes: Uint8Array, options: WireOptions): Uint8Array {
  const start = passLabel(bytes, options.label);
  if (start === null || start >= bytes.length) throw new WireError("truncated", "an empty packet");
  const body = bytes.subarray(start);
  if (options.cipher === null) return body;
  try {
    return openFrame(options.cipher, body, options.label);
  } catch (error) {
    const refusal = refusalOf(error);
    if (!options.verifyIncoming) return body; // still plain, unless its messages say otherwise
    throw new WireError("encryption", refusal.detail);
  }
}

/** A checksum cannot be told from its absence by length alone, as in memberlist. */
function unchecked(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== type.HAS_CRC || bytes.length <= CRC_OVERHEAD) return bytes;
  const expected = ((bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]!) >>> 0;
  if (crc32(bytes, CRC_OVERHEAD) !== expected) {
    throw new WireError("checksum", "the checksum of the packet is wrong");
  }
  return bytes.subarray(CRC_OVERHEAD);
}

function inflated(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== type.COMPRESS) return bytes;
  const buffer = readCompressed(new MsgpackReader(bytes, 1), limits.PACKET_MAX_BYTES);
  return lzwDecode(buffer, limits.PACKET_INFLATED_MAX_BYTES);
}

/** The body of a compress message: a view of the bytes still to be decompressed. */
export function readCompressed(reader: MsgpackReader, maxBytes: number): Uint8Array {
  let algorithm = 0;
  let buffer: Uint8Array | null = null;
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "Algo":
        algorithm = reader.integer();
        break;
      case "Buf":
        buffer = reader.view(maxBytes);
        break;
      default:
        reader.skip();
    }
  }
  if (algorithm !== 0) throw new WireError("unknown", `compression ${algorithm} is not LZW`);
  if (buffer === null) throw new WireError("type", "compressed data is missing");
  return buffer;
}

/** A compress message around `bytes`, its byte of type included. */
export function compressed(bytes: Uint8Array): Uint8Array {
  const writer = new MsgpackWriter();
  writer.byte(type.COMPRESS);
  writer.map(2);
  writer.text("Algo");
  writer.integer(0);
  writer.text("Buf");
  writer.bytes(lzwEncode(bytes));
  return writer.finish();
}

function* partsOf(body: Uint8Array, refusals: Refusal[]): Generator<Uint8Array> {
  const reader = new MsgpackReader(body, 1);
  const count = reader.byte();
  let at = COMPOUND_OVERHEAD + count * COMPOUND_PART_OVERHEAD;
  if (at > body.length) throw new WireError("truncated", "the lengths of a compound are cut off");
  for (let part = 0; part < count; part += 1) {
    const head = COMPOUND_OVERHEAD + part * COMPOUND_PART_OVERHEAD;
    const length = (body[head]! << 8) | body[head + 1]!;
    if (at + length > body.length) {
      // What came before it is whole. Its neighbours may still be what keeps a member alive.
      refusals.push({ reason: "truncated", detail: `${count - part} parts of a compound cut off` });
      return;
    }
    yield body.subarray(at, at + length);
    at += length;
  }
}

function joined(messages: readonly Uint8Array[]): Uint8Array {
  if (messages.length === 1) return messages[0]!;
  if (messages.length === 0 || messages.length > limits.COMPOUND_MAX_PARTS) {
    throw new RangeError(`${messages.length} messages do not fit into one packet`);
  }
  const writer = new MsgpackWriter();
  writer.byte(type.COMPOUND);
  writer.byte(messages.length);
  for (const message of messages) {
    if (message.length > UINT16_MAX) throw new RangeError("a message is too long for a packet");
    writer.uint16(message.length);
  }
  for (const message of messages) writer.append(message);
  return writer.finish();
}

function checked(bytes: Uint8Array): Uint8Array {
  const writer = new MsgpackWriter();
  writer.byte(type.HAS_CRC);
  writer.uint32(crc32(bytes));
  writer.append(bytes);
  return writer.finish();
}

function concatenated(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
