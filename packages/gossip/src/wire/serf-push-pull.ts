/** The user state of a push/pull between serf agents, from bytes. */
import { readName } from "./fields.ts";
import { PUSH_PULL_MAX_NODES } from "./limits.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";
import { WireError } from "./refusal.ts";
import * as limits from "./serf-limits.ts";
import type {
  LamportTime,
  SerfPushPull,
  SerfRecentEvent,
  SerfRecentEvents,
} from "./serf-messages.ts";

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The map of a push/pull, after its byte of type. */
export function readSerfPushPull(reader: MsgpackReader): SerfPushPull {
  let [time, eventTime, queryTime] = [0, 0, 0];
  let statusTimes = new Map<string, LamportTime>();
  let leftMembers: string[] = [];
  let events: SerfRecentEvents[] = [];
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "LTime":
        time = reader.uint();
        break;
      case "StatusLTimes":
        statusTimes = readStatusTimes(reader);
        break;
      case "LeftMembers":
        leftMembers = readNames(reader);
        break;
      case "EventLTime":
        eventTime = reader.uint();
        break;
      case "Events":
        events = readSlots(reader);
        break;
      case "QueryLTime":
        queryTime = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  return { type: "pushPull", time, statusTimes, leftMembers, eventTime, events, queryTime };
}

function readStatusTimes(reader: MsgpackReader): Map<string, LamportTime> {
  const times = new Map<string, LamportTime>();
  for (let left = reader.map(PUSH_PULL_MAX_NODES); left > 0; left -= 1) {
    const name = readName(reader);
    times.set(name, reader.uint());
  }
  return times;
}

function readNames(reader: MsgpackReader): string[] {
  const names: string[] = [];
  for (let count = reader.array(PUSH_PULL_MAX_NODES) ?? 0; count > 0; count -= 1) {
    names.push(readName(reader));
  }
  return names;
}

/** Serf sends its whole ring of slots: most of them are nil. */
function readSlots(reader: MsgpackReader): SerfRecentEvents[] {
  const slots: SerfRecentEvents[] = [];
  for (let count = reader.array(limits.SERF_EVENT_SLOTS_MAX) ?? 0; count > 0; count -= 1) {
    if (!reader.skipNil()) slots.push(readSlot(reader));
  }
  return slots;
}

function readSlot(reader: MsgpackReader): SerfRecentEvents {
  let time = 0;
  let events: SerfRecentEvent[] = [];
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
      case "LTime":
        time = reader.uint();
        break;
      case "Events": {
        events = [];
        const most = limits.SERF_EVENTS_PER_SLOT_MAX;
        for (let count = reader.array(most) ?? 0; count > 0; count -= 1) {
          events.push(readEvent(reader));
        }
        break;
      }
      default:
        reader.skip();
    }
  }
  return { time, events };
}

function readEvent(reader: MsgpackReader): SerfRecentEvent {
  let name: string | null = null;
  let payload = NO_BYTES;
  for (let left = reader.map(); left > 0; left -= 1) {
    switch (reader.key()) {
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
  if (name === null) throw new WireError("type", "an event has no name");
  return { name, payload };
}
