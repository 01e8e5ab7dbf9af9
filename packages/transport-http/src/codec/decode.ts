/** Bytes to messages. Whatever comes in, the answer is a message or a {@link DecodeError}. */
import type {
  AppendEntries,
  Entry,
  InstallSnapshot,
  Message,
  MessageType,
  NodeId,
  Term,
} from "@counter/raft";

import { decodeConfiguration } from "./configuration.ts";
import { decodeEntries, decodeEntryCount } from "./entries.ts";
import { DecodeError } from "./errors.ts";
import { Reader, truncated } from "./reader.ts";

/** A payload and what is known about it. */
export interface Payload {
  readonly type: MessageType;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Nobody will use the memory of `bytes` again: data may be views of it. */
  readonly owned: boolean;
  /** The sender knows more fields than we do: what follows the known ones is ignored. */
  readonly newer: boolean;
}

/** The two ends of a stream: a frame cannot claim another sender. */
export interface Ends {
  readonly from: NodeId;
  readonly to: NodeId;
}

interface Envelope extends Ends {
  readonly term: Term;
}

type SmallType = Exclude<MessageType, "appendEntries" | "installSnapshot">;

/** @throws DecodeError for anything that `encodeMessage` does not write */
export function decodeMessage(payload: Payload, { from, to }: Ends): Message {
  const r = new Reader(payload.bytes, payload);
  const envelope = { from, to, term: r.varint() };
  switch (payload.type) {
    case "appendEntries":
      return readAppendEntries(r, envelope, payload);
    case "installSnapshot":
      return readInstallSnapshot(r, envelope, payload);
    default: {
      const message = readSmall(r, envelope, payload.type);
      expectEnd(r, payload);
      return message;
    }
  }
}

function readSmall(r: Reader, { from, to, term }: Envelope, type: SmallType): Message {
  switch (type) {
    case "requestVote": {
      const [preVote, transfer] = [r.flag(), r.flag()];
      const [lastIndex, lastTerm] = [r.varint(), r.varint()];
      return { type, from, to, term, preVote, transfer, lastIndex, lastTerm };
    }
    case "requestVoteResponse":
      return { type, from, to, term, preVote: r.flag(), granted: r.flag() };
    case "appendEntriesResponse": {
      const rejected = r.flag();
      const [index, hintIndex, hintTerm] = [r.varint(), r.varint(), r.varint()];
      const readRound = r.varint();
      return { type, from, to, term, rejected, index, hintIndex, hintTerm, readRound };
    }
    case "installSnapshotResponse": {
      const [index, nextOffset] = [r.varint(), r.varint()];
      const installed = r.flag();
      return { type, from, to, term, index, nextOffset, installed, readRound: r.varint() };
    }
    case "readIndexRequest":
      return { type, from, to, term, context: r.varint() };
    case "readIndexResponse":
      return { type, from, to, term, context: r.varint(), index: r.flag() ? r.varint() : null };
    case "timeoutNow":
      return { type, from, to, term };
  }
}

function readAppendEntries(
  r: Reader,
  { from, to, term }: Envelope,
  payload: Payload,
): AppendEntries {
  const prevIndex = r.varint();
  const prevTerm = r.varint();
  const commitIndex = r.varint();
  const readRound = r.varint();
  const count = decodeEntryCount(r);
  let entries: Entry[] = [];
  if (count > 0) {
    // One copy for all entries: views of a network chunk would keep the whole chunk alive for as
    // long as the log keeps one entry of it.
    const block = payload.owned ? r : readerOfCopy(r);
    entries = decodeEntries(block, { first: prevIndex + 1, count });
    expectEnd(block, payload);
  } else {
    expectEnd(r, payload);
  }
  const type = "appendEntries";
  return { type, from, to, term, prevIndex, prevTerm, entries, commitIndex, readRound };
}

function readInstallSnapshot(
  r: Reader,
  { from, to, term }: Envelope,
  payload: Payload,
): InstallSnapshot {
  const readRound = r.varint();
  const snapshot = {
    index: r.varint(),
    term: r.varint(),
    configuration: decodeConfiguration(r),
    configurationIndex: r.varint(),
  };
  const offset = r.varint();
  const done = r.flag();
  const length = r.varint();
  if (length > r.remaining) throw truncated();
  const view = r.bytes.subarray(r.position, r.position + length);
  const data = payload.owned
    ? new Uint8Array(view.buffer, view.byteOffset, length)
    : new Uint8Array(view);
  r.position += length;
  expectEnd(r, payload);
  const chunk = { snapshot, offset, data, done };
  return { type: "installSnapshot", from, to, term, chunk, readRound };
}

function readerOfCopy(r: Reader): Reader {
  const rest = r.copyOfRest();
  return new Reader(rest, { start: 0, end: rest.length });
}

function expectEnd(r: Reader, { newer }: Payload): void {
  if (!newer && r.remaining > 0) {
    throw new DecodeError("trailing", `${r.remaining} bytes behind the last field`);
  }
}
