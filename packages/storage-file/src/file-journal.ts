/**
 * The journal of an eventual node, on the log of this package: entry n of the journal is entry n of
 * the log, and a checkpoint is a snapshot. `docs/wal.md` §10 says how it lies in the files.
 *
 * J1 One write at a time, in the order of the calls; what waits together becomes one frame.
 * J2 What a full disk refuses takes with it everything that was called before the caller could know:
 *    nothing is ever stored without what came before it.
 * J3 A checkpoint says itself which entries it covers: those whose append had resolved when it was
 *    called. So entries that were on their way survive it, however long it takes.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Journal } from "@counter/eventual";
import type { Entry, PersistedState, SnapshotMeta } from "@counter/raft";
import {
  invariant,
  StorageClosedError,
  StorageDamagedError,
  StorageError,
  StorageFailedError,
  StorageFullError,
  StorageInvariantError,
} from "./errors.ts";
import type { FileStorage } from "./file-storage.ts";
import { MalformedError } from "./format/bytes.ts";
import {
  checkpointChunks,
  CheckpointReader,
  journalEntryMaxBytes,
} from "./format/checkpoint-format.ts";
import { mergeMaxBytes, waitingMax } from "./write-queue.ts";

/** Most bytes in one call of `append`, 32 more for each entry: all have to fit into one frame. */
export const appendMaxBytes: number = 64 * 1024 * 1024;
const entryOverheadBytes = 32;

/** Bytes of entries that `load` hands out before the event loop has a turn. */
const turnBytes = 256 * 1024;

/** Journals know no terms: all of their entries have this one, and the hard state stays at 0. */
export const journalTerm = 1;

interface Waiting {
  readonly kind: "command" | "noop";
  readonly data: readonly Uint8Array[];
  readonly bytes: number;
  /** Called with the number of its last entry. */
  readonly resolve: (last: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A durable list of entries in one directory, of which the older part may be replaced by fewer.
 *
 * A promise that resolves means: on the disk. The first failure is final, except `STORAGE_FULL`.
 */
export class FileJournal implements Journal {
  /** Where the files are. */
  readonly directory: string;
  readonly #storage: FileStorage;
  #persisted: PersistedState | null;
  #loaded = false;
  /** Number of the last entry on the disk. */
  #last: number;
  /** Of the checkpoint in force; 0 without one. */
  #checkpointIndex: number;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;
  #checkpointing = false;
  #failure: StorageError | null = null;
  /** A full disk refused something, and the caller may not have heard of it yet (J2). */
  #refusal: StorageFullError | null = null;
  #closed = false;

  /** @internal Use `openFileJournal`. */
  constructor(storage: FileStorage, persisted: PersistedState | null) {
    this.directory = storage.directory;
    this.#storage = storage;
    this.#persisted = persisted;
    this.#checkpointIndex = persisted?.snapshot?.index ?? 0;
    this.#last = Math.max(persisted?.entries.at(-1)?.index ?? 0, this.#checkpointIndex);
  }

  /**
   * As {@link Journal.load}. Each entry is a copy of its own.
   *
   * @throws {StorageDamagedError} if the checkpoint does not hold what it is known to have held
   */
  async *load(): AsyncGenerator<Uint8Array, void, undefined> {
    this.#checkUsable();
    invariant(!this.#loaded, "a journal is loaded once");
    this.#loaded = true;
    const persisted = this.#persisted;
    this.#persisted = null;
    if (persisted === null) return;
    const { snapshot, entries } = persisted;
    const covered = snapshot === null ? 0 : yield* this.#loadCheckpoint(snapshot.index);
    yield* this.#loadLog(entries, covered);
  }

  /**
   * As {@link Journal.append}. An empty entry, one above {@link journalEntryMaxBytes} and a call
   * above {@link appendMaxBytes} are mistakes of the caller: final, and nothing of it is written.
   */
  async append(entries: readonly Uint8Array[]): Promise<void> {
    await this.#enqueue("command", entries);
  }

  /**
   * As {@link Journal.checkpoint}. It takes the place of what was appended and *acknowledged* before
   * the call; what was on its way stays behind it. If the iterable throws, or gives an entry that a
   * journal does not take, nothing is replaced, and the journal goes on.
   *
   * @throws {StorageFullError} without harm: the journal goes on with what it had
   */
  async checkpoint(entries: Iterable<Uint8Array>): Promise<void> {
    this.#checkUsable();
    invariant(!this.#checkpointing, "one checkpoint is written at a time");
    this.#checkpointing = true;
    const covered = this.#last;
    try {
      // A snapshot has the index of an entry on the disk, beyond that of the snapshot before it. If
      // nothing was acknowledged since then, an entry that means nothing is appended for it.
      const isNew = covered > this.#checkpointIndex;
      const index = isNew ? covered : await this.#enqueue("noop", [new Uint8Array(0)]);
      const chunks = withTurns(checkpointChunks({ covered, entries: checked(entries) }));
      await this.#storage.saveSnapshot(checkpointMeta(index), chunks);
      this.#checkpointIndex = index;
      await this.#storage.compact(covered);
    } finally {
      this.#checkpointing = false;
    }
  }

  /**
   * Writes what was called before, gives up a checkpoint that is not complete, frees the directory.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#storage.close();
  }

  async *#loadCheckpoint(index: number): AsyncGenerator<Uint8Array, number, undefined> {
    const reader = new CheckpointReader();
    try {
      for await (const chunk of this.#storage.readSnapshot(index)) yield* reader.read(chunk);
      reader.end(index);
    } catch (error) {
      if (error instanceof MalformedError) throw this.#damaged(error.message);
      throw error;
    }
    return reader.covered ?? 0;
  }

  async *#loadLog(
    entries: readonly Entry[],
    covered: number,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const first = entries[0]?.index ?? this.#last + 1;
    if (first > covered + 1) {
      throw this.#damaged(`the log begins with entry ${first}, the checkpoint ends at ${covered}`);
    }
    let bytes = 0;
    for (const { index, kind, data } of entries) {
      if (index <= covered || kind !== "command") continue;
      yield new Uint8Array(data); // a view would keep its whole segment in memory
      if ((bytes += data.length) < turnBytes) continue;
      bytes = 0;
      await turn();
    }
  }

  #damaged(found: string): StorageDamagedError {
    return new StorageDamagedError({ file: this.directory, offset: 0, found });
  }

  #enqueue(kind: Waiting["kind"], data: readonly Uint8Array[]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#checkUsable();
      if (this.#refusal !== null && kind === "command") throw this.#refusal;
      const problem = this.#problemOf(kind, data);
      if (problem !== null) throw this.#fail(new StorageInvariantError(problem));
      this.#waiting.push({ kind, data, bytes: bytesOf(data), resolve, reject });
      // A microtask later: calls of one turn become one frame.
      this.#running ??= Promise.resolve().then(() => this.#drain());
    });
  }

  #problemOf(kind: Waiting["kind"], data: readonly Uint8Array[]): string | null {
    if (this.#waiting.length >= waitingMax) return `at most ${waitingMax} appends wait`;
    if (kind === "noop") return null;
    for (const entry of data) {
      const problem = problemOfEntry(entry);
      if (problem !== null) return problem;
    }
    return bytesOf(data) <= appendMaxBytes
      ? null
      : `one append has at most ${appendMaxBytes} bytes`;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#writeGroup(group);
      } catch (error) {
        this.#refuse(group, error);
      }
    }
    this.#running = null;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const entries: Entry[] = [];
    for (const { kind, data } of group) {
      for (const one of data) {
        const index = this.#last + 1 + entries.length;
        entries.push({ index, term: journalTerm, kind, data: one });
      }
    }
    await this.#storage.write({ hardState: null, entries, chunk: null });
    for (const { data, resolve } of group) {
      this.#last += data.length;
      resolve(this.#last);
    }
  }

  /** J2: with a group falls what waits behind it, and what is called before anybody can know. */
  #refuse(group: readonly Waiting[], error: unknown): void {
    for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(error);
    if (!(error instanceof StorageFullError)) {
      this.#fail(error);
      return;
    }
    this.#refusal = error;
    setImmediate(() => (this.#refusal = null));
  }

  /** The calls at the head that fit into one frame of the usual size; at least one. */
  #takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      bytes += waiting.bytes;
      if (count > 0 && bytes > mergeMaxBytes) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  #fail(error: unknown): StorageError {
    this.#failure ??=
      error instanceof StorageError ? error : new StorageFailedError("writing", error);
    return this.#failure;
  }

  #checkUsable(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#closed) throw new StorageClosedError();
  }
}

function bytesOf(data: readonly Uint8Array[]): number {
  return data.reduce((sum, entry) => sum + entryOverheadBytes + entry.length, 0);
}

/** A journal has no members: the configuration of its snapshots is the empty one. */
function checkpointMeta(index: number): SnapshotMeta {
  const nobody = { members: [], voters: [], outgoing: [], learners: [], learnersNext: [] };
  const configuration = { ...nobody, joining: [], autoLeave: false };
  return { index, term: journalTerm, configuration, configurationIndex: 0 };
}

/** Refuses what `load` would not give back. */
function* checked(entries: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const entry of entries) {
    const problem = problemOfEntry(entry);
    if (problem !== null) throw new StorageInvariantError(problem);
    yield entry;
  }
}

function problemOfEntry(entry: Uint8Array): string | null {
  if (entry.length === 0) return "an entry of a journal is not empty";
  return entry.length <= journalEntryMaxBytes
    ? null
    : `an entry of a journal has at most ${journalEntryMaxBytes} bytes`;
}

async function* withTurns(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await turn();
    yield chunk;
  }
}
