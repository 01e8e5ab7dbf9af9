/**
 * A storage that forgets everything when the process ends. For tests, examples and playgrounds:
 * a server on it must never be restarted under its old id.
 */
import { invariant } from "../core/invariant.ts";
import type { Write } from "../core/door.ts";
import type {
  Entry,
  HardState,
  LogIndex,
  PersistedState,
  SnapshotChunk,
  SnapshotMeta,
} from "../types.ts";
import type { Storage } from "./ports.ts";

/** Bytes that `readSnapshot` gives at once: whoever restores them has other work between two. */
const pieceBytes = 64 * 1024;

/** Older ones may still be on their way to a follower or into the state machine. */
const snapshotsKept = 3;

interface StoredSnapshot {
  readonly snapshot: SnapshotMeta;
  readonly bytes: Uint8Array;
}

export class MemoryStorage implements Storage {
  #hardState: HardState | null = null;
  #entries: Entry[] = [];
  /** Oldest first. */
  #snapshots: StoredSnapshot[] = [];
  #received: Uint8Array[] = [];

  load(): Promise<PersistedState | null> {
    if (this.#hardState === null) return Promise.resolve(null);
    const snapshot = this.#newest?.snapshot ?? null;
    return Promise.resolve({ hardState: this.#hardState, snapshot, entries: [...this.#entries] });
  }

  write({ hardState, entries, chunk }: Omit<Write, "id">): Promise<void> {
    if (hardState !== null) this.#hardState = hardState;
    const first = entries[0];
    if (first !== undefined) {
      const kept = first.index - (this.#entries[0]?.index ?? first.index);
      invariant(kept >= 0 && kept <= this.#entries.length, "a stored log has no gaps");
      this.#entries.length = kept;
      for (const entry of entries) this.#entries.push(entry);
    }
    if (chunk !== null) this.#receive(chunk);
    return Promise.resolve();
  }

  #receive({ snapshot, offset, data, done }: SnapshotChunk): void {
    if (offset === 0) this.#received = [];
    this.#received.push(data);
    if (!done) return;
    this.#keep({ snapshot, bytes: concat(this.#received) });
    this.#received = [];
    this.#entries = [];
  }

  compact(index: LogIndex): Promise<void> {
    this.#entries = this.#entries.filter((entry) => entry.index > index);
    return Promise.resolve();
  }

  async saveSnapshot(snapshot: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const part of chunks) parts.push(part);
    if (snapshot.index <= (this.#newest?.snapshot.index ?? 0)) return; // a newer one came in
    this.#keep({ snapshot, bytes: concat(parts) });
  }

  async *readSnapshot(index: LogIndex): AsyncIterable<Uint8Array> {
    const stored = this.#at(index);
    if (stored === undefined) throw new Error(`no snapshot at ${index}`);
    for (let at = 0; at < stored.bytes.length; at += pieceBytes) {
      yield stored.bytes.slice(at, at + pieceBytes);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  readSnapshotChunk(at: {
    readonly index: LogIndex;
    readonly offset: number;
    readonly maxBytes: number;
  }): Promise<SnapshotChunk | null> {
    const stored = this.#at(at.index);
    if (stored === undefined || at.offset > stored.bytes.length) {
      return Promise.resolve(null);
    }
    const end = at.offset + at.maxBytes;
    const data = stored.bytes.slice(at.offset, end);
    const done = end >= stored.bytes.length;
    return Promise.resolve({ snapshot: stored.snapshot, offset: at.offset, data, done });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  get #newest(): StoredSnapshot | undefined {
    return this.#snapshots.at(-1);
  }

  #at(index: LogIndex): StoredSnapshot | undefined {
    return this.#snapshots.find(({ snapshot }) => snapshot.index === index);
  }

  #keep(stored: StoredSnapshot): void {
    this.#snapshots = [...this.#snapshots, stored].slice(-snapshotsKept);
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
