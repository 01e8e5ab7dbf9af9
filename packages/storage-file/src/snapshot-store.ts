/**
 * The snapshots of a directory: the one in force, and a few older ones that followers may still be
 * reading.
 *
 * S1 A snapshot is written to a temporary file, synced, renamed, and the folder synced.
 * S2 It is in force when the log has a durable record of it, not before: the log alone says what
 *    is in force, so a crash between rename and record leaves the old state, whole.
 */
import { join } from "node:path";
import type { EntryId, LogIndex, SnapshotChunk, SnapshotMeta } from "@counter/raft";
import {
  invariant,
  NoSnapshotError,
  saysFull,
  StorageDamagedError,
  StorageFullError,
  systemCode,
} from "./errors.ts";
import { type FileSystem, readUpTo, removeIfThere, withFile } from "./file-system.ts";
import { parseSnapshotName, receivingName, savingName, snapshotName } from "./names.ts";
import {
  outlineSnapshot,
  readPayload,
  SnapshotFileWriter,
  type SnapshotOutline,
  verifyPayload,
} from "./snapshot-file.ts";

interface Kept extends EntryId {
  readonly path: string;
  /** Resolves once the whole file has been read and found sound; `null` before anybody asked. */
  verified: Promise<SnapshotOutline> | null;
}

export class SnapshotStore {
  readonly #files: FileSystem;
  readonly #directory: string;
  readonly #keep: number;
  /** Ascending; the last one is in force. */
  #kept: Kept[] = [];
  #receiving: SnapshotFileWriter | null = null;

  constructor(files: FileSystem, directory: string, options: { readonly keep: number }) {
    this.#files = files;
    this.#directory = directory;
    this.#keep = options.keep;
  }

  /** Learns what is there, and removes what the log does not vouch for (S2). */
  async open(names: readonly string[], inForce: EntryId | null): Promise<void> {
    for (const name of names) {
      const id = parseSnapshotName(name);
      if (id === null) continue;
      const path = join(this.#directory, name);
      const vouched =
        id.index < (inForce?.index ?? 0) ||
        (id.index === inForce?.index && id.term === inForce.term);
      if (vouched) this.#kept.push({ ...id, path, verified: null });
      else await this.#files.remove(path);
    }
    this.#kept.sort((a, b) => a.index - b.index);
  }

  /** Writes a whole snapshot to a temporary file; nobody sees it yet. */
  async save(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let writer: SnapshotFileWriter | null = null;
    try {
      writer = await SnapshotFileWriter.create(this.#files, this.#path(savingName), meta);
      for await (const chunk of chunks) await writer.add(chunk);
      await writer.finish();
    } catch (error) {
      await writer?.close();
      await this.discardSaved();
      throw error;
    }
  }

  async discardSaved(): Promise<void> {
    await removeIfThere(this.#files, this.#path(savingName));
  }

  /** Gives a saved snapshot its name. In force only after the log has a record of it. */
  adoptSaved(id: EntryId): Promise<void> {
    return this.#adopt(savingName, id);
  }

  /**
   * Adds a piece and makes it durable; with the last piece the snapshot gets its name.
   *
   * @throws {StorageFullError} with everything as it was before: the same piece may come again
   */
  async receive(chunk: SnapshotChunk): Promise<void> {
    const writer = await this.#receiverOf(chunk);
    const mark = writer.mark();
    try {
      await writer.add(chunk.data);
      await (chunk.done ? writer.finish() : writer.sync());
    } catch (error) {
      if (!saysFull(error)) throw error;
      writer.rewind(mark);
      throw new StorageFullError("a piece of a snapshot", error);
    }
    if (!chunk.done) return;
    this.#receiving = null;
    await this.#adopt(receivingName, chunk.snapshot);
  }

  /** The log vouches for this one now; the oldest ones may go. */
  async enterForce(id: EntryId): Promise<void> {
    const path = this.#path(snapshotName(id));
    this.#kept = this.#kept.filter((kept) => kept.path !== path);
    this.#kept.push({ index: id.index, term: id.term, path, verified: null });
    if (this.#kept.length <= this.#keep) return;
    for (const old of this.#kept.splice(0, this.#kept.length - this.#keep)) {
      await removeIfThere(this.#files, old.path);
    }
    await this.#files.syncDirectory(this.#directory);
  }

  /** The payload of a kept snapshot; verified as a whole before the first byte. */
  async *read(index: LogIndex): AsyncGenerator<Uint8Array, void, undefined> {
    const kept = this.#kept.find((candidate) => candidate.index === index);
    if (kept === undefined) throw new NoSnapshotError(index);
    const outline = await this.#verify(kept);
    yield* readPayload(this.#files, kept.path, outline);
  }

  /** A piece of a snapshot that is still kept, else `null`. */
  async readChunk(at: {
    readonly index: LogIndex;
    readonly offset: number;
    readonly maxBytes: number;
  }): Promise<SnapshotChunk | null> {
    invariant(at.maxBytes > 0 && at.offset >= 0, "a piece has a place and a size");
    const kept = this.#kept.find((candidate) => candidate.index === at.index);
    if (kept === undefined) return null;
    try {
      return await this.#readPiece(kept, at);
    } catch (error) {
      // Removed meanwhile, or an old one has rotted: the follower starts again with the newest.
      const gone = systemCode(error) === "ENOENT" && !this.#kept.includes(kept);
      const rotten = error instanceof StorageDamagedError && kept !== this.#kept.at(-1);
      if (!gone && !rotten) throw error;
      this.#kept = this.#kept.filter((other) => other !== kept);
      return null;
    }
  }

  async close(): Promise<void> {
    await this.#receiving?.close();
    this.#receiving = null;
  }

  async #readPiece(
    kept: Kept,
    at: { readonly offset: number; readonly maxBytes: number },
  ): Promise<SnapshotChunk | null> {
    const { meta, headBytes, payloadBytes } = await this.#verify(kept);
    if (at.offset > payloadBytes) return null;
    const length = Math.min(at.maxBytes, payloadBytes - at.offset);
    const data = await withFile(this.#files, { path: kept.path, mode: "read" }, (file) =>
      readUpTo(this.#files, file, { position: headBytes + at.offset, length }),
    );
    if (data.length < length) {
      const offset = headBytes + at.offset + data.length;
      throw new StorageDamagedError({ file: kept.path, offset, found: "the file was cut" });
    }
    const done = at.offset + length === payloadBytes;
    return { snapshot: meta, offset: at.offset, data, done };
  }

  /** Reads a file once for its checksum; later callers share the answer. */
  #verify(kept: Kept): Promise<SnapshotOutline> {
    kept.verified ??= this.#verifyNow(kept.path);
    return kept.verified;
  }

  async #verifyNow(path: string): Promise<SnapshotOutline> {
    const outline = await outlineSnapshot(this.#files, path);
    await verifyPayload(this.#files, path, outline);
    return outline;
  }

  /** The file that the piece continues; a piece at offset 0 begins a new one. */
  async #receiverOf(chunk: SnapshotChunk): Promise<SnapshotFileWriter> {
    if (chunk.offset === 0) await this.#restartReceiving(chunk.snapshot);
    const writer = this.#receiving;
    invariant(writer !== null, "a snapshot is received from its start");
    const { index, term } = chunk.snapshot;
    invariant(
      writer.meta.index === index && writer.meta.term === term,
      "pieces of two snapshots are not mixed",
    );
    invariant(writer.payloadBytes === chunk.offset, "a piece continues the one before it");
    return writer;
  }

  async #restartReceiving(meta: SnapshotMeta): Promise<void> {
    await this.#receiving?.close();
    this.#receiving = null;
    const path = this.#path(receivingName);
    try {
      this.#receiving = await SnapshotFileWriter.create(this.#files, path, meta);
    } catch (error) {
      throw saysFull(error) ? new StorageFullError("a snapshot", error) : error;
    }
  }

  async #adopt(temporary: string, id: EntryId): Promise<void> {
    await this.#files.rename(this.#path(temporary), this.#path(snapshotName(id)));
    await this.#files.syncDirectory(this.#directory);
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}
