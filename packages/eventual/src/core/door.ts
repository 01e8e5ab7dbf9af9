/** The one door of the core: what goes in, what comes out. */
import type { Message, RefusedWhy } from "../messages.ts";
import type {
  Address,
  CounterName,
  LabelsPatch,
  Member,
  NamedAddress,
  NodeId,
  Position,
  SettingAll,
  VersionVector,
  WallMs,
  WriterId,
} from "../types.ts";

export interface EventualOptions {
  readonly node: NodeId;
  readonly address: Address;
  readonly label: string;
  /** Where the others are, ourselves left out; more can be registered later. At most 64. */
  readonly peers: readonly Address[];
  /**
   * Where others may be: only this node asks there, for ever, and nobody is told. While it belongs to
   * no established cluster it waits for all of them. At most 64 together with `peers`; default none.
   */
  readonly seeds?: readonly Address[];
  /**
   * Fixed by whoever runs the cluster (`fixed`), or only the first guess of a node that knows nobody
   * yet, to be given up for that of the cluster that it meets.
   */
  readonly cluster: { readonly id: string; readonly fixed: boolean };
  /** Seeds all randomness: writer ids, jitter, whom to sync with. 128 bits as four uint32. */
  readonly seed: readonly [number, number, number, number];
  /** Whether what was applied survives this process. If not, a writer is never resumed. */
  readonly durable: boolean;
  readonly limits: EventualLimits;
  readonly timing: EventualTiming;
}

/** Times are in ticks unless their name says otherwise. */
export interface EventualTiming {
  /** Between two health checks of a peer that answers. */
  readonly heartbeatTicks: number;
  /** An exchange without an answer is given up after so many. */
  readonly exchangeTicks: number;
  /** Longest time between two checks of a peer that is down; it doubles up to this. */
  readonly probeMaxTicks: number;
  /** Between two syncs with one random peer. */
  readonly antiEntropyTicks: number;
  /** How long writes wait for the others to let this node resume its writer. */
  readonly resumeTicks: number;
  /** Between two promises, while something can be forgotten. */
  readonly promiseTicks: number;
  /** How long a key is remembered: by when it was issued or, where it does not say, accepted. */
  readonly keyWindowMs: number;
  /** Added to the window before a node promises not to accept older keys. */
  readonly keyMarginMs: number;
}

export interface EventualLimits {
  /** Most bytes of operations in one record. */
  readonly recordMaxBytes: number;
  /** Most bytes of records in one message. */
  readonly messageMaxBytes: number;
  /** Most records in one message. */
  readonly messageMaxRecords: number;
  /** Most bytes of records kept for peers that are behind; then they get a snapshot. */
  readonly retainedMaxBytes: number;
  /** Most bytes that wait for the disk, of our own operations and of received records each. */
  readonly pendingMaxBytes: number;
  /** Most keys remembered; a further new key is refused. */
  readonly keysMax: number;
  readonly countersMax: number;
  readonly membersMax: number;
  /** Most bytes of a snapshot that is put aside until it is complete; a larger one is given up. */
  readonly snapshotMaxBytes: number;
  /** Snapshots that are given at the same time. */
  readonly transfersMax: number;
}

export type Operation =
  | {
      readonly type: "add";
      readonly counter: CounterName;
      readonly delta: bigint;
      readonly key: string | null;
    }
  /**
   * Everything known here counts no longer, then `value` is added; with a key it must be as small as
   * a delta. The same key at two nodes adds one value, and takes away what either knew.
   */
  | {
      readonly type: "set";
      readonly counter: CounterName;
      readonly value: bigint;
      readonly key: string | null;
    }
  /** Labels of a counter that is there, as far as this node knows; or that is not, if `isNew`. */
  | {
      readonly type: "configure";
      readonly counter: CounterName;
      readonly isNew: boolean;
      readonly labels: LabelsPatch;
      readonly key: string | null;
    }
  /**
   * Everything known here counts no longer, and with that alone it is no counter any more. Of this and
   * of `configure` with one key at several nodes the first holds, and the others never were.
   */
  | { readonly type: "delete"; readonly counter: CounterName; readonly key: string | null }
  | SettingAll;

export type Input =
  /** Time has passed. `wallMs` may jump at will; only windows of keys follow it. */
  | { readonly type: "tick"; readonly wallMs: WallMs }
  /** Answered by a `written` or `refused` outcome with the same context. */
  | { readonly type: "submit"; readonly context: number; readonly operation: Operation }
  /** For a request the host has set `exchange` to a number of its own, for the reply. */
  | { readonly type: "receive"; readonly message: Message }
  /** The request of this exchange could not be delivered, or was not answered. */
  | { readonly type: "unanswered"; readonly exchange: number }
  /** The write with this id is on the disk. */
  | { readonly type: "persisted"; readonly write: number }
  /** Look for members at these addresses. Answered like `submit`. */
  | { readonly type: "register"; readonly context: number; readonly addresses: readonly Address[] }
  /**
   * Look there no longer, and remove the members that are or were there, for good; an id in the place
   * of an address means only that one. Unless `force`, refused while no majority of the members
   * answers.
   */
  | {
      readonly type: "deregister";
      readonly context: number;
      readonly addresses: readonly Address[];
      readonly force: boolean;
    }
  /** Take no more writes, hand everything over, leave for good. */
  | { readonly type: "leave"; readonly context: number }
  /** Somebody may be at this address: asks there now. Leaves no trace if nobody answers. */
  | { readonly type: "probe"; readonly address: Address }
  /** Sync with everybody who answers, now. */
  | { readonly type: "syncNow" }
  /** From now on somebody, or nobody, wants to hear of {@link Changes}. */
  | { readonly type: "watch"; readonly on: boolean };

/** Make these durable, in this order, then step `persisted`. Journal entries, encoded. */
export interface Write {
  readonly id: number;
  readonly entries: readonly Uint8Array[];
}

export type RefusalReason =
  /** The key stands for another operation. */
  | "key-reused"
  /** The key was issued before the window; whether it ever counted is not known any more. */
  | "key-expired"
  /** The key says that it was issued later than the window after now. */
  | "key-in-future"
  | "too-many-keys"
  | "too-many-counters"
  | "too-many-members"
  | "too-many-labels"
  | "counter-exists"
  | "counter-not-found"
  | "value-out-of-range"
  /** Larger than a record may be. */
  | "too-large"
  /** Too many bytes wait for the disk. */
  | "overloaded"
  /** The node has no place in a cluster yet, and must not accept keys before it has. */
  | "starting"
  /** The node leaves, or was removed. */
  | "leaving"
  /** Too few of the other members answer to remove one. */
  | "no-majority"
  | "unknown-member";

export type Outcome =
  | {
      readonly type: "written";
      readonly context: number;
      /** The counter right after; 0n of what is not about one counter. */
      readonly value: bigint;
      /** The counter right before; 0n of what is not about one counter. */
      readonly previous: bigint;
      /** Right after a `configure`, with a key after the first one; `null` of what is none. */
      readonly labels: ReadonlyMap<string, string> | null;
      /** The key was known: nothing was done now. */
      readonly replayed: boolean;
      /** The record that holds it: what a later read must know to see it. */
      readonly writer: WriterId;
      /** 0 of what was known, or changed nothing: a later read must know all that is known now. */
      readonly position: Position;
    }
  | { readonly type: "refused"; readonly context: number; readonly reason: RefusalReason };

export type Note =
  | {
      readonly type: "writer";
      readonly writer: WriterId;
      readonly how: "minted" | "resumed";
      readonly why: string;
    }
  | {
      readonly type: "peer";
      readonly address: Address;
      readonly node: NodeId | null;
      readonly up: boolean;
      readonly why: string;
    }
  | { readonly type: "cluster"; readonly id: string; readonly why: string }
  | { readonly type: "ready" }
  /** A peer got, or we got from it, records that it or we had missed. */
  | {
      readonly type: "replayed";
      readonly peer: Address;
      readonly direction: "in" | "out";
      readonly records: number;
      readonly bytes: number;
    }
  | {
      readonly type: "snapshot";
      readonly peer: Address;
      readonly direction: "in" | "out";
      readonly what: "begun" | "ended" | "given up";
    }
  | { readonly type: "refusedBy"; readonly peer: Address; readonly why: RefusedWhy }
  | { readonly type: "refusedTo"; readonly peer: Address; readonly why: RefusedWhy }
  /** Different records under one position: two processes wrote as one, or a disk went back. */
  | { readonly type: "fork"; readonly peer: Address; readonly writer: WriterId }
  | { readonly type: "conflict"; readonly counter: CounterName; readonly key: string }
  | { readonly type: "member"; readonly member: Member }
  | { readonly type: "keysClosed"; readonly before: WallMs; readonly keys: number }
  | { readonly type: "duplicateIdentity"; readonly node: NodeId }
  /** This node was removed, or a later process of it is alive: the host has to stop. */
  | { readonly type: "mustStop"; readonly why: "removed" | "duplicate-identity" };

/** Counters of which the value, the settings or the existence may be others than before. */
export interface Changes {
  readonly names: ReadonlySet<CounterName>;
  /** Those that are not named, too: a snapshot came in, or they were too many to name. */
  readonly all: boolean;
}

/** Everything to do now. The parts are independent: what depends on the disk waits inside. */
export interface Ready {
  readonly write: Write | null;
  readonly messages: readonly Message[];
  readonly outcomes: readonly Outcome[];
  readonly notes: readonly Note[];
  /** `null`: none, or nobody wants to hear of them. */
  readonly changes: Changes | null;
}

export interface PeerStatus {
  readonly address: Address;
  readonly node: NodeId | null;
  readonly up: boolean;
  /** Since we last heard of it in either direction; `null`: never. */
  readonly silentTicks: number | null;
  /** Of our own writer, on its disk. */
  readonly acked: Position;
  /** Records that we have and it is not known to have. */
  readonly lagRecords: number;
  readonly boot: number | null;
}

export interface EventualStatus {
  readonly node: NodeId;
  readonly clusterId: string;
  readonly provisional: boolean;
  readonly boot: number;
  /** `null` until one was minted or resumed. */
  readonly writer: WriterId | null;
  readonly position: Position;
  /** First sync done, or nobody to sync with. */
  readonly ready: boolean;
  /**
   * A snapshot is being taken in, part by part: values may be those of some later vector already. All
   * of it is on the disk.
   */
  readonly merging: boolean;
  readonly leaving: boolean;
  readonly removed: boolean;
  readonly vector: VersionVector;
  /** Of the vector with its hashes: where it is equal, the same is known. */
  readonly vectorHash: number;
  readonly members: readonly Member[];
  readonly named: readonly NamedAddress[];
  readonly peers: readonly PeerStatus[];
  readonly counters: number;
  readonly keys: number;
  readonly retainedBytes: number;
  readonly closedBefore: WallMs;
  /** Conflicts seen: keys with different deltas. */
  readonly conflicts: number;
  /** Addresses without a member, and members, whose silence keeps keys from being forgotten. */
  readonly keepsKeys: readonly string[];
}
