/**
 * The bodies of memberlist's messages, after their byte of type. A missing field is Go's zero, an
 * unknown one is passed. All functions throw `WireError`; the doors of this folder catch it.
 */
import type {
  Ack,
  Alive,
  ErrorMessage,
  IndirectPing,
  Nack,
  PacketMessage,
  Ping,
  PushPullState,
  Source,
  Suspect,
} from "../messages.ts";
import type { Standing, Versions } from "../types.ts";
import { addressOf, named, readStanding, readVersions } from "./fields.ts";
import { ACK_PAYLOAD_MAX_BYTES, ERROR_TEXT_MAX_BYTES } from "./limits.ts";
import * as field from "./map-fields.ts";
import { MapOf, type Field } from "./map-fields.ts";
import * as type from "./message-types.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { WireError } from "./refusal.ts";

/** Who asks, and where the answer is to go. */
const source = {
  sourceHost: field.host("SourceAddr"),
  sourcePort: field.port("SourcePort"),
  sourceNode: field.name("SourceNode"),
};
const versions: Field<Versions | null> = { key: "Vsn", missing: null, read: readVersions };
const standing: Field<Standing> = { key: "State", missing: "alive", read: readStanding };

const ping = new MapOf({ seqNo: field.uint32("SeqNo"), node: field.name("Node"), ...source });
const ack = new MapOf({
  seqNo: field.uint32("SeqNo"),
  payload: field.bytes("Payload", ACK_PAYLOAD_MAX_BYTES),
});
const error = new MapOf({ error: field.text("Error", ERROR_TEXT_MAX_BYTES) });
const row = new MapOf({
  name: field.name("Name"),
  host: field.host("Addr"),
  port: field.port("Port"),
  meta: field.meta("Meta"),
  incarnation: field.uint32("Incarnation"),
  state: standing,
  versions,
});
const indirectPing = new MapOf({
  seqNo: field.uint32("SeqNo"),
  host: field.host("Target"),
  port: field.port("Port"),
  node: field.name("Node"),
  nack: field.flag("Nack"),
  ...source,
});
const nack = new MapOf({ seqNo: field.uint32("SeqNo") });
const suspicion = new MapOf({
  incarnation: field.uint32("Incarnation"),
  node: field.name("Node"),
  from: field.name("From"),
});
const alive = new MapOf({
  incarnation: field.uint32("Incarnation"),
  node: field.name("Node"),
  host: field.host("Addr"),
  port: field.port("Port"),
  meta: field.meta("Meta"),
  versions,
});

/** A message of a packet, its byte of type included. Bytes after its map are passed, as in Go. */
export function decodeMessage(bytes: Uint8Array): PacketMessage {
  const reader = new MsgpackReader(bytes);
  const kind = reader.byte();
  switch (kind) {
    case type.PING:
      return readPing(reader);
    case type.INDIRECT_PING:
      return readIndirectPing(reader);
    case type.ACK:
      return readAck(reader);
    case type.NACK:
      return readNack(reader);
    case type.SUSPECT:
      return { type: "suspect", ...readSuspicion(reader) };
    case type.DEAD:
      return { type: "dead", ...readSuspicion(reader) };
    case type.ALIVE:
      return readAlive(reader);
    case type.USER:
      return { type: "user", payload: bytes.slice(1) };
    default:
      throw new WireError("unknown", `type ${kind} is no message of a packet`);
  }
}

export function readPing(reader: MsgpackReader): Ping {
  const read = ping.read(reader);
  return { type: "ping", seqNo: read.seqNo, node: read.node, source: sourceOf(read) };
}

export function readAck(reader: MsgpackReader): Ack {
  return { type: "ack", ...ack.read(reader) };
}

export function readError(reader: MsgpackReader): ErrorMessage {
  return { type: "error", ...error.read(reader) };
}

/** A row of a push/pull. */
export function readState(reader: MsgpackReader): PushPullState {
  const { name, host, port, meta, incarnation, state, versions: vsn } = row.read(reader);
  const address = addressOf(host, port);
  return { name: named(name), address, meta, incarnation, state, versions: vsn };
}

function readIndirectPing(reader: MsgpackReader): IndirectPing {
  const read = indirectPing.read(reader);
  const { seqNo, node, nack: wantsNack } = read;
  const target = addressOf(read.host, read.port);
  return { type: "indirectPing", seqNo, target, node, nack: wantsNack, source: sourceOf(read) };
}

function readNack(reader: MsgpackReader): Nack {
  return { type: "nack", ...nack.read(reader) };
}

function readSuspicion(reader: MsgpackReader): Omit<Suspect, "type"> {
  const { incarnation, node, from } = suspicion.read(reader);
  return { incarnation, node: named(node), from };
}

function readAlive(reader: MsgpackReader): Alive {
  const { incarnation, node, host, port, meta, versions: vsn } = alive.read(reader);
  const address = addressOf(host, port);
  return { type: "alive", incarnation, node: named(node), address, meta, versions: vsn };
}

interface SourceFields {
  readonly sourceHost: string;
  readonly sourcePort: number;
  readonly sourceNode: string;
}

/** Without an address and a port the answer goes to where the packet came from. */
function sourceOf({ sourceHost: host, sourcePort: port, sourceNode }: SourceFields): Source | null {
  return host === "" || port === 0 ? null : { address: { host, port }, node: sourceNode };
}
