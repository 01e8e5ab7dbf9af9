/** Serf's payloads from bytes. */
import { addressOf, named, readHost, readName, UINT16_MAX, UINT32_MAX } from "./fields.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { attempt, WireError, type Decoded } from "./refusal.ts";
import * as limits from "./serf-limits.ts";
import type {
  SerfConflictResponse,
  SerfJoin,
  SerfKeyRequest,
  SerfKeyResponse,
  SerfLeave,
  SerfMessage,
  SerfQueryResponse,
  SerfRelay,
  SerfUserEvent,
} from "./serf-messages.ts";
import { readSerfPushPull } from "./serf-push-pull.ts";
import { readQuery } from "./serf-query.ts";
import * as type from "./serf-types.ts";

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** A payload, its byte of type included. Bytes after its map are passed, as in serf. */
export function decodeSerf(bytes: Uint8Array): Decoded<SerfMessage> {
  return attempt(() => {
    const reader = new MsgpackReader(bytes);
    return read(reader, bytes);
  });
}

function read(reader: MsgpackReader, bytes: Uint8Array): SerfMessage {
  const kind = reader.byte();
  switch (kind) {
    case type.LEAVE:
      return readLeave(reader);
    case type.JOIN:
      return readJoin(reader);
    case type.PUSH_PULL:
      return readSerfPushPull(reader);
    case type.USER_EVENT:
      return readUserEvent(reader);
    case type.QUERY:
      return readQuery(reader);
    case type.QUERY_RESPONSE:
      return readQueryResponse(reader);
    case type.CONFLICT_RESPONSE:
      return readConflictResponse(reader);
    case type.KEY_REQUEST:
      return readKeyRequest(reader);
    case type.KEY_RESPONSE:
      return readKeyResponse(reader);
    case type.RELAY:
      return readRelay(reader, bytes);
    default:
      throw new WireError("unknown", `type ${kind} is no payload of serf`);
  }
}

function readLeave(reader: MsgpackReader): SerfLeave {
  let [time, node, prune] = [0, "", false];
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "LTime":
        time = reader.uint();
        break;
      case "Node":
        node = readName(reader);
        break;
      case "Prune":
        prune = reader.flag();
        break;
      default:
        reader.skip();
    }
  }
  return { type: "leave", time, node: named(node), prune };
}

function readJoin(reader: MsgpackReader): SerfJoin {
  const { time, node } = readLeave(reader); // a join has two of its three fields
  return { type: "join", time, node };
}

function readUserEvent(reader: MsgpackReader): SerfUserEvent {
  let [time, name, coalesce] = [0, "", false];
  let payload = NO_BYTES;
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "LTime":
        time = reader.uint();
        break;
      case "Name":
        name = reader.text(limits.SERF_NAME_MAX_BYTES);
        break;
      case "Payload":
        payload = reader.bytes(limits.SERF_PAYLOAD_MAX_BYTES) ?? NO_BYTES;
        break;
      case "CC":
        coalesce = reader.flag();
        break;
      default:
        reader.skip();
    }
  }
  return { type: "userEvent", time, name, payload, coalesce };
}

function readQueryResponse(reader: MsgpackReader): SerfQueryResponse {
  let [time, id, from, flags] = [0, 0, "", 0];
  let payload = NO_BYTES;
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "LTime":
        time = reader.uint();
        break;
      case "ID":
        id = reader.uint(UINT32_MAX);
        break;
      case "From":
        from = readName(reader);
        break;
      case "Flags":
        flags = reader.uint(UINT32_MAX);
        break;
      case "Payload":
        payload = reader.bytes(limits.SERF_PAYLOAD_MAX_BYTES) ?? NO_BYTES;
        break;
      default:
        reader.skip();
    }
  }
  const ack = (flags & type.FLAG_ACK) !== 0;
  return { type: "queryResponse", time, id, from: named(from), ack, payload };
}

function readConflictResponse(reader: MsgpackReader): SerfConflictResponse {
  let [name, host, port] = ["", "", 0];
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "Name":
        name = readName(reader);
        break;
      case "Addr":
        host = readHost(reader);
        break;
      case "Port":
        port = reader.uint(UINT16_MAX);
        break;
      default:
        reader.skip();
    }
  }
  return { type: "conflictResponse", name: named(name), address: addressOf(host, port) };
}

function readKeyRequest(reader: MsgpackReader): SerfKeyRequest {
  let key = NO_BYTES;
  for (let left = reader.map(); left > 0; left -= 1) {
    if (reader.key() === "Key") key = reader.bytes(32) ?? NO_BYTES;
    else reader.skip();
  }
  return { type: "keyRequest", key };
}

function readKeyResponse(reader: MsgpackReader): SerfKeyResponse {
  let [result, message, primaryKey] = [false, "", ""];
  const keys: string[] = [];
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "Result":
        result = reader.flag();
        break;
      case "Message":
        message = reader.text(limits.SERF_NAME_MAX_BYTES);
        break;
      case "Keys":
        for (let count = reader.array(limits.SERF_KEYS_MAX) ?? 0; count > 0; count -= 1) {
          keys.push(reader.text(64));
        }
        break;
      case "PrimaryKey":
        primaryKey = reader.text(64);
        break;
      default:
        reader.skip();
    }
  }
  return {
    type: "keyResponse",
    result,
    message,
    keys: keys.slice(0, limits.SERF_KEYS_MAX),
    primaryKey,
  };
}

function readRelay(reader: MsgpackReader, bytes: Uint8Array): SerfRelay {
  const to = { host: "", port: 0 };
  let node = "";
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "DestAddr":
        readDestination(reader, to);
        break;
      case "DestName":
        node = readName(reader);
        break;
      default:
        reader.skip();
    }
  }
  // Not a relay again: one message must not be handed around for ever.
  if (bytes[reader.position] === type.RELAY) throw new WireError("limit", "a relay in a relay");
  const payload = bytes.slice(reader.position);
  if (payload.length === 0) throw new WireError("truncated", "a relay of nothing");
  return { type: "relay", to: addressOf(to.host, to.port), node, payload };
}

function readDestination(reader: MsgpackReader, to: { host: string; port: number }): void {
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "IP":
        to.host = readHost(reader);
        break;
      case "Port":
        to.port = reader.uint(UINT16_MAX);
        break;
      default:
        reader.skip();
    }
  }
}
