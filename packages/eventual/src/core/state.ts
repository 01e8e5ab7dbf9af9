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
  NodeId,
  Position,
  RecordBody,
  WallMs,
  WriterId,
} from "../types.ts";
import type { EventualOptions, Note, Outcome, RefusalReason } from "./door.ts";
import type { Random } from "./random.ts";
import { RetainedLog } from "./retained-log.ts";

/** One operation that waits for its record, and whoever waits for it. */
export interface Waiting {
  readonly contexts: number[];
  readonly counter: CounterName;
  readonly delta: bigint;
  readonly key: { readonly key: string; readonly at: WallMs; readonly until: WallMs } | null;
  /** Known when the record is closed. */
  value: bigint;
}

/** What will be one record: operations, or counters to be set, or only controls. */
export interface OpenRecord {
  readonly waiting: Waiting[];
  readonly sets: (readonly [CounterName, bigint])[];
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
  | { readonly kind: "piece"; readonly bytes: Uint8Array };

/** A reply that must not leave before everything it vouches for is durable. */
export interface HeldReply {
  readonly exchange: number;
  /** An ack tells our heads of these writers, a delta what is lacking above these heads. */
  readonly about:
    | { readonly type: "ack"; readonly writers: readonly WriterId[] }
    | { readonly type: "delta"; readonly heads: readonly Head[] };
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

export interface Peer {
  readonly address: Address;
  node: NodeId | null;
  /** The cluster that it was in when it was heard last. */
  clusterId: string | null;
  boot: number;
  nonce: number;
  up: boolean;
  /** Checks in a row that failed. */
  misses: number;
  heardTick: number | null;
  /** No push, fill or sync before this: the last one failed or was refused. */
  holdTick: number;
  nextHealthTick: number;
  probeTicks: number;
  /** What it is known to have on its disk; `null` before the first exchange that tells. */
  heads: Map<WriterId, Position> | null;
  pushing: number | null;
  /** Position of the first record of the push that is out. */
  pushedFrom: Position;
  syncing: number | null;
  filling: number | null;
  checking: number | null;
  /** A sync is wanted as soon as the one that runs is over. */
  syncAgain: boolean;
  /** Health checks in a row that told of another vector. */
  differs: number;
  /** The newest round of syncs that it took part in completely. */
  syncedRound: number;
  /** Synced, or found to be down, since we started: it does not keep us from being ready. */
  settled: boolean;
  /** Our writer, if it had its first record and we got everything from it after that: M3. */
  welcomed: WriterId | null;
  /** When to sync again in order to be welcomed. */
  welcomeTick: number;
}

/** A snapshot that is coming in. */
export interface TransferIn {
  readonly peer: Address;
  transfer: number;
  /** What has come so far; nothing of it counts before all is here. */
  readonly pieces: Uint8Array[];
  bytes: number;
  /** Writers that the pieces describe. */
  readonly described: Set<WriterId>;
  exchange: number | null;
  /** The write that stores all pieces. */
  awaiting: number | null;
}

/** A snapshot that is given: the state of one moment. */
export interface TransferOut {
  readonly id: number;
  readonly node: NodeId;
  readonly pieces: readonly Uint8Array[];
  touchedTick: number;
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
  readonly pendingKeys: Map<string, Waiting>;
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

  /** While the journal is read: pieces of a snapshot whose end was not read yet. */
  readonly loading: Uint8Array[];
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
  if (last?.sets.length !== 0) return startRecord(s);
  return last.bytes + bytes <= s.options.limits.recordMaxBytes ? last : startRecord(s);
}

export function startRecord(s: EventualState): OpenRecord {
  const record: OpenRecord = { waiting: [], sets: [], controls: [], contexts: [], bytes: 0 };
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
