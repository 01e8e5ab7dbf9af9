/** The public options and answers of RaftNode. */
import type { RaftOptions, RaftStatus } from "../core/door.ts";
import type { SessionPosition } from "../exactly-once/envelope-port.ts";
import type { EntryId, LogIndex, Member, NodeId, Term } from "../types.ts";
import type { RaftObserver, StateMachine, Storage, Transport } from "./ports.ts";

export interface RaftNodeOptions<Result> {
  /** This server's id; one of `members`. */
  readonly id: NodeId;
  /**
   * The first configuration, the same on every server, ourselves included. Used on an empty storage
   * only, so never start an id that has taken part before on a storage that was emptied: it might
   * vote twice in one term.
   */
  readonly members: readonly Member[];
  readonly stateMachine: StateMachine<Result>;
  readonly storage: Storage;
  readonly transport: Transport;
  readonly observer?: RaftObserver;
  /** Length of a tick in milliseconds; default 25. */
  readonly tickMs?: number;
  /** Overrides of the core's defaults ({@link defaultRaftOptions}). */
  readonly raft?: Partial<Omit<RaftOptions, "id">>;
  readonly snapshots?: SnapshotPolicy;
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
  /** `linearizable` (default) sees every command acknowledged before; `local` may be old. */
  readonly consistency?: "linearizable" | "local";
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
  | { readonly type: "snapshotSaved"; readonly snapshot: EntryId }
  | { readonly type: "snapshotInstalled"; readonly snapshot: EntryId }
  /** So many events were dropped, because this reader was slow. */
  | { readonly type: "missed"; readonly count: number };
