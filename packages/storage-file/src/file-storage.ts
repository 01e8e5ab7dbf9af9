/** The storage as a server sees it: the log and the snapshots behind the `Storage` port. */
import type {
  LogIndex,
  PersistedState,
  SnapshotChunk,
  SnapshotMeta,
  Storage,
  Write,
} from "@counter/raft";
import {
  invariant,
  saysFull,
  StorageClosedError,
  StorageError,
  StorageFailedError,
  StorageFullError,
} from "./errors.ts";
import type { BatchPart } from "./format/batch-encoder.ts";
import type { DirectoryLock } from "./lock.ts";
import type { LogWriter } from "./log-writer.ts";
import type { SnapshotStore } from "./snapshot-store.ts";
import type { WriteQueue } from "./write-queue.ts";

/** What a {@link FileStorage} is made of; `open.ts` puts it together. */
export interface FileStorageParts {
  readonly directory: string;
  readonly lock: DirectoryLock;
  readonly log: LogWriter;
  readonly queue: WriteQueue;
  readonly snapshots: SnapshotStore;
  readonly persisted: PersistedState | null;
}

/**
 * The durable storage of one Raft server in one directory.
 *
 * A promise that resolves means: on the disk. The first failure of the disk is final; see the error
 * classes for what else can happen. `docs/wal.md` describes the files.
 */
export class FileStorage implements Storage {
  /** Where the files are. */
  readonly directory: string;
  readonly #lock: DirectoryLock;
  readonly #log: LogWriter;
  readonly #queue: WriteQueue;
  readonly #snapshots: SnapshotStore;
  #persisted: PersistedState | null;
  #loaded = false;
  #saving: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  /** @internal Use `openFileStorage`. */
  constructor(parts: FileStorageParts) {
    this.directory = parts.directory;
    this.#lock = parts.lock;
    this.#log = parts.log;
    this.#queue = parts.queue;
    this.#snapshots = parts.snapshots;
    this.#persisted = parts.persisted;
  }

  /** Gives what was read when the storage was opened, once: it is not kept in memory. */
  async load(): Promise<PersistedState | null> {
    this.#checkUsable();
    invariant(!this.#loaded, "a storage is loaded once");
    this.#loaded = true;
    const persisted = this.#persisted;
    this.#persisted = null;
    return Promise.resolve(persisted);
  }

  write(write: Pick<Write, "hardState" | "entries" | "chunk">): Promise<void> {
    const { hardState, entries, chunk } = write;
    if (chunk !== null) return this.#queue.runWrite(() => this.#writeChunk(write, chunk));
    if (hardState === null && entries.length === 0) return this.#queue.runWrite(nothing);
    return this.#queue.append({ hardState, entries, snapshot: null });
  }

  compact(index: LogIndex): Promise<void> {
    return this.#queue.run(() => this.#log.compact(index));
  }

  /**
   * As {@link Storage.saveSnapshot}. One at a time. A snapshot that is not newer than the one in
   * force, because another one was received meanwhile, is dropped, and the promise resolves.
   *
   * @throws {StorageFullError} without harm: the storage goes on with the snapshot that it had
   */
  async saveSnapshot(snapshot: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#checkUsable();
    invariant(this.#saving === null, "one snapshot is saved at a time");
    this.#saving = this.#save(snapshot, chunks);
    try {
      await this.#saving;
    } finally {
      this.#saving = null;
    }
  }

  async *readSnapshot(index: LogIndex): AsyncGenerator<Uint8Array, void, undefined> {
    this.#checkUsable();
    try {
      yield* this.#snapshots.read(index);
    } catch (error) {
      throw asReadError(error);
    }
  }

  async readSnapshotChunk(at: {
    readonly index: LogIndex;
    readonly offset: number;
    readonly maxBytes: number;
  }): Promise<SnapshotChunk | null> {
    this.#checkUsable();
    try {
      return await this.#snapshots.readChunk(at);
    } catch (error) {
      throw asReadError(error);
    }
  }

  /**
   * Waits for what was called before, notes on the disk how far the log is durable, and frees the
   * directory. A snapshot that is being saved is given up at its next piece.
   */
  close(): Promise<void> {
    this.#closing ??= this.#closeNow();
    return this.#closing;
  }

  async #closeNow(): Promise<void> {
    await this.#queue.close();
    await Promise.allSettled([this.#saving]);
    const failed = this.#queue.failure !== null;
    const results = await Promise.allSettled([this.#log.close(failed), this.#snapshots.close()]);
    await this.#lock.release();
    // After a failure the caller knows the first error; what else fails on that disk is no news.
    const error = results.find((result) => result.status === "rejected");
    if (error !== undefined && !failed) throw this.#queue.fail("closing", error.reason);
  }

  /**
   * Room in the log first, so that a full disk refuses all of it or nothing; then the bytes of the
   * snapshot, which nobody sees; then the record that puts it in force.
   */
  async #writeChunk(
    { hardState, entries }: Pick<Write, "hardState" | "entries">,
    chunk: SnapshotChunk,
  ): Promise<void> {
    // Entries of the write that completes a snapshot are forgotten by it at once.
    const part: BatchPart = chunk.done
      ? { hardState, entries: [], snapshot: { type: "installed", snapshot: chunk.snapshot } }
      : { hardState, entries, snapshot: null };
    const isEmpty = hardState === null && part.entries.length === 0 && part.snapshot === null;
    if (!isEmpty) await this.#log.makeRoom([part]);
    await this.#snapshots.receive(chunk);
    if (!isEmpty) await this.#log.append([part]);
    if (chunk.done) await this.#snapshots.enterForce(chunk.snapshot);
  }

  async #save(snapshot: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      await this.#snapshots.save(snapshot, this.#guarded(chunks));
    } catch (error) {
      if (error instanceof SourceError) throw error.cause;
      if (error instanceof StorageClosedError) throw error;
      if (saysFull(error)) throw new StorageFullError("a snapshot", error);
      throw this.#queue.fail("saving a snapshot", error);
    }
    await this.#queue.run(() => this.#putInForce(snapshot));
  }

  async #putInForce(snapshot: SnapshotMeta): Promise<void> {
    if (snapshot.index <= this.#log.state.snapshotIndex) return this.#snapshots.discardSaved();
    const saved = { type: "saved", snapshot } as const;
    const part: BatchPart = { hardState: null, entries: [], snapshot: saved };
    await this.#log.makeRoom([part]);
    await this.#snapshots.adoptSaved(snapshot);
    await this.#log.append([part]);
    await this.#snapshots.enterForce(snapshot);
  }

  /** Tells errors of the state machine from errors of the disk, and stops when we are closed. */
  async *#guarded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    const iterator = chunks[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await nextOf(iterator);
        if (next.done === true) return;
        this.#checkUsable();
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  #checkUsable(): void {
    if (this.#queue.failure !== null) throw this.#queue.failure;
    if (this.#closing !== null) throw new StorageClosedError();
  }
}

function nothing(): Promise<void> {
  return Promise.resolve();
}

/** Wraps what a state machine threw while it gave its snapshot. */
class SourceError extends Error {
  constructor(cause: unknown) {
    super("the source of the snapshot failed", { cause });
  }
}

async function nextOf(
  iterator: AsyncIterator<Uint8Array, unknown>,
): Promise<IteratorResult<Uint8Array, unknown>> {
  try {
    return await iterator.next();
  } catch (error) {
    throw new SourceError(error);
  }
}

/** A read that fails does not condemn the log, but nothing is served from it. */
function asReadError(error: unknown): unknown {
  return error instanceof StorageError
    ? error
    : new StorageFailedError("reading a snapshot", error);
}
