/**
 * Takes snapshots of the state machine when enough was applied since the last one, one at a time,
 * without stopping the group.
 */
import type { Entry, EntryId, LogIndex, SnapshotMeta } from "../types.ts";
import type { RaftCoreLike } from "../core/door.ts";
import { entryBytes } from "../core/log.ts";
import type { SnapshotPolicy } from "./options.ts";
import type { StateMachine, Storage } from "./ports.ts";

export interface SnapshotterParts {
  readonly machine: Pick<StateMachine<unknown>, "snapshot">;
  readonly storage: Storage;
  /** Says what a snapshot taken now stands for, and how far the log on the disk reaches. */
  readonly core: Pick<RaftCoreLike, "snapshotMeta" | "status">;
  readonly onSaved: (snapshot: SnapshotMeta, retainEntries: number, tookMs: number) => void;
  readonly onFailed: (error: unknown) => void;
}

export class Snapshotter {
  readonly #parts: SnapshotterParts;
  readonly #everyEntries: number;
  readonly #everyBytes: number;
  readonly #retainEntries: number;
  #entries = 0;
  #bytes = 0;
  #running: Promise<EntryId> | null = null;
  #awaited: { readonly index: LogIndex; readonly resolve: () => void } | null = null;

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
    if (this.#running === null) void this.take().catch(() => undefined); // reported by onFailed
  }

  /** Joins the snapshot that is being taken, if there is one. */
  take(): Promise<EntryId> {
    this.#running ??= this.#take().finally(() => {
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

  #persisted(index: LogIndex): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited = { index, resolve };
      this.onPersisted();
    });
  }

  async #take(): Promise<EntryId> {
    const startedMs = performance.now();
    this.#entries = 0;
    this.#bytes = 0;
    try {
      const meta = this.#parts.core.snapshotMeta();
      const chunks = this.#parts.machine.snapshot(); // captured here, before anything is awaited
      await this.#persisted(meta.index);
      await this.#parts.storage.saveSnapshot(meta, asynchronous(chunks));
      this.#parts.onSaved(meta, this.#retainEntries, performance.now() - startedMs);
      return { index: meta.index, term: meta.term };
    } catch (error) {
      this.#parts.onFailed(error);
      throw error;
    }
  }
}

/** Gives the event loop a turn between chunks, so that a large state never stalls it. */
async function* asynchronous(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
