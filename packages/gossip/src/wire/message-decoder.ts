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
import * as fields from "./fields.ts";
import { ACK_PAYLOAD_MAX_BYTES, ERROR_TEXT_MAX_BYTES } from "./limits.ts";
import * as type from "./message-types.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { WireError } from "./refusal.ts";

const { UINT16_MAX, UINT32_MAX } = fields;
const NO_BYTES: Uint8Array = new Uint8Array(0);

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
  let seqNo = 0;
  let node = "";
  const source = { host: "", port: 0, node: "" };
  for (let left = reader.map(); left > 0; left -= 1) {
    const key = reader.key();
    switch (key) {
      case "SeqNo":
        seqNo = reader.uint(UINT32_MAX);
        break;
      case "Node":
        node = fields.readName(reader);
        break;
      default:
        readSourceField(reader, key, source);
    }
  }
  return { type: "ping", seqNo, node, source: sourceOf(source) };
}

export function readAck(reader: MsgpackReader): Ack {
  let seqNo = 0;
  let payload = NO_BYTES;
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "SeqNo":
        seqNo = reader.uint(UINT32_MAX);
        break;
      case "Payload":
        payload = reader.bytes(ACK_PAYLOAD_MAX_BYTES) ?? NO_BYTES;
        break;
      default:
        reader.skip();
    }
  }
  return { type: "ack", seqNo, payload };
}

export function readError(reader: MsgpackReader): ErrorMessage {
  let error = "";
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "Error":
        error = reader.text(ERROR_TEXT_MAX_BYTES);
        break;
      default:
        reader.skip();
    }
  }
  return { type: "error", error };
}

/** A row of a push/pull. */
export function readState(reader: MsgpackReader): PushPullState {
  let [name, host, port, incarnation] = ["", "", 0, 0];
  let meta = NO_BYTES;
  let state: Standing = "alive";
  let versions: Versions | null = null;
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "Name":
        name = fields.readName(reader);
        break;
      case "Addr":
        host = fields.readHost(reader);
        break;
      case "Port":
        port = reader.uint(UINT16_MAX);
        break;
      case "Meta":
        meta = fields.readMeta(reader);
        break;
      case "Incarnation":
        incarnation = reader.uint(UINT32_MAX);
        break;
      case "State":
        state = fields.readStanding(reader);
        break;
      case "Vsn":
        versions = fields.readVersions(reader);
        break;
      default:
        reader.skip();
    }
  }
  const address = fields.addressOf(host, port);
  return { name: fields.named(name), address, meta, incarnation, state, versions };
}

function readIndirectPing(reader: MsgpackReader): IndirectPing {
  let [seqNo, host, port, node, nack] = [0, "", 0, "", false];
  const source = { host: "", port: 0, node: "" };
  for (let left = reader.map(); left > 0; left -= 1) {
    const key = reader.key();
    switch (key) {
      case "SeqNo":
        seqNo = reader.uint(UINT32_MAX);
        break;
      case "Target":
        host = fields.readHost(reader);
        break;
      case "Port":
        port = reader.uint(UINT16_MAX);
        break;
      case "Node":
        node = fields.readName(reader);
        break;
      case "Nack":
        nack = reader.flag();
        break;
      default:
        readSourceField(reader, key, source);
    }
  }
  const target = fields.addressOf(host, port);
  return { type: "indirectPing", seqNo, target, node, nack, source: sourceOf(source) };
}

function readNack(reader: MsgpackReader): Nack {
  let seqNo = 0;
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "SeqNo":
        seqNo = reader.uint(UINT32_MAX);
        break;
      default:
        reader.skip();
    }
  }
  return { type: "nack", seqNo };
}

function readSuspicion(reader: MsgpackReader): Omit<Suspect, "type"> {
  let [incarnation, node, from] = [0, "", ""];
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "Incarnation":
        incarnation = reader.uint(UINT32_MAX);
        break;
      case "Node":
        node = fields.readName(reader);
        break;
      case "From":
        from = fields.readName(reader);
        break;
      default:
        reader.skip();
    }
  }
  return { incarnation, node: fields.named(node), from };
}

function readAlive(reader: MsgpackReader): Alive {
  let [incarnation, node, host, port] = [0, "", "", 0];
  let meta = NO_BYTES;
  let versions: Versions | null = null;
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "Incarnation":
        incarnation = reader.uint(UINT32_MAX);
        break;
      case "Node":
        node = fields.readName(reader);
        break;
      case "Addr":
        host = fields.readHost(reader);
        break;
      case "Port":
        port = reader.uint(UINT16_MAX);
        break;
      case "Meta":
        meta = fields.readMeta(reader);
        break;
      case "Vsn":
        versions = fields.readVersions(reader);
        break;
      default:
        reader.skip();
    }
  }
  const address = fields.addressOf(host, port);
  return { type: "alive", incarnation, node: fields.named(node), address, meta, versions };
}

interface SourceFields {
  host: string;
  port: number;
  node: string;
}

function readSourceField(reader: MsgpackReader, key: string, source: SourceFields): void {
  if (key === "SourceAddr") source.host = fields.readHost(reader);
  else if (key === "SourcePort") source.port = reader.uint(UINT16_MAX);
  else if (key === "SourceNode") source.node = fields.readName(reader);
  else reader.skip();
}

/** Without an address and a port the answer goes to where the packet came from. */
function sourceOf({ host, port, node }: SourceFields): Source | null {
  return host === "" || port === 0 ? null : { address: { host, port }, node };
}
