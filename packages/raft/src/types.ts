/** The nouns of the protocol. Nothing here has behaviour. */

/** Names a server for ever: 1–128 visible ASCII characters. Never reused for an empty disk. */
export type NodeId = string;

/** A term of office (§5.1): a safe integer, from 0 (before the first election) upwards. */
export type Term = number;

/** A position in the log: a safe integer, from 1 upwards; 0 stands for "before the first entry". */
export type LogIndex = number;

/** Identifies a durable write that a core asked its host for; counts up from 1 in each run. */
export type WriteId = number;

/** Two logs that hold an entry with the same id agree on everything up to it (§5.3). */
export interface EntryId {
  readonly index: LogIndex;
  readonly term: Term;
}

/**
 * What an entry is for.
 * - `command`: bytes for the state machine
 * - `noop`: the first entry of every leader's term (§8), empty
 * - `configuration`: an encoded {@link Configuration}
 */
export type EntryKind = "command" | "noop" | "configuration";

/** One entry of the replicated log. `data` is never changed by anyone after it was handed over. */
export interface Entry {
  readonly index: LogIndex;
  readonly term: Term;
  readonly kind: EntryKind;
  readonly data: Uint8Array;
}

/** A server of the cluster. `address` is opaque to the core: at most 256 visible ASCII characters. */
export interface Member {
  readonly id: NodeId;
  readonly address: string;
}

/**
 * Who takes part (§6). Simple while `outgoing` is empty, joint otherwise: then a decision needs a
 * majority of `voters` and a majority of `outgoing`.
 */
export interface Configuration {
  /** Everybody named in one of the lists below, with an address, sorted by id. */
  readonly members: readonly Member[];
  /** The voters (in a joint configuration: the incoming ones), sorted. */
  readonly voters: readonly NodeId[];
  /** The voters of the configuration that is being left; empty in a simple configuration. */
  readonly outgoing: readonly NodeId[];
  /** Receive the log and do not count. */
  readonly learners: readonly NodeId[];
  /** Outgoing voters that become learners when the joint configuration is left. */
  readonly learnersNext: readonly NodeId[];
  /** Learners, present or next, that the leader promotes by itself once they have caught up. */
  readonly joining: readonly NodeId[];
  /** Whether the leader leaves a joint configuration by itself once it is committed. */
  readonly autoLeave: boolean;
}

/** What a server must never forget (Figure 2, persistent state), written together with entries. */
export interface HardState {
  readonly term: Term;
  /** Whom this server voted for in `term`. */
  readonly vote: NodeId | null;
  /** A commit index that was reached; may lag behind. Never beyond the log that is stored with it. */
  readonly commitIndex: LogIndex;
}

/** Identifies a snapshot and says what it stands for: everything up to `index`. */
export interface SnapshotMeta extends EntryId {
  /** The configuration in force at `index`. */
  readonly configuration: Configuration;
  /** Where that configuration stands in the log; 0 for one that was never an entry. */
  readonly configurationIndex: LogIndex;
}

/** What a server finds on its disk when it starts. */
export interface PersistedState {
  readonly hardState: HardState;
  /** The newest complete snapshot. */
  readonly snapshot: SnapshotMeta | null;
  /**
   * The stored log, without gaps, ascending. It may begin at or before the snapshot's index + 1
   * (trailing entries are kept for slow followers), never after it.
   */
  readonly entries: readonly Entry[];
}

/** A piece of a snapshot on its way to a server that is too far behind for entries (§7). */
export interface SnapshotChunk {
  readonly snapshot: SnapshotMeta;
  /** Where `data` belongs, in bytes from the start of the snapshot. */
  readonly offset: number;
  readonly data: Uint8Array;
  /** Whether this is the last piece. */
  readonly done: boolean;
}
