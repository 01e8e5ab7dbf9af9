/** The user state of a push/pull between serf agents, from bytes. */
import { readName } from "./fields.ts";
import { PUSH_PULL_MAX_NODES } from "./limits.ts";
import * as field from "./map-fields.ts";
import { MapOf } from "./map-fields.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";
import { WireError } from "./refusal.ts";
import * as limits from "./serf-limits.ts";
import type {
  LamportTime,
  SerfPushPull,
  SerfRecentEvent,
  SerfRecentEvents,
} from "./serf-messages.ts";

const recentEvent = new MapOf({
  name: {
    key: "Name",
    missing: null as string | null,
    read: (reader: MsgpackReader) => reader.text(limits.SERF_NAME_MAX_BYTES),
  },
  payload: field.bytes("Payload", limits.SERF_PAYLOAD_MAX_BYTES),
});
const slot = new MapOf({
  time: field.uint("LTime"),
  events: field.list("Events", limits.SERF_EVENTS_PER_SLOT_MAX, readEvent),
});
const pushPull = new MapOf({
  time: field.uint("LTime"),
  statusTimes: {
    key: "StatusLTimes",
    missing: new Map<string, LamportTime>(),
    read: readStatusTimes,
  },
  leftMembers: field.list("LeftMembers", PUSH_PULL_MAX_NODES, readName),
  eventTime: field.uint("EventLTime"),
  events: { key: "Events", missing: [] as readonly SerfRecentEvents[], read: readSlots },
  queryTime: field.uint("QueryLTime"),
});

/** The map of a push/pull, after its byte of type. */
export function readSerfPushPull(reader: MsgpackReader): SerfPushPull {
  return { type: "pushPull", ...pushPull.read(reader) };
}

function readStatusTimes(reader: MsgpackReader): Map<string, LamportTime> {
  const times = new Map<string, LamportTime>();
  for (let left = reader.map(PUSH_PULL_MAX_NODES); left > 0; left -= 1) {
    const name = readName(reader);
    times.set(name, reader.uint());
  }
  return times;
}

/** Serf sends its whole ring of slots: most of them are nil. */
function readSlots(reader: MsgpackReader): SerfRecentEvents[] {
  const slots: SerfRecentEvents[] = [];
  for (let count = reader.array(limits.SERF_EVENT_SLOTS_MAX) ?? 0; count > 0; count -= 1) {
    if (!reader.skipNil()) slots.push(slot.read(reader));
  }
  return slots;
}

function readEvent(reader: MsgpackReader): SerfRecentEvent {
  const { name, payload } = recentEvent.read(reader);
  if (name === null) throw new WireError("type", "an event has no name");
  return { name, payload };
}
