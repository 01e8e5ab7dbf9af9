/**
 * Typed messages to the bytes that memberlist writes for them: one byte of type, one map with the
 * names of Go's fields in alphabetical order.
 */
import type {
  Ack,
  Alive,
  Dead,
  ErrorMessage,
  IndirectPing,
  PacketMessage,
  Ping,
  Source,
  Suspect,
} from "../messages.ts";
import { standingNumber, writeHost, writeOptional, writeVersions } from "./fields.ts";
import * as type from "./message-types.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import type { PushPullState } from "../messages.ts";

/** A packet's message as bytes. Its length is what it takes of a packet's room. */
export function encodeMessage(message: PacketMessage): Uint8Array {
  const writer = new MsgpackWriter();
  switch (message.type) {
    case "ping":
      writePing(writer, message);
      break;
    case "indirectPing":
      writeIndirectPing(writer, message);
      break;
    case "ack":
      writeAck(writer, message);
      break;
    case "nack":
      writer.byte(type.NACK);
      writer.map(1);
      number(writer, "SeqNo", message.seqNo);
      break;
    case "suspect":
    case "dead":
      writeSuspicion(writer, message);
      break;
    case "alive":
      writeAlive(writer, message);
      break;
    case "user":
      writer.byte(type.USER);
      writer.append(message.payload);
      break;
  }
  return writer.finish();
}

export function writePing(writer: MsgpackWriter, message: Ping): void {
  writer.byte(type.PING);
  writer.map(2 + sourceFields(message.source));
  text(writer, "Node", message.node);
  number(writer, "SeqNo", message.seqNo);
  writeSource(writer, message.source);
}

export function writeAck(writer: MsgpackWriter, message: Ack): void {
  writer.byte(type.ACK);
  writer.map(2);
  writer.text("Payload");
  writeOptional(writer, message.payload);
  number(writer, "SeqNo", message.seqNo);
}

export function writeError(writer: MsgpackWriter, message: ErrorMessage): void {
  writer.byte(type.ERROR);
  writer.map(1);
  text(writer, "Error", message.error);
}

/** A row of a push/pull: a map without a byte of type. */
export function writeState(writer: MsgpackWriter, state: PushPullState): void {
  writer.map(7);
  writer.text("Addr");
  writeHost(writer, state.address.host);
  number(writer, "Incarnation", state.incarnation);
  writer.text("Meta");
  writeOptional(writer, state.meta);
  text(writer, "Name", state.name);
  number(writer, "Port", state.address.port);
  number(writer, "State", standingNumber(state.state));
  writer.text("Vsn");
  writeVersions(writer, state.versions);
}

function writeIndirectPing(writer: MsgpackWriter, message: IndirectPing): void {
  writer.byte(type.INDIRECT_PING);
  writer.map(5 + sourceFields(message.source));
  writer.text("Nack");
  writer.flag(message.nack);
  text(writer, "Node", message.node);
  number(writer, "Port", message.target.port);
  number(writer, "SeqNo", message.seqNo);
  writeSource(writer, message.source);
  writer.text("Target");
  writeHost(writer, message.target.host);
}

function writeSuspicion(writer: MsgpackWriter, message: Suspect | Dead): void {
  writer.byte(message.type === "dead" ? type.DEAD : type.SUSPECT);
  writer.map(3);
  text(writer, "From", message.from);
  number(writer, "Incarnation", message.incarnation);
  text(writer, "Node", message.node);
}

function writeAlive(writer: MsgpackWriter, message: Alive): void {
  writer.byte(type.ALIVE);
  writer.map(6);
  writer.text("Addr");
  writeHost(writer, message.address.host);
  number(writer, "Incarnation", message.incarnation);
  writer.text("Meta");
  writeOptional(writer, message.meta);
  text(writer, "Node", message.node);
  number(writer, "Port", message.address.port);
  writer.text("Vsn");
  writeVersions(writer, message.versions);
}

function sourceFields(source: Source | null): number {
  if (source === null) return 0;
  return source.node === "" ? 2 : 3;
}

function writeSource(writer: MsgpackWriter, source: Source | null): void {
  if (source === null) return;
  writer.text("SourceAddr");
  writeHost(writer, source.address.host);
  if (source.node !== "") text(writer, "SourceNode", source.node);
  number(writer, "SourcePort", source.address.port);
}

function text(writer: MsgpackWriter, key: string, value: string): void {
  writer.text(key);
  writer.text(value);
}

function number(writer: MsgpackWriter, key: string, value: number): void {
  writer.text(key);
  writer.integer(value);
}
