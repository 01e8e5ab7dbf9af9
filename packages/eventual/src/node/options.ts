/** The public options and answers of EventualNode. */
import type { Spread } from "../core/spread.ts";
import type { EventualLimits, EventualStatus, Input, Note, Ready } from "../core/door.ts";
import type { CounterView } from "../data/looking.ts";
import type { Address, NodeId } from "../types.ts";
import type { Token } from "../types.ts";
import type { CounterPage } from "./listing.ts";
import type { Journal, ReplicaTransport } from "./ports.ts";

export interface EventualNodeOptions {
  /** 32 hexadecimal digits, made at random with the journal, and used with that journal only. */
  readonly node: NodeId;
  /** Where the others reach this node. */
  readonly address: Address;
  /** A name for people; 1–64 characters. */
  readonly label: string;
  /** Where the others are; more can be registered later. At most 64. */
  readonly peers?: readonly Address[];
  /** Where some of them may be, asked by this node alone. At most 64 together with `peers`. */
  readonly seeds?: readonly Address[];
  /** See `EventualOptions.cluster`. */
  readonly cluster: { readonly id: string; readonly fixed: boolean };
  /** Closed by `stop`, and when `start` fails. */
  readonly journal: Journal;
  /** Closed by `stop`, and when `start` fails. */
  readonly transport: ReplicaTransport;
  /**
   * Whether what the journal has stored survives this process, and the machine's next crash.
   * Default true. If it does not, every start begins a new writer.
   */
  readonly durable?: boolean;
  /** Length of a tick in milliseconds; default 50. */
  readonly tickMs?: number;
  /** Overrides of {@link defaultEventualLimits}. */
  readonly limits?: Partial<EventualLimits>;
  /** Overrides of {@link defaultTimingMs}. */
  readonly timing?: Partial<TimingMs>;
  /** Bytes appended to the journal after which it is replaced by a checkpoint; default 16 MiB. */
  readonly checkpointBytes?: number;
  /** Four unsigned 32-bit numbers for everything random; for tests. Default: random. */
  readonly seed?: readonly [number, number, number, number];
  /** Milliseconds since 1970; for tests. Default: the clock of the machine. */
  readonly wallClock?: () => number;
  readonly observer?: EventualObserver;
}

/** All in milliseconds; those that pace the core are rounded up to whole ticks. */
export interface TimingMs {
  /** Between two health checks of a peer that answers; default 1000. */
  readonly heartbeatMs: number;
  /** An exchange without an answer is given up after so long; default 5000. */
  readonly exchangeMs: number;
  /** Longest time between two checks of a peer that is down; default 2000. */
  readonly probeMaxMs: number;
  /** Between two syncs with one random peer; default 1000. */
  readonly antiEntropyMs: number;
  /** How long writes wait for the others to let this node resume its writer; default 2000. */
  readonly resumeMs: number;
  /** Between two promises, while something can be forgotten; default 1000. */
  readonly promiseMs: number;
  /** How long a key is remembered; default one hour. */
  readonly keyWindowMs: number;
  /** Added to the window before older keys are refused: for clocks that differ; default 60,000. */
  readonly keyMarginMs: number;
  /** How long `stop` waits for the others to have everything; default 2000. */
  readonly drainMs: number;
}

/** Watches a node and cannot change what it does. What it throws stops the node. */
export interface EventualObserver {
  readonly onInput?: (input: Input) => void;
  readonly onReady?: (ready: Ready) => void;
  /** A checkpoint took the place of the journal. */
  readonly onCheckpoint?: (bytes: number, tookMs: number) => void;
  /** The node stops because of this. */
  readonly onFatal?: (error: Error) => void;
}

export interface WaitOptions {
  /** Ends the wait, not the operation, which may still take effect. */
  readonly signal?: AbortSignal;
  /** Longest wait in milliseconds; default 5000. */
  readonly timeoutMs?: number;
}

/** Which nodes must have a write on their disks before it is answered: this one, or also others. */
export type Acks = "local" | "majority" | "all" | number;

export interface WriteOptions extends WaitOptions {
  /** Default `local`. A number counts this node as one; `all` and `majority` are of the members. */
  readonly acks?: Acks;
  /** Whether the answer says where the time went; default no. */
  readonly timed?: boolean;
  /** Whether the answer says how far the counter has spread; default no. */
  readonly spread?: boolean;
}

export interface ReadOptions extends WaitOptions {
  /** Sees at least what this token stands for. */
  readonly atLeast?: Token;
  /**
   * `local` (default): what this node knows. `quorum`, `all`: also what a majority of the members,
   * or all of them, knew after the read began.
   */
  readonly level?: "local" | "quorum" | "all";
  /** When the wait ends in vain: answers what is known instead of rejecting. Default no. */
  readonly orStale?: boolean;
  /** Whether the answer says how far the counter has spread; default no. */
  readonly spread?: boolean;
  /** Default 1000. */
  readonly timeoutMs?: number;
}

export interface ReadResult {
  readonly value: bigint;
  /** A later read with it, at any node, sees at least what this one saw. */
  readonly token: Token;
  /** The wait ended in vain, and `orStale` was set. */
  readonly stale: boolean;
}

/** A counter as this node knows it, and how it knows. */
export interface CounterRead extends CounterView, Omit<ReadResult, "value"> {
  /** If it was asked for. */
  readonly spread: Spread | null;
}

/** A page of counters as this node knows them, and how it knows. */
export interface ListRead extends CounterPage, Omit<ReadResult, "value"> {}

export interface EventualNodeStatus extends EventualStatus {
  /** Length of the ticks that the core counts in. */
  readonly tickMs: number;
  readonly pendingWrites: number;
  readonly pendingReads: number;
  /** Requests of ours that others have not answered yet. */
  readonly exchanges: number;
  /** The disk is full: no write is taken on until there is room again. */
  readonly storageFull: boolean;
  /** Bytes appended to the journal since the last checkpoint. */
  readonly journalBytes: number;
  /** Size of the last checkpoint of this process; 0 before the first. */
  readonly checkpointBytes: number;
  /** Messages of others that made no sense. */
  readonly malformedMessages: number;
  /** Why the node stopped, if it did. */
  readonly fatal: Error | null;
}

export type EventualEvent =
  | Note
  | { readonly type: "checkpoint"; readonly bytes: number; readonly tookMs: number }
  | { readonly type: "storageFull"; readonly full: boolean }
  /** So many events were dropped, because this reader was slow. */
  | { readonly type: "missed"; readonly count: number };
