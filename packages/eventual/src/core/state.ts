/** The state of the core: one plain record. Functions grouped by what they are about change it. */
import type { Replica } from "../data/replica.ts";
import { headOf } from "../data/replica.ts";
import type { Message, Reply, Request, Sender } from "../messages.ts";
import type {
  Address,
  ChainHash,
  Control,
  CounterName,
  Head,
  LabelsPatch,
  NodeId,
  Position,
  RecordBody,
  WallMs,
  WriterId,
} from "../types.ts";
import type { EventualOptions, Note, Outcome, RefusalReason } from "./door.ts";
import type { Random } from "./random.ts";
import type { Meaning } from "../data/keys.ts";
import type { Peer } from "./peer-state.ts";
import type { RecentRecords } from "./recent-records.ts";
import { RetainedLog } from "./retained-log.ts";
import type { Staging } from "./transfer-state.ts";
import type { TransferIn, TransferOut } from "./transfer-state.ts";

/** One operation that waits for its record, and whoever waits for it. */
export interface Waiting {
  readonly contexts: number[];
  readonly counter: CounterName;
  readonly delta: bigint;
  readonly key: AcceptedKey | null;
  /** Known when the record is closed. */
  value: bigint;
}

export interface AcceptedKey {
  readonly key: string;
  readonly at: WallMs;
  readonly until: WallMs;
}

/** What is done to a counter as a whole: `acting.ts`. */
export interface Act {
  /** Nobody of a `restore`. */
  readonly contexts: number[];
  readonly counter: CounterName;
  readonly what:
    | { readonly type: "set"; readonly value: bigint; readonly key: AcceptedKey | null }
    | {
        readonly type: "configure";
        readonly isNew: boolean;
        readonly labels: LabelsPatch;
        readonly key: AcceptedKey | null;
      }
    | { readonly type: "delete"; readonly key: AcceptedKey | null };
  readonly bytes: number;
  /** Known when the record is closed. */
  previous: bigint;
  /** Of `configure`, what its labels become; known when the record is closed. */
  labels: ReadonlyMap<string, string> | null;
}

/** What whoever asked is told of a counter. */
export type Told = Pick<Extract<Outcome, { type: "written" }>, "value" | "previous" | "labels">;

/** A keyed operation that waits for its record: who else comes with the key is answered with it. */
export interface PendingKey {
  readonly contexts: number[];
  readonly meaning: Meaning;
}

/** Changes that were not told of yet. */
export interface OpenChanges {
  readonly names: Set<CounterName>;
  all: boolean;
}

/** What will be one record: operations, or acts, or only controls. */
export interface OpenRecord {
  readonly waiting: Waiting[];
  /** One for each counter at most. */
  readonly acts: Map<CounterName, Act>;
  readonly controls: Control[];
  /** Answered with 0n when the record is durable. */
  readonly contexts: number[];
  bytes: number;
}

/** Our own record that is on its way to the disk. */
export interface OwnRecord {
  readonly open: OpenRecord;
  readonly head: Head;
  readonly bytes: Uint8Array;
  readonly body: RecordBody;
}

/** Something received that is on its way to the disk, in this order. */
export type Incoming =
  | {
      readonly kind: "records";
      readonly writer: WriterId;
      readonly from: Position;
      readonly records: readonly {
        readonly bytes: Uint8Array;
        readonly body: RecordBody;
        readonly hash: ChainHash;
      }[];
    }
  /** A part of a snapshot, to be put aside. */
  | {
      readonly kind: "staged";
      readonly snapshot: number;
      readonly part: number;
      readonly bytes: Uint8Array;
    }
  /** The next part of a complete snapshot is to be merged. */
  | { readonly kind: "merged"; readonly snapshot: number; readonly place: number };

/** A reply that must not leave before everything it vouches for is durable. */
export interface HeldReply {
  readonly exchange: number;
  /** An ack tells our heads of these writers, a delta what is lacking above these heads. */
  readonly about:
    | { readonly type: "ack"; readonly writers: readonly WriterId[] }
    | { readonly type: "delta"; readonly node: NodeId; readonly heads: readonly Head[] };
  readonly write: number;
}

export interface Exchange {
  readonly id: number;
  readonly to: Address;
  readonly type: Request["type"];
  readonly startedTick: number;
  /** Of a sync: the round it belongs to. */
  readonly round: number;
  /** Of a sync: our writer, if the peer had its first record when the sync began. */
  readonly welcoming: WriterId | null;
  /** The number that we went by. */
  readonly boot: number;
}

/** How far this process is with finding its writer: `boot.ts`. */
export type Boot =
  | {
      readonly kind: "asking";
      readonly old: Head;
      readonly granted: Set<Address>;
      /** The most that anybody told to know of each writer. */
      readonly told: Map<WriterId, Position>;
      readonly sinceTick: number;
    }
  | { readonly kind: "minting"; readonly why: string }
  | { readonly kind: "writing"; readonly writer: WriterId };

export interface EventualState {
  readonly options: EventualOptions;
  readonly replica: Replica;
  readonly random: Random;
  readonly logs: Map<WriterId, RetainedLog>;
  readonly recent: RecentRecords;
  boot: number;
  /** The write that makes `boot` durable. */
  bootWrite: number;
  nonce: number;
  cluster: { id: string; provisional: boolean; placed: boolean };
  phase: Boot;
  tick: number;
  wallMs: WallMs;

  /** Records that wait for their write, the first of them next. */
  readonly queue: OpenRecord[];
  /** Bytes of operations in the queue and on their way to the disk. */
  ownBytes: number;
  /** Facts about the node that the next write carries. */
  readonly facts: Uint8Array[];
  readonly incoming: Incoming[];
  incomingBytes: number;
  /** Heads of writers with what is on its way to the disk. */
  readonly staged: Map<WriterId, Head>;
  /** Keyed operations on their way to the disk, by identity. */
  readonly pendingKeys: Map<string, PendingKey>;
  writing: {
    readonly id: number;
    readonly own: OwnRecord | null;
    readonly incoming: readonly Incoming[];
  } | null;
  lastWrite: number;
  readonly held: HeldReply[];

  readonly peers: Map<Address, Peer>;
  readonly exchanges: Map<number, Exchange>;
  lastExchange: number;
  nextAntiEntropyTick: number;
  syncRound: number;
  /** Syncs that are complete once a write is on the disk. */
  readonly synced: (Pick<Exchange, "round" | "welcoming"> & {
    readonly peer: Address;
    readonly write: number;
  })[];
  transferIn: TransferIn | null;
  /** Who gave the snapshot that is being merged; `null` when that is not known. */
  snapshotFrom: Address | null;
  /** A snapshot of a peer, as far as it is on the disk. */
  staging: Staging | null;
  readonly transfersOut: Map<number, TransferOut>;
  /** The latest process of each node that was heard of. */
  readonly boots: Map<NodeId, { readonly boot: number; readonly nonce: number }>;
  retainedBytes: number;

  /** Before this no key is accepted, promises on their way included. */
  promisedBefore: WallMs;
  /** Keys that ended before this were closed here. */
  closedBefore: WallMs;
  promisedVector: number;
  nextPromiseTick: number;
  promiseWaitTicks: number;

  /** A record that says who we are is on its way. */
  announcing: boolean;
  /** Position of the promise that gives us our place, once it is on its way. */
  placing: Position | null;
  ready: boolean;
  leaving: { readonly context: number; record: Position | null } | null;
  removed: boolean;
  mustStop: boolean;
  /** `null`: nobody wants to hear of them. */
  changes: OpenChanges | null;

  readonly messages: Message[];
  readonly outcomes: Outcome[];
  readonly notes: Note[];
}

export function senderOf(s: EventualState): Sender {
  const { node, address, label } = s.options;
  const { id } = s.cluster;
  const provisional = s.cluster.provisional && !s.options.cluster.fixed;
  return { clusterId: id, provisional, node, boot: s.boot, nonce: s.nonce, address, label };
}

export function ask(s: EventualState, to: Address, body: Request): number {
  s.lastExchange += 1;
  const { phase, tick: startedTick, syncRound: round, boot } = s;
  const writer = phase.kind === "writing" ? phase.writer : null;
  const hasFirst = writer !== null && (s.peers.get(to)?.heads?.get(writer) ?? 0) > 0;
  const welcoming = hasFirst ? writer : null;
  const id = s.lastExchange;
  const exchange = { id, to, type: body.type, startedTick, round, welcoming, boot };
  s.exchanges.set(exchange.id, exchange);
  s.messages.push({ kind: "request", to, exchange: exchange.id, sender: senderOf(s), body });
  return exchange.id;
}

export function answer(s: EventualState, exchange: number, body: Reply): void {
  s.messages.push({ kind: "reply", exchange, sender: senderOf(s), body });
}

export function refuse(s: EventualState, context: number, reason: RefusalReason): void {
  s.outcomes.push({ type: "refused", context, reason });
}

/** The head of a writer with everything that is on its way to the disk. */
export function stagedHead(s: EventualState, writer: WriterId): Head {
  return s.staged.get(writer) ?? headOf(s.replica, writer);
}

export function logOf(s: EventualState, writer: WriterId): RetainedLog {
  let log = s.logs.get(writer);
  if (log === undefined) {
    const { position, hash } = headOf(s.replica, writer);
    log = new RetainedLog(writer, position, hash);
    s.logs.set(writer, log);
  }
  return log;
}

/** The record that the next operations join; a new one where the last must not grow. */
export function openRecord(s: EventualState, bytes: number): OpenRecord {
  const last = s.queue.at(-1);
  if (last?.acts.size !== 0) return startRecord(s);
  return last.bytes + bytes <= s.options.limits.recordMaxBytes ? last : startRecord(s);
}

export function startRecord(s: EventualState): OpenRecord {
  const record: OpenRecord = { waiting: [], acts: new Map(), controls: [], contexts: [], bytes: 0 };
  s.queue.push(record);
  return record;
}

export function identityOf(counter: CounterName, key: string): string {
  return `${counter} ${key}`; // neither holds a space
}

/** Puts a control into the next record. */
export function control(s: EventualState, item: Control): void {
  openRecord(s, 0).controls.push(item);
}
