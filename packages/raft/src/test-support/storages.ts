/** Real storages with something wrong: around another one, they hold calls back or reject them. */
import { MemoryStorage } from "../index.ts";
import type { PersistedState, SnapshotChunk, SnapshotMeta, Storage, Write } from "../index.ts";

type Call = "load" | "write" | "compact" | "saveSnapshot" | "readSnapshotChunk" | "close";

export class FaultyStorage implements Storage {
  /** Calls that reject, and the error they reject with. */
  readonly failing = new Map<Call, Error>();
  closed = 0;
  /** Writes that were begun, whatever became of them. */
  writes = 0;
  /** Largest number of snapshots that were being stored at once. */
  mostSnapshotsAtOnce = 0;
  #snapshotsNow = 0;
  readonly #inner: Storage;
  #held: (() => void)[] | null = null;

  constructor(inner: Storage = new MemoryStorage()) {
    this.#inner = inner;
  }

  /** From now on writes do not end before `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const go of held) go();
  }

  async load(): Promise<PersistedState | null> {
    this.#check("load");
    return this.#inner.load();
  }

  async write(write: Pick<Write, "hardState" | "entries" | "chunk">): Promise<void> {
    this.writes += 1;
    this.#check("write");
    const held = this.#held;
    if (held !== null) await new Promise<void>((resolve) => held.push(resolve));
    this.#check("write");
    return this.#inner.write(write);
  }

  async compact(index: number): Promise<void> {
    this.#check("compact");
    return this.#inner.compact(index);
  }

  async saveSnapshot(snapshot: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#check("saveSnapshot");
    this.#snapshotsNow += 1;
    this.mostSnapshotsAtOnce = Math.max(this.mostSnapshotsAtOnce, this.#snapshotsNow);
    await this.#inner.saveSnapshot(snapshot, chunks);
    this.#snapshotsNow -= 1;
  }

  readSnapshot(index: number): AsyncIterable<Uint8Array> {
    return this.#inner.readSnapshot(index);
  }

  async readSnapshotChunk(
    at: Parameters<Storage["readSnapshotChunk"]>[0],
  ): Promise<SnapshotChunk | null> {
    this.#check("readSnapshotChunk");
    return this.#inner.readSnapshotChunk(at);
  }

  async close(): Promise<void> {
    this.closed += 1;
    this.#check("close");
    return this.#inner.close();
  }

  #check(call: Call): void {
    const error = this.failing.get(call);
    if (error !== undefined) throw error;
  }
}
