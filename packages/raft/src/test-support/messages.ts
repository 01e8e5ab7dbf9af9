/** Messages in one line each, for tests that speak to a single core. */
import type {
  AppendEntries,
  AppendEntriesResponse,
  Entry,
  InstallSnapshot,
  InstallSnapshotResponse,
  Message,
  MessageType,
  NodeId,
  ReadIndexRequest,
  ReadIndexResponse,
  RequestVote,
  RequestVoteResponse,
  SnapshotMeta,
} from "../index.ts";
import { commands, idOf, showId, showLog } from "./logs.ts";

interface Path {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: number;
}

export function requestVote(
  of: Path & { readonly last: string; readonly preVote?: boolean; readonly transfer?: boolean },
): RequestVote {
  const { from, to, term, preVote = false, transfer = false } = of;
  const { index: lastIndex, term: lastTerm } = idOf(of.last);
  return { type: "requestVote", from, to, term, preVote, transfer, lastIndex, lastTerm };
}

export function vote(
  of: Path & { readonly granted?: boolean; readonly preVote?: boolean },
): RequestVoteResponse {
  const { from, to, term, granted = true, preVote = false } = of;
  return { type: "requestVoteResponse", from, to, term, preVote, granted };
}

export function append(
  of: Path & {
    readonly prev: string;
    /** Terms of commands, or entries. */
    readonly entries?: string | readonly Entry[];
    readonly commit?: number;
    readonly round?: number;
  },
): AppendEntries {
  const { from, to, term, entries = "", commit: commitIndex = 0, round: readRound = 0 } = of;
  const { index: prevIndex, term: prevTerm } = idOf(of.prev);
  const list = typeof entries === "string" ? commands(entries, prevIndex) : entries;
  const type = "appendEntries";
  return { type, from, to, term, prevIndex, prevTerm, entries: list, commitIndex, readRound };
}

export function ack(
  of: Path & { readonly index: number; readonly round?: number },
): AppendEntriesResponse {
  const { from, to, term, index, round: readRound = 0 } = of;
  const none = { rejected: false, hintIndex: 0, hintTerm: 0 };
  return { type: "appendEntriesResponse", from, to, term, index, readRound, ...none };
}

export function reject(
  of: Path & { readonly index: number; readonly hint: string },
): AppendEntriesResponse {
  const { from, to, term, index } = of;
  const { index: hintIndex, term: hintTerm } = idOf(of.hint);
  const rest = { rejected: true, hintIndex, hintTerm, readRound: 0 };
  return { type: "appendEntriesResponse", from, to, term, index, ...rest };
}

export function chunk(
  of: Path & {
    readonly snapshot: SnapshotMeta;
    readonly offset: number;
    readonly data: readonly number[];
    readonly done: boolean;
  },
): InstallSnapshot {
  const { from, to, term, snapshot, offset, done } = of;
  const piece = { snapshot, offset, data: Uint8Array.from(of.data), done };
  return { type: "installSnapshot", from, to, term, chunk: piece, readRound: 0 };
}

export function chunkAck(
  of: Path & {
    readonly index: number;
    readonly nextOffset: number;
    readonly installed?: boolean;
  },
): InstallSnapshotResponse {
  const { from, to, term, index, nextOffset, installed = false } = of;
  const type = "installSnapshotResponse";
  return { type, from, to, term, index, nextOffset, installed, readRound: 0 };
}

export function readRequest(of: Path & { readonly context: number }): ReadIndexRequest {
  return { type: "readIndexRequest", ...of };
}

export function readResponse(
  of: Path & { readonly context: number; readonly index: number | null },
): ReadIndexResponse {
  return { type: "readIndexResponse", ...of };
}

export type MessageOf<Type extends MessageType> = Extract<Message, { readonly type: Type }>;

export function ofType<Type extends MessageType>(
  messages: readonly Message[],
  type: Type,
): MessageOf<Type>[] {
  return messages.filter((m): m is MessageOf<Type> => m.type === type);
}

/** One message as one line, the way traces print it. */
export function show(m: Message): string {
  return `${m.from} -> ${m.to}  t${m.term}  ${content(m)}`;
}

function content(m: Message): string {
  switch (m.type) {
    case "requestVote": {
      const last = showId({ index: m.lastIndex, term: m.lastTerm });
      return `${m.preVote ? "preVote" : "requestVote"} last=${last}`;
    }
    case "requestVoteResponse":
      return `${m.preVote ? "preVote" : "vote"} ${m.granted ? "granted" : "refused"}`;
    case "appendEntries": {
      const prev = showId({ index: m.prevIndex, term: m.prevTerm });
      return `append prev=${prev} [${showLog(m.entries)}] commit=${m.commitIndex}`;
    }
    case "appendEntriesResponse": {
      if (!m.rejected) return `ack ${m.index}`;
      return `reject ${m.index} hint=${showId({ index: m.hintIndex, term: m.hintTerm })}`;
    }
    case "installSnapshot": {
      const { snapshot, offset, data, done } = m.chunk;
      return `chunk of ${showId(snapshot)} ${offset}+${data.length}${done ? " done" : ""}`;
    }
    case "installSnapshotResponse":
      return `snapshot ${m.index} ${m.installed ? "installed" : `next=${m.nextOffset}`}`;
    case "readIndexRequest":
      return "readIndex?";
    case "readIndexResponse":
      return `readIndex ${m.index ?? "refused"}`;
    case "timeoutNow":
      return "timeoutNow";
  }
}
