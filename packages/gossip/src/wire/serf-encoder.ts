/** Serf's payloads as bytes, written as serf 0.8 writes them. */
import { writeHost, writeOptional } from "./fields.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import type {
  SerfFilter,
  SerfKeyResponse,
  SerfMessage,
  SerfPushPull,
  SerfQuery,
  SerfRelay,
} from "./serf-messages.ts";
import * as type from "./serf-types.ts";

/** A payload, its byte of type included. */
export function encodeSerf(message: SerfMessage): Uint8Array {
  const writer = new MsgpackWriter();
  write(writer, message);
  return writer.finish();
}

function write(writer: MsgpackWriter, message: SerfMessage): void {
  switch (message.type) {
    case "leave":
      record(writer, type.LEAVE, 3);
      number(writer, "LTime", message.time);
      text(writer, "Node", message.node);
      return flag(writer, "Prune", message.prune);
    case "join":
      record(writer, type.JOIN, 2);
      number(writer, "LTime", message.time);
      return text(writer, "Node", message.node);
    case "userEvent":
      record(writer, type.USER_EVENT, 4);
      flag(writer, "CC", message.coalesce);
      number(writer, "LTime", message.time);
      text(writer, "Name", message.name);
      return bytes(writer, "Payload", message.payload);
    case "queryResponse":
      record(writer, type.QUERY_RESPONSE, 5);
      number(writer, "Flags", message.ack ? type.FLAG_ACK : 0);
      text(writer, "From", message.from);
      number(writer, "ID", message.id);
      number(writer, "LTime", message.time);
      return bytes(writer, "Payload", message.payload);
    case "conflictResponse":
      record(writer, type.CONFLICT_RESPONSE, 3);
      host(writer, "Addr", message.address.host);
      text(writer, "Name", message.name);
      return number(writer, "Port", message.address.port);
    case "keyRequest":
      record(writer, type.KEY_REQUEST, 1);
      writer.text("Key");
      return writer.bytes(message.key);
    case "keyResponse":
      return writeKeyResponse(writer, message);
    case "pushPull":
      return writePushPull(writer, message);
    case "query":
      return writeQuery(writer, message);
    case "relay":
      return writeRelay(writer, message);
  }
}

function writeKeyResponse(writer: MsgpackWriter, message: SerfKeyResponse): void {
  record(writer, type.KEY_RESPONSE, 4);
  writer.text("Keys");
  writer.array(message.keys.length);
  for (const key of message.keys) writer.text(key);
  text(writer, "Message", message.message);
  text(writer, "PrimaryKey", message.primaryKey);
  flag(writer, "Result", message.result);
}

function writePushPull(writer: MsgpackWriter, message: SerfPushPull): void {
  record(writer, type.PUSH_PULL, 6);
  number(writer, "EventLTime", message.eventTime);
  writer.text("Events");
  writer.array(message.events.length);
  for (const { time, events } of message.events) {
    writer.map(2);
    writer.text("Events");
    writer.array(events.length);
    for (const event of events) {
      writer.map(2);
      text(writer, "Name", event.name);
      bytes(writer, "Payload", event.payload);
    }
    number(writer, "LTime", time);
  }
  number(writer, "LTime", message.time);
  writer.text("LeftMembers");
  writer.array(message.leftMembers.length);
  for (const name of message.leftMembers) writer.text(name);
  number(writer, "QueryLTime", message.queryTime);
  writer.text("StatusLTimes");
  writer.map(message.statusTimes.size);
  for (const [name, time] of message.statusTimes) number(writer, name, time);
}

function writeQuery(writer: MsgpackWriter, message: SerfQuery): void {
  const broadcast = message.noBroadcast ? type.FLAG_NO_BROADCAST : 0;
  record(writer, type.QUERY, 11);
  host(writer, "Addr", message.source.host);
  writer.text("Filters");
  writeFilters(writer, message.filters);
  number(writer, "Flags", (message.ack ? type.FLAG_ACK : 0) | broadcast);
  number(writer, "ID", message.id);
  number(writer, "LTime", message.time);
  text(writer, "Name", message.name);
  bytes(writer, "Payload", message.payload);
  number(writer, "Port", message.source.port);
  number(writer, "RelayFactor", message.relayFactor);
  text(writer, "SourceNode", message.sourceNode);
  number(writer, "Timeout", Math.round(message.timeoutMs * type.NANOSECONDS));
}

function writeFilters(writer: MsgpackWriter, filters: readonly SerfFilter[]): void {
  if (filters.length === 0) return writer.nil();
  writer.array(filters.length);
  for (const filter of filters) writer.bytes(encodeFilter(filter));
}

function encodeFilter(filter: SerfFilter): Uint8Array {
  const writer = new MsgpackWriter();
  switch (filter.kind) {
    case "names":
      writer.byte(type.FILTER_NAMES);
      writer.array(filter.names.length);
      for (const name of filter.names) writer.text(name);
      break;
    case "tag":
      record(writer, type.FILTER_TAG, 2);
      text(writer, "Expr", filter.expression);
      text(writer, "Tag", filter.tag);
      break;
    case "unknown":
      throw new RangeError("an unknown filter has no bytes");
  }
  return writer.finish();
}

function writeRelay(writer: MsgpackWriter, message: SerfRelay): void {
  record(writer, type.RELAY, 2);
  writer.text("DestAddr");
  writer.map(3);
  host(writer, "IP", message.to.host);
  number(writer, "Port", message.to.port);
  text(writer, "Zone", "");
  text(writer, "DestName", message.node);
  writer.append(message.payload);
}

function record(writer: MsgpackWriter, kind: number, fields: number): void {
  writer.byte(kind);
  writer.map(fields);
}

function text(writer: MsgpackWriter, key: string, value: string): void {
  writer.text(key);
  writer.text(value);
}

function number(writer: MsgpackWriter, key: string, value: number): void {
  writer.text(key);
  writer.integer(value);
}

function flag(writer: MsgpackWriter, key: string, value: boolean): void {
  writer.text(key);
  writer.flag(value);
}

function bytes(writer: MsgpackWriter, key: string, value: Uint8Array): void {
  writer.text(key);
  writeOptional(writer, value);
}

function host(writer: MsgpackWriter, key: string, value: string): void {
  writer.text(key);
  writeHost(writer, value);
}
