/** Serf's payloads from bytes. */
import { addressOf, named } from "./fields.ts";
import * as field from "./map-fields.ts";
import { MapOf, type Field } from "./map-fields.ts";
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

const payload: Field<Uint8Array> = field.bytes("Payload", limits.SERF_PAYLOAD_MAX_BYTES);

const leave = new MapOf({
  time: field.uint("LTime"),
  node: field.name("Node"),
  prune: field.flag("Prune"),
});
const userEvent = new MapOf({
  time: field.uint("LTime"),
  name: field.text("Name", limits.SERF_NAME_MAX_BYTES),
  payload,
  coalesce: field.flag("CC"),
});
const queryResponse = new MapOf({
  time: field.uint("LTime"),
  id: field.uint32("ID"),
  from: field.name("From"),
  flags: field.uint32("Flags"),
  payload,
});
const conflictResponse = new MapOf({
  name: field.name("Name"),
  host: field.host("Addr"),
  port: field.port("Port"),
});
const keyRequest = new MapOf({ key: field.bytes("Key", 32) });
const keyResponse = new MapOf({
  result: field.flag("Result"),
  message: field.text("Message", limits.SERF_NAME_MAX_BYTES),
  keys: field.list("Keys", limits.SERF_KEYS_MAX, (reader) => reader.text(64)),
  primaryKey: field.text("PrimaryKey", 64),
});
const destination = new MapOf({ host: field.host("IP"), port: field.port("Port") });
const relay = new MapOf({
  to: { key: "DestAddr", missing: { host: "", port: 0 }, read: destination.read },
  node: field.name("DestName"),
});

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
  const { time, node, prune } = leave.read(reader);
  return { type: "leave", time, node: named(node), prune };
}

function readJoin(reader: MsgpackReader): SerfJoin {
  const { time, node } = readLeave(reader); // a join has two of its three fields
  return { type: "join", time, node };
}

function readUserEvent(reader: MsgpackReader): SerfUserEvent {
  return { type: "userEvent", ...userEvent.read(reader) };
}

function readQueryResponse(reader: MsgpackReader): SerfQueryResponse {
  const { time, id, from, flags, payload } = queryResponse.read(reader);
  const ack = (flags & type.FLAG_ACK) !== 0;
  return { type: "queryResponse", time, id, from: named(from), ack, payload };
}

function readConflictResponse(reader: MsgpackReader): SerfConflictResponse {
  const { name, host, port } = conflictResponse.read(reader);
  return { type: "conflictResponse", name: named(name), address: addressOf(host, port) };
}

function readKeyRequest(reader: MsgpackReader): SerfKeyRequest {
  return { type: "keyRequest", ...keyRequest.read(reader) };
}

function readKeyResponse(reader: MsgpackReader): SerfKeyResponse {
  return { type: "keyResponse", ...keyResponse.read(reader) };
}

function readRelay(reader: MsgpackReader, bytes: Uint8Array): SerfRelay {
  const { to, node } = relay.read(reader);
  // Not a relay again: one message must not be handed around for ever.
  if (bytes[reader.position] === type.RELAY) throw new WireError("limit", "a relay in a relay");
  const payload = bytes.slice(reader.position);
  if (payload.length === 0) throw new WireError("truncated", "a relay of nothing");
  return { type: "relay", to: addressOf(to.host, to.port), node, payload };
}
