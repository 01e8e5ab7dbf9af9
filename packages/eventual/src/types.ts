/** The nouns of eventual mode. Nothing here has behaviour. */

/** 32 hexadecimal digits: 128 random bits made with the data directory. Labels are for people. */
export type NodeId = string;

/**
 * 24 hexadecimal digits: 96 random bits, minted at a boot. A writer numbers its records 1, 2, 3 …,
 * and no two processes ever write under one writer; so a record has one content in the whole cluster.
 */
export type WriterId = string;

/** Place of a record in the log of its writer; from 1. 0 means: none. A safe integer. */
export type Position = number;

/** 1–128 characters, a letter or digit first, then also `.`, `_`, `:` and `-`. */
export type CounterName = string;

/** Where a node is reached, as the transport dials it: `host:port`. At most 255 characters. */
export type Address = string;

/** Milliseconds since 1970 by some node's clock. Safety never depends on it. */
export type WallMs = number;

/** 53 bits of a hash over everything that a writer wrote up to a position. 0 before the first. */
export type ChainHash = number;

/** What somebody knows: of each writer the records 1 … position. */
export type VersionVector = ReadonlyMap<WriterId, Position>;

/** The first and the last word about a node; a later one wins over an earlier one for good. */
export type MemberStatus = "joining" | "up" | "leaving" | "removed";

export interface Member {
  readonly id: NodeId;
  readonly address: Address;
  /** For people; 1–64 characters. */
  readonly label: string;
  readonly status: MemberStatus;
  /** Orders what is said of one member with the same status; larger is newer. */
  readonly version: number;
}

/**
 * An address at which a member is expected, whoever that will be. The larger version wins, then
 * `wanted: false`.
 */
export interface NamedAddress {
  readonly address: Address;
  readonly version: number;
  readonly wanted: boolean;
}

/** The sum of unkeyed additions of one writer to one counter. Both ≥ 0. */
export interface PlainOperation {
  readonly counter: CounterName;
  readonly plus: bigint;
  readonly minus: bigint;
}

/**
 * An addition that carries its identity: the counter and the key. All of one identity whose `at`
 * lies before the `until` of the first of them count once, however many nodes accepted one.
 */
export interface KeyedOperation {
  readonly counter: CounterName;
  readonly delta: bigint;
  /** 1–255 visible ASCII characters. */
  readonly key: string;
  /** Of a time-ordered key (UUIDv7): the time in it. Of another: when it was accepted. */
  readonly at: WallMs;
  /** > `at`. From then on the key stands for a new operation. Of a UUIDv7: `at + 1`. */
  readonly until: WallMs;
  /**
   * What the client was told: the counter right after, as its node knew it. Beside a `reset` of the
   * same counter the two are a `set` to `delta`, and this is the counter right before.
   */
  readonly value: bigint;
}

/** What was done to a counter as a whole under a key. */
export type Deed =
  | {
      readonly type: "configure";
      /** It was to be made; else it was to be there. */
      readonly isNew: boolean;
      /** What its settings became, as its node knew them. */
      readonly config: CounterConfig;
      /** Stands for what was asked for: the same for equal changes. A safe integer. */
      readonly asked: number;
    }
  /** As the control of that name. */
  | { readonly type: "delete"; readonly floor: readonly FloorEntry[] };

/** How much of one writer a reset covers, and what that came to. */
export interface FloorEntry {
  readonly writer: WriterId;
  readonly position: Position;
  readonly plus: bigint;
  readonly minus: bigint;
}

/**
 * What may be set of a counter. Settings of later releases are kept, and passed on, as they are.
 */
export interface CounterConfig {
  /** For people: at most {@link labelsMax}, in the order of their names. */
  readonly labels: ReadonlyMap<string, string>;
  /** Settings that this release does not know, in the order of their tags. */
  readonly others: readonly { readonly tag: number; readonly bytes: Uint8Array }[];
}

/** A change of labels: text to set, `null` to take one away; `null` alone takes all of them away. */
export type LabelsPatch = ReadonlyMap<string, string | null> | null;

export type Control =
  /** In the first record of every writer, and only there: whose it is. */
  | { readonly kind: "born"; readonly node: NodeId; readonly boot: number }
  /**
   * "I accept no key issued before `before`, and have applied `known`." `before` never falls along
   * the writers of one node; `known` leaves the writer itself out.
   */
  | { readonly kind: "promise"; readonly before: WallMs; readonly known: VersionVector }
  /** "My earlier writer ended at this position", as far as its node knows. May be said again, higher. */
  | { readonly kind: "seal"; readonly writer: WriterId; readonly position: Position }
  /** Everything that the floor covers counts no longer; what it does not cover stays. */
  | { readonly kind: "reset"; readonly counter: CounterName; readonly floor: readonly FloorEntry[] }
  /** Of all that is said of one counter in this way, and of its deletions, the latest holds. */
  | {
      readonly kind: "configure";
      readonly counter: CounterName;
      readonly config: CounterConfig;
    }
  /** As `reset`; and what the floor covers, and earlier settings, make no counter any more. */
  | {
      readonly kind: "delete";
      readonly counter: CounterName;
      readonly floor: readonly FloorEntry[];
    }
  /**
   * A `configure` or `delete` with an identity, as a {@link KeyedOperation} has: of all with the same
   * one the first holds, and the others never were.
   */
  | {
      readonly kind: "deed";
      readonly counter: CounterName;
      readonly key: string;
      readonly at: WallMs;
      readonly until: WallMs;
      /** The counter when it was done, as its node knew it: 0 of one that was made. */
      readonly value: bigint;
      readonly deed: Deed;
    }
  | { readonly kind: "member"; readonly member: Member }
  | { readonly kind: "named"; readonly named: NamedAddress };

/**
 * One record: everything a node wrote in one synced write. The unit of replication and of order.
 * Controls come first in effect: a `reset` and the operations beside it make a `set`.
 */
export interface RecordBody {
  /** Hybrid logical time: larger than that of everything known when it was written. */
  readonly hlc: number;
  readonly controls: readonly Control[];
  /** At most one for each counter. */
  readonly plain: readonly PlainOperation[];
  readonly keyed: readonly KeyedOperation[];
}

/** Consecutive records of one writer, encoded. */
export interface RecordRange {
  readonly writer: WriterId;
  /** Position of the first record. */
  readonly from: Position;
  /** Chain hash of what comes before it. */
  readonly previous: ChainHash;
  readonly records: readonly Uint8Array[];
}

/** How far somebody is with one writer, and the hash of that. */
export interface Head {
  readonly writer: WriterId;
  readonly position: Position;
  readonly hash: ChainHash;
}

/** `set` of all these; and of those that are there and not named, to 0, unless they are kept. */
export interface SettingAll {
  readonly type: "restore";
  readonly counters: ReadonlyMap<CounterName, bigint>;
  readonly others: "kept" | "zeroed";
}

/** Opaque to whoever carries it: the text of the header `Counter-Version`. */
export type Token = string;
