/** A query of serf and its filters, from bytes. */
import { addressOf, named, readName } from "./fields.ts";
import * as field from "./map-fields.ts";
import { MapOf, readList } from "./map-fields.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import * as limits from "./serf-limits.ts";
import type { SerfFilter, SerfQuery } from "./serf-messages.ts";
import * as type from "./serf-types.ts";

const query = new MapOf({
  time: field.uint("LTime"),
  id: field.uint32("ID"),
  host: field.host("Addr"),
  port: field.port("Port"),
  sourceNode: field.name("SourceNode"),
  filters: field.list("Filters", limits.SERF_FILTERS_MAX, readFilterItem),
  flags: field.uint32("Flags"),
  relayFactor: field.uint("RelayFactor", 0xff),
  nanoseconds: field.uint("Timeout"),
  name: field.text("Name", limits.SERF_NAME_MAX_BYTES),
  payload: field.bytes("Payload", limits.SERF_PAYLOAD_MAX_BYTES),
});
const tagFilter = new MapOf({
  tag: field.text("Tag", limits.SERF_NAME_MAX_BYTES),
  expression: field.text("Expr", limits.SERF_NAME_MAX_BYTES),
});

/** The map of a query, after its byte of type. */
export function readQuery(reader: MsgpackReader): SerfQuery {
  const { time, id, host, port, flags, nanoseconds, sourceNode, ...rest } = query.read(reader);
  return {
    type: "query",
    time,
    id,
    source: addressOf(host, port),
    sourceNode: named(sourceNode),
    ack: (flags & type.FLAG_ACK) !== 0,
    noBroadcast: (flags & type.FLAG_NO_BROADCAST) !== 0,
    timeoutMs: nanoseconds / type.NANOSECONDS,
    ...rest,
  };
}

function readFilterItem(reader: MsgpackReader): SerfFilter {
  return readFilter(reader.view(limits.SERF_PAYLOAD_MAX_BYTES) ?? field.NO_BYTES);
}

function readFilter(bytes: Uint8Array): SerfFilter {
  const reader = new MsgpackReader(bytes);
  switch (reader.byte()) {
    case type.FILTER_NAMES:
      return { kind: "names", names: readList(reader, limits.SERF_FILTER_NAMES_MAX, readName) };
    case type.FILTER_TAG:
      return { kind: "tag", ...tagFilter.read(reader) };
    default:
      return { kind: "unknown" };
  }
}
