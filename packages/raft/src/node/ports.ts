/** What RaftNode needs from the outside: a disk, a network, a state machine, someone who watches. */
import type { Input, RaftOptions, Ready, Write } from "../core/door.ts";
import type { RaftImage } from "../core/image.ts";
import type { Envelope } from "../exactly-once/envelope-port.ts";
import type { Message } from "../messages.ts";
import type {
  Entry,
  EntryId,
  LogIndex,
  Member,
  NodeId,
  PersistedState,
  SnapshotChunk,
  SnapshotMeta,
  Term,
} from "../types.ts";
import type { Answer } from "./answers.ts";

/**
 * The durable side of a server.
 *
 * The law: a promise that resolves means *on the disk* (fdatasync, not the page cache). The first
 * error is final: RaftNode stops, and every later call must reject as well.
 */
export interface Storage {
  /** What was stored; `null` on a new, empty storage. Called once, first. */
  load(): Promise<PersistedState | null>;
  /**
   * Makes a write durable, as {@link Write} says. Calls may overlap; they complete in order.
   *
   * One rejection is not final: an error with `code: "STORAGE_FULL"` says that there was no room,
   * that nothing of this write was stored, and that the same write may be tried again.
   */
  write(write: Pick<Write, "hardState" | "entries" | "chunk">): Promise<void>;
  /** Forgets entries up to and including `index`; may keep more than asked (whole segments). */
  compact(index: LogIndex): Promise<void>;
  /**
   * Stores a snapshot of our own state machine and makes it the newest. The log stays as it is.
   * Bytes are written as they come; nothing is visible before all of them are durable. One that is
   * not newer than the newest (another was installed meanwhile) is dropped. `STORAGE_FULL` is not
   * final here either.
   */
  saveSnapshot(snapshot: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** The bytes of the complete snapshot at `index`, verified. Rejects if it is not kept. */
  readSnapshot(index: LogIndex): AsyncIterable<Uint8Array>;
  /**
   * A piece of the snapshot at `index` for a follower: `offset` in bytes, at most `maxBytes`.
   * `null` when that snapshot is no longer kept. Keep a few: a transfer that loses its snapshot
   * begins again with a newer one.
   */
  readSnapshotChunk(at: {
    readonly index: LogIndex;
    readonly offset: number;
    readonly maxBytes: number;
  }): Promise<SnapshotChunk | null>;
  /** Flushes and releases everything. Idempotent. */
  close(): Promise<void>;
}

/** What a transport calls. */
export interface TransportHandler {
  /** A decoded, checked message for this server from a member of this cluster. */
  receive(message: Message): void;
  /** Messages to this peer are being dropped: no connection, or its queue is full. */
  unreachable(peer: NodeId): void;
}

/** The network side. Messages may be lost, doubled and reordered; they are never corrupted. */
export interface Transport {
  /** Called once, before the first `send`. */
  start(handler: TransportHandler): void;
  /** Queues and returns at once; drops when the peer's bounded queue is full. */
  send(message: Message): void;
  /**
   * Whom to contact from now on, with addresses: the members, ourselves included, those of a change
   * that is under way, and for a while those that were removed. Who is dropped may still have
   * messages on their way.
   */
  setMembers(members: readonly Member[]): void;
  close(): Promise<void>;
}

/** A committed command, as the state machine sees it. */
export interface CommittedCommand {
  readonly index: LogIndex;
  readonly term: Term;
  readonly data: Uint8Array;
}

/**
 * What is replicated. Must be deterministic: same commands in the same order, same state, same
 * results, on every server and every release that shares a log.
 */
export interface StateMachine<Result> {
  /**
   * Applies a batch and returns one result a command, in order; `refuse(reason)` in the place of a
   * result where it will not carry a command out. An exception stops the node.
   */
  apply(
    commands: readonly CommittedCommand[],
  ): readonly Answer<Result>[] | Promise<readonly Answer<Result>[]>;
  /**
   * The state as bytes, as it is at the moment of the call: the node calls `snapshot` and asks for
   * the first chunk in one turn, between two batches, and what is applied while the rest is read
   * must not show. So a generator may capture with its first step, and nothing may be captured
   * later.
   *
   * Everything else goes on meanwhile, on the same thread. A machine with a large state therefore
   * captures references or a persistent structure, not bytes: values that are replaced and never
   * changed, or blocks that are copied before they change. And it makes its chunks when they are
   * asked for, some 64 KiB each: the event loop has a turn between two of them. Reading may end
   * early; an iterator that has a `return` is told.
   */
  snapshot(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /**
   * Replaces the whole state by what `snapshot` once gave; the bytes come cut in other places.
   * Nothing is read or applied meanwhile. The event loop has a turn between two chunks, so use each
   * as it comes: who gathers all of them first and then builds the state stalls the node.
   */
  restore(chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** What a machine made by `exactlyOnce` wants in the log besides the command. */
  readonly envelope?: Envelope;
}

/** A run that begins: a run is its options, the state it begins with, and its inputs. */
export interface RaftRun {
  readonly options: RaftOptions;
  /** The core's whole state at the moment of the call, which may be any. Some tens of microseconds. */
  image(): RaftImage;
}

/** Sees everything and changes nothing. An exception of an observer stops the node. */
export interface RaftObserver {
  /** Once, before the first input. */
  onStart?(run: RaftRun): void;
  /** Before the core takes it in. */
  onInput?(input: Input): void;
  /** Everything that the core gives, in order, before it is carried out. */
  onReady?(ready: Ready): void;
  /** A batch was applied. */
  onApplied?(last: EntryId, entries: readonly Entry[]): void;
  /** A snapshot of our own state was stored, after so many milliseconds. */
  onSnapshotSaved?(snapshot: EntryId, tookMs: number): void;
  /** The node stops because of this error; nothing more follows. Must not throw itself. */
  onFatal?(error: Error): void;
}
