/**
 * Takes snapshots of the state machine when enough was applied since the last one, one at a time,
 * without stopping the group.
 */
import type { RaftCoreLike } from "../core/door.ts";
import { entryBytes } from "../core/log.ts";
import { StoppedError } from "../errors.ts";
import type { Entry, EntryId, LogIndex, SnapshotMeta } from "../types.ts";
import type { SnapshotPolicy } from "./options.ts";
import type { StateMachine, Storage } from "./ports.ts";

export interface SnapshotterParts {
  readonly machine: Pick<StateMachine<unknown>, "snapshot">;
  readonly storage: Storage;
  /** Says what a snapshot taken now stands for, and how far the log on the disk reaches. */
  readonly core: Pick<RaftCoreLike, "snapshotMeta" | "status">;
  /** Runs something when the machine stands exactly at the applied index. */
  readonly between: <Value>(run: () => Value) => Promise<Value>;
  readonly onSaved: (snapshot: SnapshotMeta, retainEntries: number, tookMs: number) => void;
  /** The machine or the storage failed. A full disk is not reported: the next one may fit. */
  readonly onFailed: (error: unknown) => void;
}

interface Captured {
  readonly meta: SnapshotMeta;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export class Snapshotter {
  readonly #parts: SnapshotterParts;
  readonly #everyEntries: number;
  readonly #everyBytes: number;
  readonly #retainEntries: number;
  #entries = 0;
  #bytes = 0;
  #running: Promise<EntryId> | null = null;
  #awaited: {
    readonly index: LogIndex;
    readonly resolve: () => void;
    readonly reject: (error: Error) => void;
  } | null = null;

  constructor(policy: SnapshotPolicy, parts: SnapshotterParts) {
    this.#parts = parts;
    this.#everyEntries = policy.everyEntries ?? 8192;
    this.#everyBytes = policy.everyBytes ?? 16 * 1024 * 1024;
    this.#retainEntries = policy.retainEntries ?? 4096;
  }

  onApplied(entries: readonly Entry[]): void {
    this.#entries += entries.length;
    for (const entry of entries) this.#bytes += entryBytes(entry);
    if (this.#entries < this.#everyEntries && this.#bytes < this.#everyBytes) return;
    if (this.#running === null) void this.take().catch(() => undefined); // told by onFailed
  }

  /** Joins the snapshot that is being taken, if there is one. */
  take(): Promise<EntryId> {
    // A turn later: capturing lets the machine go on, and what it applies may call us again.
    this.#running ??= Promise.resolve()
      .then(() => this.#take())
      .finally(() => {
        this.#running = null;
      });
    return this.#running;
  }

  /** The log on the disk may reach further now: a snapshot must not be ahead of it. */
  onPersisted(): void {
    if (this.#awaited === null) return;
    if (this.#awaited.index > this.#parts.core.status().persistedIndex) return;
    this.#awaited.resolve();
    this.#awaited = null;
  }

  /** Gives up waiting; resolves when nothing is being stored any more. */
  async stop(): Promise<void> {
    this.#awaited?.reject(new StoppedError());
    this.#awaited = null;
    await this.#running?.catch(() => undefined); // whoever asked for it has been told
  }

  async #take(): Promise<EntryId> {
    const startedMs = performance.now();
    this.#entries = 0;
    this.#bytes = 0;
    try {
      const captured = await this.#parts.between(() => this.#capture());
      if (captured === null) return this.#parts.core.status().snapshot ?? { index: 0, term: 0 };
      const { meta, chunks } = captured;
      await this.#persisted(meta.index);
      await this.#parts.storage.saveSnapshot(meta, chunks);
      this.#parts.onSaved(meta, this.#retainEntries, performance.now() - startedMs);
      return { index: meta.index, term: meta.term };
    } catch (error) {
      if (!isStorageFull(error) && !(error instanceof StoppedError)) this.#parts.onFailed(error);
      throw error;
    }
  }

  /** `null`: nothing was applied, or a newer snapshot waits to be restored. */
  #capture(): Captured | null {
    const meta = this.#parts.core.snapshotMeta();
    return meta === null ? null : { meta, chunks: begun(this.#parts.machine.snapshot()) };
  }

  #persisted(index: LogIndex): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#awaited = { index, resolve, reject };
      this.onPersisted();
    });
  }
}

/** Whether a storage refused for lack of room, with nothing stored and nothing broken. */
export function isStorageFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "STORAGE_FULL";
}

/**
 * Asks for the first chunk now, so that a machine that is a generator captures its state now, and
 * gives the event loop a turn between chunks, so that a large state never stalls it.
 */
function begun(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array> =
    Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  const first = iterator.next();
  async function* all(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let item = await first; item.done !== true; item = await iterator.next()) {
        yield item.value;
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      await iterator.return?.(); // a storage that is closed reads no further
    }
  }
  return all();
}
