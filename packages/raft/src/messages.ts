/**
 * Everything one server says to another, one interface a message.
 *
 * All messages carry the sender's term; a message of an older term is answered or ignored, one of a
 * newer term makes the receiver a follower first (§5.1). Cluster id and protocol version travel in
 * the envelope that the transport puts around a message.
 */
import type { Entry, LogIndex, NodeId, SnapshotChunk, Term } from "./types.ts";

interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
  /** The sender's current term; in a pre-vote request the term it would campaign for. */
  readonly term: Term;
}

/** "May I lead?" (§5.2). A pre-vote asks the same without consequence (dissertation §9.6). */
export interface RequestVote extends Envelope {
  readonly type: "requestVote";
  readonly preVote: boolean;
  /** The leader itself asked for this campaign: who sticks to it answers all the same (§3.10). */
  readonly transfer: boolean;
  /** The candidate's last entry, for the up-to-date rule (§5.4.1). */
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
}

export interface RequestVoteResponse extends Envelope {
  readonly type: "requestVoteResponse";
  readonly preVote: boolean;
  readonly granted: boolean;
}

/** Entries, commit index and heartbeat in one (§5.3): a heartbeat has no entries. */
export interface AppendEntries extends Envelope {
  readonly type: "appendEntries";
  /** The entry right before `entries`; `0@0` matches every log. */
  readonly prevIndex: LogIndex;
  readonly prevTerm: Term;
  /** Consecutive, from `prevIndex + 1`. */
  readonly entries: readonly Entry[];
  readonly commitIndex: LogIndex;
  /** Newest read round of the leader, echoed by the answer (ReadIndex). */
  readonly readRound: number;
}

export interface AppendEntriesResponse extends Envelope {
  readonly type: "appendEntriesResponse";
  readonly rejected: boolean;
  /** Accepted: the last index known to match the leader's log. Rejected: the `prevIndex` refused. */
  readonly index: LogIndex;
  /**
   * Rejected: the largest index whose term is not above the refused `prevTerm`, and its term, so
   * that the leader skips whole terms at once. 0 and 0 otherwise.
   */
  readonly hintIndex: LogIndex;
  readonly hintTerm: Term;
  readonly readRound: number;
}

/** One chunk of a snapshot (§7); the next one is sent when this one is answered. */
export interface InstallSnapshot extends Envelope {
  readonly type: "installSnapshot";
  readonly chunk: SnapshotChunk;
  readonly readRound: number;
}

export interface InstallSnapshotResponse extends Envelope {
  readonly type: "installSnapshotResponse";
  /** Which snapshot is being received. */
  readonly index: LogIndex;
  /** The byte offset to continue from: everything before it is durable at the receiver. */
  readonly nextOffset: number;
  /** The snapshot is installed (or was not needed): the receiver's log matches up to `index`. */
  readonly installed: boolean;
  readonly readRound: number;
}

/** A follower asks for an index at which a read of its own copy is linearizable (§8). */
export interface ReadIndexRequest extends Envelope {
  readonly type: "readIndexRequest";
  /** Chosen by the asker, returned unchanged. */
  readonly context: number;
}

export interface ReadIndexResponse extends Envelope {
  readonly type: "readIndexResponse";
  readonly context: number;
  /** `null`: the asked server does not lead, ask again elsewhere. */
  readonly index: LogIndex | null;
}

/** The leader asks a follower that has its whole log to take over at once (dissertation §3.10). */
export interface TimeoutNow extends Envelope {
  readonly type: "timeoutNow";
}

export type Message =
  | RequestVote
  | RequestVoteResponse
  | AppendEntries
  | AppendEntriesResponse
  | InstallSnapshot
  | InstallSnapshotResponse
  | ReadIndexRequest
  | ReadIndexResponse
  | TimeoutNow;

export type MessageType = Message["type"];
