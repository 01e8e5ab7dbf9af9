/**
 * The one door of the core: what goes in through `step`, and what comes out of `ready`.
 *
 * A run is its options, its seed and its inputs. Recording those three replays it.
 */
import type { Message } from "../messages.ts";
import type {
  Configuration,
  Entry,
  EntryId,
  HardState,
  LogIndex,
  Member,
  NodeId,
  PersistedState,
  SnapshotChunk,
  SnapshotMeta,
  Term,
  WriteId,
} from "../types.ts";
import type { MembershipChange } from "./configuration-changes.ts";

/** How a core behaves. Times are in ticks; sizes in bytes of entry data. */
export interface RaftOptions {
  readonly id: NodeId;
  /** Seeds timeouts and request ids: any 32-bit integer; another one for every server and start. */
  readonly seed: number;
  /** Shortest silence of a leader after which a follower campaigns; the longest is twice this. ≥ 2. */
  readonly electionTimeoutTicks: number;
  /** How often an idle leader says that it is there. ≥ 1, at most half the election timeout. */
  readonly heartbeatTicks: number;
  /** Most bytes of entries in one message; one larger entry still travels, alone. */
  readonly messageMaxBytes: number;
  /** Most entries in one message. */
  readonly messageMaxEntries: number;
  /** Most unanswered appends to one follower. */
  readonly inflightMaxMessages: number;
  /** Most unanswered bytes to one follower. */
  readonly inflightMaxBytes: number;
  /** Most bytes that a leader appends ahead of what is committed and applied; more is refused. */
  readonly uncommittedMaxBytes: number;
  /** Largest command accepted. */
  readonly entryMaxBytes: number;
  /** Most reads that wait for a confirmation; further ones are refused. */
  readonly pendingReadsMax: number;
  /** Largest piece of a snapshot in one message. */
  readonly snapshotChunkMaxBytes: number;
  /** Most followers that a leader sends a snapshot to at the same time; further ones wait. */
  readonly snapshotTransfersMax: number;
  /** Most bytes of snapshots that a leader sends a tick, to all of them together, on average. */
  readonly snapshotBytesPerTick: number;
  /** Most writes given to the host and not yet reported durable. */
  readonly inflightMaxWrites: number;
  /** Most bytes of committed entries handed out and not yet applied; one entry is always given. */
  readonly committedMaxBytes: number;
  /** A server whose write is out for this many ticks does not lead and does not campaign. */
  readonly diskStallTicks: number;
  /**
   * How long a leader believes in its lease, in milliseconds of the clock of its ticks; 0: no leases.
   * Either on all servers or on none. Must be shorter than `electionTimeoutTicks` less two take on the
   * clock of any other server.
   */
  readonly leaseMs: number;
}

/** Everything that can happen to a server. */
export type Input =
  /**
   * A tick has passed since the last one, at least. `nowMs`: on a clock that never stands still and
   * never goes back, for leases only.
   */
  | { readonly type: "tick"; readonly nowMs?: number | undefined }
  | { readonly type: "receive"; readonly message: Message }
  /** Append these commands, all or none, as consecutive entries. Answered by a `proposal` outcome. */
  | {
      readonly type: "propose";
      readonly context: number;
      readonly commands: readonly Uint8Array[];
    }
  /**
   * An index at which a local read is linearizable. Answered by a `read` outcome. With `leaseNowMs`,
   * on the clock of the ticks, a leader that holds a lease answers at once.
   */
  | { readonly type: "read"; readonly context: number; readonly leaseNowMs?: number | undefined }
  /** The write with this id is durable. Writes are reported in the order they were given. */
  | { readonly type: "persisted"; readonly write: WriteId }
  /** The state machine has applied everything up to this index. */
  | { readonly type: "applied"; readonly index: LogIndex }
  /** Campaign now, pre-vote first, without waiting for the timeout. */
  | { readonly type: "campaign" }
  /** Hand leadership over to this voter; `null`: to the one that is furthest. */
  | { readonly type: "transfer"; readonly to: NodeId | null }
  /**
   * Change who takes part. Answered by a `changeProposed` or `changeRefused` outcome.
   * - `transition`: `auto` in one step where that is enough, else through a joint configuration;
   *   `joint` always through one, which the leader leaves by itself; `explicit` into one that stays
   *   until `leave` (then `changes` is empty).
   * - `expectedIndex`: only if the configuration in force stands there (compare-and-set).
   * - `force`: also if no majority of the new voters answers.
   */
  | {
      readonly type: "changeMembership";
      readonly context: number;
      readonly changes: readonly MembershipChange[];
      readonly transition: "auto" | "joint" | "explicit" | "leave";
      readonly expectedIndex: LogIndex | null;
      readonly force: boolean;
    }
  /** Give leadership up without waiting for anyone. */
  | { readonly type: "stepDown" }
  /**
   * A snapshot of our own state machine is durable; keep `retainEntries` entries behind it. It must
   * not be stored before the log on the disk reaches it (`persistedIndex` of the status): a crash
   * would leave a snapshot ahead of its log.
   */
  | {
      readonly type: "snapshotSaved";
      readonly snapshot: SnapshotMeta;
      readonly retainEntries: number;
    }
  /** The piece of a snapshot that a `snapshotReads` item asked for; `null` if it is gone. */
  | {
      readonly type: "snapshotRead";
      readonly to: NodeId;
      readonly index: LogIndex;
      readonly offset: number;
      readonly chunk: SnapshotChunk | null;
    }
  /** The transport could not deliver to this peer; replication falls back to probing. */
  | { readonly type: "unreachable"; readonly peer: NodeId };

/**
 * Make all of this durable, in this order, as one unit, then step `persisted`.
 *
 * `entries` replaces whatever the disk holds from `entries[0].index` on. A `chunk` with `done` set
 * completes a snapshot: it becomes the newest one, and every stored entry is forgotten, since the
 * log restarts behind it. Such a write never has entries.
 */
export interface Write {
  readonly id: WriteId;
  /** `null`: unchanged. */
  readonly hardState: HardState | null;
  readonly entries: readonly Entry[];
  readonly chunk: SnapshotChunk | null;
}

/** Read this much of our newest snapshot and step it as `snapshotRead`. */
export interface SnapshotReadRequest {
  readonly to: NodeId;
  readonly index: LogIndex;
  readonly offset: number;
  readonly maxBytes: number;
}

/** Why nothing was appended or read. In every case it is certain that nothing happened. */
export type Refusal =
  | { readonly reason: "notLeader"; readonly leaderId: NodeId | null }
  /** Too many uncommitted bytes or waiting reads. */
  | { readonly reason: "overloaded" }
  | { readonly reason: "tooLarge"; readonly maxBytes: number };

/** Why the membership was not changed. It is certain that nothing was appended. */
export type ChangeRefusal =
  | Extract<Refusal, { reason: "notLeader" }>
  /** No entry of the leader's term is committed yet: in a moment it may be. */
  | { readonly reason: "changeTooEarly" }
  /** Another change is not committed yet. */
  | { readonly reason: "changeInProgress" }
  /** It was made for an older configuration; this is where the one in force stands. */
  | { readonly reason: "configurationMoved"; readonly configurationIndex: LogIndex }
  | { readonly reason: "invalidChange"; readonly problem: string }
  /** No majority of the new voters answers; `force` does it all the same. */
  | { readonly reason: "unsafeChange"; readonly problem: string };

/** Answers to whoever proposed or asked to read. */
export type Outcome =
  /** Appended as `first` and the entries after it. Committed only if such an id is committed. */
  | { readonly type: "proposed"; readonly context: number; readonly first: EntryId }
  | { readonly type: "proposalRefused"; readonly context: number; readonly refusal: Refusal }
  /** The new configuration was appended as `entry`. */
  | { readonly type: "changeProposed"; readonly context: number; readonly entry: EntryId }
  | { readonly type: "changeRefused"; readonly context: number; readonly refusal: ChangeRefusal }
  /** Reads are linearizable once `index` is applied. */
  | { readonly type: "readReady"; readonly context: number; readonly index: LogIndex }
  | { readonly type: "readRefused"; readonly context: number; readonly refusal: Refusal };

/** What happened and why, for logs, metrics and traces. Cores do not log. */
export type Note =
  | { readonly type: "role"; readonly role: RoleKind; readonly term: Term; readonly why: string }
  | { readonly type: "leader"; readonly leaderId: NodeId | null; readonly term: Term }
  | { readonly type: "voteRefused"; readonly to: NodeId; readonly term: Term; readonly why: string }
  | { readonly type: "dropped"; readonly message: Message; readonly why: string }
  | { readonly type: "transfer"; readonly to: NodeId | null; readonly why: string }
  /** A configuration took force, or the one in force was committed. */
  | {
      readonly type: "configuration";
      readonly index: LogIndex;
      readonly configuration: Configuration;
      readonly committed: boolean;
    }
  /** A learner has kept up and becomes a voter. */
  | { readonly type: "promoted"; readonly peer: NodeId }
  /** The configuration that removes this server is committed. */
  | { readonly type: "removed"; readonly index: LogIndex }
  | { readonly type: "truncated"; readonly from: LogIndex; readonly through: LogIndex }
  | { readonly type: "snapshotNeeded"; readonly peer: NodeId; readonly index: LogIndex }
  | { readonly type: "snapshotInstalled"; readonly snapshot: EntryId };

export type RoleKind = "follower" | "preCandidate" | "candidate" | "leader";

/** Work for the host. The parts may be done in any order and at the same time. */
export interface Ready {
  readonly write: Write | null;
  /** Send now. Whatever vouches for our disk is held back until the disk has it. */
  readonly messages: readonly Message[];
  /** Load the newest stored snapshot into the state machine, before `committed`; then step `applied`. */
  readonly restore: SnapshotMeta | null;
  /** Apply in this order, then step `applied`. */
  readonly committed: readonly Entry[];
  readonly outcomes: readonly Outcome[];
  readonly snapshotReads: readonly SnapshotReadRequest[];
  /** Entries up to and including this index are no longer needed on disk. */
  readonly compactThrough: LogIndex | null;
  /** Whom to reach and to hear from now on, with addresses; `null`: the same as before. */
  readonly contacts: readonly Member[] | null;
  readonly notes: readonly Note[];
}

/** How far replication to one peer is (leader only). */
export interface PeerStatus {
  readonly matchIndex: LogIndex;
  readonly nextIndex: LogIndex;
  readonly state: "probe" | "replicate" | "snapshot";
  /** The snapshot that it needs: how far it has it, and whether it is its turn. */
  readonly snapshot: {
    readonly index: LogIndex;
    /** Bytes that are durable at the peer. */
    readonly offset: number;
    readonly sending: boolean;
  } | null;
  readonly inflightMessages: number;
  readonly inflightBytes: number;
  readonly paused: boolean;
  readonly recentlyActive: boolean;
  /** Ticks since it was last heard of; `null`: not since this leader was elected. */
  readonly silentTicks: number | null;
  /** It was removed, and is still being told so. */
  readonly removed: boolean;
}

/** A view for people and tests; a copy, safe to keep. */
export interface RaftStatus {
  readonly id: NodeId;
  readonly role: RoleKind;
  readonly term: Term;
  readonly vote: NodeId | null;
  readonly leaderId: NodeId | null;
  /** Ticks since the leader was last heard of; on the leader: since it last counted its contacts. */
  readonly leaderSilentTicks: number;
  readonly commitIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly persistedIndex: LogIndex;
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
  readonly snapshot: EntryId | null;
  readonly configuration: SnapshotMeta["configuration"];
  /** Where the configuration in force stands in the log; 0 for the one of the start. */
  readonly configurationIndex: LogIndex;
  /** Whether this server was a member and a committed configuration removed it. */
  readonly removed: boolean;
  readonly peers: Readonly<Record<NodeId, PeerStatus>>;
}

/**
 * The pure core, as hosts and simulators see it.
 *
 * @example
 * ```ts
 * core.step({ type: "tick" });
 * while (core.hasReady()) carryOut(core.ready());
 * ```
 */
export interface RaftCoreLike {
  step(input: Input): void;
  hasReady(): boolean;
  ready(): Ready;
  status(): RaftStatus;
  /**
   * What a snapshot of the state machine would stand for if it were taken now (`appliedIndex`);
   * `null` while nothing was applied, or while an installed snapshot waits to be restored.
   */
  snapshotMeta(): SnapshotMeta | null;
}

/** Makes a core from what was on the disk. */
export type RaftCoreFactory = (options: RaftOptions, persisted: PersistedState) => RaftCoreLike;
