/** Messages to bytes. The layouts are listed in `docs/wire.md`. */
import type { AppendEntries, InstallSnapshot, Message } from "@counter/raft";

import { encodeConfiguration } from "./configuration.ts";
import { encodeEntries } from "./entries.ts";
import { EncodeError } from "./errors.ts";
import { FRAME_HEADER_BYTES, sealFrame } from "./frame.ts";
import type { EncodedFrame } from "./frame.ts";
import { ENTRIES_MAX } from "./limits.ts";
import { Writer } from "./writer.ts";

/** Shared by all calls: nothing here awaits, and `finish` copies. */
const writer = new Writer();

/**
 * One message as a frame. Entries and snapshot data are referred to, not copied: they must not
 * change until the frame is written.
 *
 * @throws EncodeError when the message breaks its contract: a number that is not an integer from 0
 * to 2^53 - 1, entries with a gap, more of something than a message can hold
 */
export function encodeMessage(message: Message, clusterTag: number): EncodedFrame {
  writer.begin(FRAME_HEADER_BYTES);
  writer.varint(message.term);
  const body = writePayload(writer, message);
  return sealFrame({ head: writer.finish(), body }, { type: message.type, clusterTag });
}

/** Returns what belongs behind the bytes that were written. */
function writePayload(w: Writer, m: Message): Uint8Array | null {
  switch (m.type) {
    case "requestVote":
      w.flag(m.preVote);
      w.flag(m.transfer);
      w.varint(m.lastIndex);
      w.varint(m.lastTerm);
      return null;
    case "requestVoteResponse":
      w.flag(m.preVote);
      w.flag(m.granted);
      return null;
    case "appendEntries":
      return writeAppendEntries(w, m);
    case "appendEntriesResponse":
      w.flag(m.rejected);
      w.varint(m.index);
      w.varint(m.hintIndex);
      w.varint(m.hintTerm);
      w.varint(m.readRound);
      return null;
    case "installSnapshot":
      return writeInstallSnapshot(w, m);
    case "installSnapshotResponse":
      w.varint(m.index);
      w.varint(m.nextOffset);
      w.flag(m.installed);
      w.varint(m.readRound);
      return null;
    case "readIndexRequest":
      w.varint(m.context);
      return null;
    case "readIndexResponse":
      w.varint(m.context);
      w.flag(m.index !== null);
      if (m.index !== null) w.varint(m.index);
      return null;
    case "timeoutNow":
      return null;
  }
}

function writeAppendEntries(w: Writer, m: AppendEntries): Uint8Array | null {
  w.varint(m.prevIndex);
  w.varint(m.prevTerm);
  w.varint(m.commitIndex);
  w.varint(m.readRound);
  w.varint(m.entries.length);
  if (m.entries.length === 0) return null;
  if (m.entries.length > ENTRIES_MAX) {
    throw new EncodeError(`at most ${ENTRIES_MAX} entries in a message`);
  }
  return encodeEntries(m.entries, m.prevIndex + 1);
}

function writeInstallSnapshot(w: Writer, m: InstallSnapshot): Uint8Array | null {
  const { snapshot, offset, data, done } = m.chunk;
  w.varint(m.readRound);
  w.varint(snapshot.index);
  w.varint(snapshot.term);
  encodeConfiguration(w, snapshot.configuration);
  w.varint(snapshot.configurationIndex);
  w.varint(offset);
  w.flag(done);
  w.varint(data.length);
  return data.length === 0 ? null : data;
}
