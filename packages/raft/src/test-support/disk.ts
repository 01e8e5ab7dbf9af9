/** A disk that does what the contract of `Write` says, at once, and shouts when it cannot. */
import type {
  Entry,
  HardState,
  PersistedState,
  SnapshotChunk,
  SnapshotMeta,
  Write,
} from "../index.ts";
import { showLog } from "./logs.ts";

export class TestDisk {
  hardState: HardState;
  entries: Entry[];
  snapshot: { readonly meta: SnapshotMeta; readonly bytes: readonly number[] } | null = null;
  #received: number[] = [];

  constructor({ hardState, entries, snapshot }: PersistedState) {
    this.hardState = hardState;
    this.entries = [...entries];
    if (snapshot !== null) this.snapshot = { meta: snapshot, bytes: [] };
  }

  /** The log on the disk, as its terms. */
  get log(): string {
    return showLog(this.entries);
  }

  /** What a core would find if it started now. */
  image(): PersistedState {
    const { hardState, entries, snapshot } = this;
    return { hardState, entries: [...entries], snapshot: snapshot?.meta ?? null };
  }

  write({ hardState, entries, chunk }: Write): void {
    const first = entries[0];
    if (first !== undefined) this.#replaceFrom(first.index, entries);
    if (hardState !== null) this.hardState = hardState;
    if (chunk !== null) this.#receive(chunk, entries);
    const last = this.entries.at(-1)?.index ?? this.snapshot?.meta.index ?? 0;
    if (this.hardState.commitIndex > last) throw new Error("the commit index is beyond the log");
  }

  compact(index: number): void {
    this.entries = this.entries.filter((entry) => entry.index > index);
  }

  saveSnapshot(meta: SnapshotMeta, bytes: readonly number[]): void {
    this.snapshot = { meta, bytes };
  }

  readChunk(at: { index: number; offset: number; maxBytes: number }): SnapshotChunk | null {
    const { snapshot } = this;
    if (snapshot?.meta.index !== at.index) return null;
    const end = at.offset + at.maxBytes;
    const data = Uint8Array.from(snapshot.bytes.slice(at.offset, end));
    return { snapshot: snapshot.meta, offset: at.offset, data, done: end >= snapshot.bytes.length };
  }

  #replaceFrom(index: number, entries: readonly Entry[]): void {
    const begin = this.entries[0]?.index ?? (this.snapshot?.meta.index ?? 0) + 1;
    const kept = index - begin;
    if (kept < 0 || kept > this.entries.length) throw new Error("a gap in the stored log");
    this.entries = [...this.entries.slice(0, kept), ...entries];
  }

  #receive({ snapshot, offset, data, done }: SnapshotChunk, entries: readonly Entry[]): void {
    if (offset === 0) this.#received = [];
    if (offset !== this.#received.length) throw new Error("a gap in the received snapshot");
    this.#received.push(...data);
    if (!done) return;
    if (entries.length > 0) throw new Error("a write completes a snapshot and has entries");
    this.snapshot = { meta: snapshot, bytes: this.#received };
    this.#received = [];
    this.entries = [];
  }
}
