/** The public options and answers of RaftNode. */
import type { RaftOptions, RaftStatus } from "../core/door.ts";
import type { SessionPosition } from "../exactly-once/envelope-port.ts";
import type { Configuration, EntryId, LogIndex, Member, NodeId, Term } from "../types.ts";
import type { RaftObserver, StateMachine, Storage, Transport } from "./ports.ts";

export interface RaftNodeOptions<Result> {
  /** This server's id; one of `members`, unless it joins. */
  readonly id: NodeId;
  /**
   * The first configuration, the same on every server, ourselves included; or `join`: this server
   * is new to a cluster that exists, knows nobody, and waits until a leader that was told of it
   * (`changeMembership`) makes contact. Used on an empty storage only, so never start an id that has
   * taken part before on a storage that was emptied: it might vote twice in one term.
   */
  readonly members: readonly Member[] | "join";
  readonly stateMachine: StateMachine<Result>;
  readonly storage: Storage;
  readonly transport: Transport;
  readonly observer?: RaftObserver;
  /** Length of a tick in milliseconds; default 25. */
  readonly tickMs?: number;
  /** Overrides of the core's defaults ({@link defaultRaftOptions}). */
  readonly raft?: Partial<Omit<RaftOptions, "id">>;
  readonly snapshots?: SnapshotPolicy;
  /**
   * Allows reads by lease; default no. Either on all servers of a cluster or on none: with leases a
   * server that has heard from its leader, or has just started, helps to elect another one an
   * election timeout later at the earliest.
   */
  readonly leases?: LeaseOptions;
}

export interface LeaseOptions {
  /** By how much a clock may run faster or slower than another one; default 0.05, so 5 %. */
  readonly clockDriftMax?: number;
}

/** When the log is compacted. */
export interface SnapshotPolicy {
  /** After this many applied entries; default 8192. */
  readonly everyEntries?: number;
  /** Or after this many applied bytes; default 16 MiB. */
  readonly everyBytes?: number;
  /** Entries kept behind a snapshot for followers that are a little behind; default 4096. */
  readonly retainEntries?: number;
}

export interface WaitOptions {
  /** Ends the wait, not the command: an appended command may still take effect. */
  readonly signal?: AbortSignal;
  /** Longest wait in milliseconds; default 5000. */
  readonly timeoutMs?: number;
}

export interface ChangeOptions extends WaitOptions {
  /**
   * `auto` (default): in one step where that is enough, else through a joint configuration. `joint`:
   * always through one. `explicit`: into a joint configuration that stays until `leave`.
   */
  readonly transition?: "auto" | "joint" | "explicit" | "leave";
  /** Only if the configuration in force stands at this index (compare-and-set). */
  readonly expectedIndex?: LogIndex;
  /** Also if no majority of the new voters answers right now. */
  readonly force?: boolean;
}

/** Who takes part, and where in the log that was decided. */
export interface Membership {
  readonly configuration: Configuration;
  readonly index: LogIndex;
}

/** How a command is known again; all of it needs a state machine made by `exactlyOnce`. */
export interface ProposeOptions extends WaitOptions {
  /**
   * 1–255 visible ASCII characters. The same key with the same command gives the same answer and is
   * applied once, for as long as the window of the machine.
   */
  readonly key?: string;
  /**
   * Log time in milliseconds that some server had reached before the first attempt with this key
   * (`logTimeMs` of the machine): after the window a retry is then refused, not applied again.
   */
  readonly keySinceMs?: number;
  /** In the place of a key; a `Session` fills it in. */
  readonly session?: SessionPosition;
}

export interface Proposed<Result> {
  readonly result: Result;
  readonly index: LogIndex;
  readonly term: Term;
}

export interface ReadOptions extends WaitOptions {
  /**
   * `linearizable` (default) sees every command acknowledged before. `lease` does as well, as far as
   * clocks can be trusted, and saves the leader a round of messages. `local` is whatever this node
   * has applied, at once; how old that may be is told to the query.
   */
  readonly consistency?: "linearizable" | "lease" | "local";
  /** For `local` reads: rejects if the leader was not heard of for longer; default: any age. */
  readonly leaderSilentMaxMs?: number;
}

/** What a query may know about the copy that it reads. */
export interface Freshness {
  /**
   * How long the leader has been silent, in milliseconds of ticks: every command that it had told us
   * to be committed before that is applied here or about to be. 0 on the leader itself, which may
   * have been replaced without knowing it; `null` while no leader is known.
   */
  readonly leaderSilentMs: number | null;
}

export interface RaftNodeStatus extends RaftStatus {
  /** Milliseconds, in ticks, since the leader was last heard of; `null` while none is known. */
  readonly leaderSilentMs: number | null;
  readonly pendingProposals: number;
  readonly pendingReads: number;
  /** Why the node stopped, if it did. */
  readonly fatal: Error | null;
}

/** What an application wants to know without reading every Ready. */
export type RaftEvent =
  | { readonly type: "role"; readonly role: RaftStatus["role"]; readonly term: Term }
  | { readonly type: "leader"; readonly leaderId: NodeId | null; readonly term: Term }
  /** A configuration took force, or the one in force was committed. */
  | ({ readonly type: "membership"; readonly committed: boolean } & Membership)
  /** This server is no member any more: it may be stopped. */
  | { readonly type: "removed"; readonly index: LogIndex }
  | { readonly type: "snapshotSaved"; readonly snapshot: EntryId }
  | { readonly type: "snapshotInstalled"; readonly snapshot: EntryId }
  /** So many events were dropped, because this reader was slow. */
  | { readonly type: "missed"; readonly count: number };
