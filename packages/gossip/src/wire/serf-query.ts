/** A query of serf and its filters, from bytes. */
import { addressOf, named, readHost, readName, UINT16_MAX, UINT32_MAX } from "./fields.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import * as limits from "./serf-limits.ts";
import type { SerfFilter, SerfQuery } from "./serf-messages.ts";
import * as type from "./serf-types.ts";

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The map of a query, after its byte of type. */
export function readQuery(reader: MsgpackReader): SerfQuery {
  let [time, id, host, port, sourceNode, flags] = [0, 0, "", 0, "", 0];
  let [relayFactor, nanoseconds, name] = [0, 0, ""];
  let payload = NO_BYTES;
  let filters: readonly SerfFilter[] = [];
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "LTime":
        time = reader.uint();
        break;
      case "ID":
        id = reader.uint(UINT32_MAX);
        break;
      case "Addr":
        host = readHost(reader);
        break;
      case "Port":
        port = reader.uint(UINT16_MAX);
        break;
      case "SourceNode":
        sourceNode = readName(reader);
        break;
      case "Filters":
        filters = readFilters(reader);
        break;
      case "Flags":
        flags = reader.uint(UINT32_MAX);
        break;
      case "RelayFactor":
        relayFactor = reader.uint(0xff);
        break;
      case "Timeout":
        nanoseconds = reader.uint();
        break;
      case "Name":
        name = reader.text(limits.SERF_NAME_MAX_BYTES);
        break;
      case "Payload":
        payload = reader.bytes(limits.SERF_PAYLOAD_MAX_BYTES) ?? NO_BYTES;
        break;
      default:
        reader.skip();
    }
  }
  return {
    type: "query",
    time,
    id,
    source: addressOf(host, port),
    sourceNode: named(sourceNode),
    filters,
    ack: (flags & type.FLAG_ACK) !== 0,
    noBroadcast: (flags & type.FLAG_NO_BROADCAST) !== 0,
    relayFactor,
    timeoutMs: nanoseconds / type.NANOSECONDS,
    name,
    payload,
  };
}

function readFilters(reader: MsgpackReader): readonly SerfFilter[] {
  const filters: SerfFilter[] = [];
  for (let count = reader.array(limits.SERF_FILTERS_MAX) ?? 0; count > 0; count -= 1) {
    filters.push(readFilter(reader.view(limits.SERF_PAYLOAD_MAX_BYTES) ?? NO_BYTES));
  }
  return filters;
}

function readFilter(bytes: Uint8Array): SerfFilter {
  const reader = new MsgpackReader(bytes);
  switch (reader.byte()) {
    case type.FILTER_NAMES: {
      const names: string[] = [];
      for (let count = reader.array(limits.SERF_FILTER_NAMES_MAX) ?? 0; count > 0; count -= 1) {
        names.push(readName(reader));
      }
      return { kind: "names", names };
    }
    case type.FILTER_TAG:
      return readTagFilter(reader);
    default:
      return { kind: "unknown" };
  }
}

function readTagFilter(reader: MsgpackReader): SerfFilter {
  let [tag, expression] = ["", ""];
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "Tag":
        tag = reader.text(limits.SERF_NAME_MAX_BYTES);
        break;
      case "Expr":
        expression = reader.text(limits.SERF_NAME_MAX_BYTES);
        break;
      default:
        reader.skip();
    }
  }
  return { kind: "tag", tag, expression };
}
