/**
 * One message of a TCP stream. From outside in: label, encryption (with its length), compression,
 * then a byte of type and the body.
 */
import type { PushPull, StreamMessage } from "../messages.ts";
import { frameBytes, sealFrame } from "./crypto-frame.ts";
import { labelHeader } from "./label.ts";
import { writeAck, writeError, writePing, writeState } from "./message-encoder.ts";
import * as type from "./message-types.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import type { WireOptions } from "./options.ts";
import { compressed } from "./packet.ts";

/** Bytes of an encrypted stream before its frame: a type and a length. */
export const ENCRYPT_HEAD_BYTES = 5;

/** Rows of a push/pull that are written in one go: a millisecond or two. */
export const ENCODED_ROWS_MAX = 128;

/**
 * A message with all that is around it, ready to be written to a socket.
 *
 * @param compress - memberlist does so always; it reads both
 */
export function encodeStream(
  message: StreamMessage,
  how: { compress: boolean },
  options: WireOptions,
): Uint8Array {
  const slices = encodeStreamInSlices(message, how, options);
  for (;;) {
    const slice = slices.next();
    if (slice.done === true) return slice.value;
  }
}

/**
 * The same, one slice of rows each time that it is asked to go on. Only rows are cut: what is
 * compressed or encrypted is so in one go.
 */
export function* encodeStreamInSlices(
  message: StreamMessage,
  { compress }: { compress: boolean },
  options: WireOptions,
): Generator<undefined, Uint8Array, undefined> {
  const plain = yield* body(message);
  const packed = compress ? compressed(plain) : plain;
  const writer = new MsgpackWriter();
  writer.append(labelHeader(options.label));
  if (options.cipher === null || !options.verifyOutgoing) {
    writer.append(packed);
    return writer.finish();
  }
  const version = options.encryptionVersion;
  const head = encryptHead(frameBytes(version, packed.length));
  const associated = associatedBytes(head, options.label);
  writer.append(head);
  writer.append(sealFrame(options.cipher, version, { plain: packed, associated }));
  return writer.finish();
}

/** What the encryption of a stream also vouches for: its head and the label. */
export function associatedBytes(head: Uint8Array, label: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + label.length);
  bytes.set(head);
  bytes.set(label, head.length);
  return bytes;
}

function encryptHead(length: number): Uint8Array {
  return Uint8Array.of(type.ENCRYPT, length >>> 24, length >>> 16, length >>> 8, length);
}

function* body(message: StreamMessage): Generator<undefined, Uint8Array, undefined> {
  const writer = new MsgpackWriter();
  switch (message.type) {
    case "ping":
      writePing(writer, message);
      break;
    case "ack":
      writeAck(writer, message);
      break;
    case "error":
      writeError(writer, message);
      break;
    case "user":
      writer.byte(type.USER);
      writer.map(1);
      writer.text("UserMsgLen");
      writer.integer(message.payload.length);
      writer.append(message.payload);
      break;
    case "pushPull":
      yield* writePushPull(writer, message);
      break;
  }
  return writer.finish();
}

function* writePushPull(
  writer: MsgpackWriter,
  message: PushPull,
): Generator<undefined, void, undefined> {
  writer.byte(type.PUSH_PULL);
  writer.map(3);
  writer.text("Join");
  writer.flag(message.join);
  writer.text("Nodes");
  writer.integer(message.states.length);
  writer.text("UserStateLen");
  writer.integer(message.userState.length);
  for (const [index, state] of message.states.entries()) {
    if (index > 0 && index % ENCODED_ROWS_MAX === 0) yield;
    writeState(writer, state);
  }
  writer.append(message.userState);
}
