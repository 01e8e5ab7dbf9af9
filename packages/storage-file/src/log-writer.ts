/**
 * The write end of the log: one frame, one `write`, one fdatasync a batch.
 *
 * W1 A frame is written only after the one before it was synced: at most one sync is out.
 * W2 A segment is renamed into place only with its header durable, and used only after the folder
 *    and the anchor know it.
 * W3 Room is made before the first byte of a batch is written: a full disk leaves no half batch.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { LogIndex } from "@counter/raft";
import type { AnchorFile } from "./anchor-file.ts";
import { invariant } from "./errors.ts";
import { type Descriptor, type FileSystem, writeAll, writeAllNow } from "./file-system.ts";
import { BatchEncoder, type BatchPart, frameMaxBytes } from "./format/batch-encoder.ts";
import type { SyncedPoint } from "./format/anchor-format.ts";
import { type ChainPoint, saltBytes } from "./format/frame.ts";
import {
  encodeSegmentHeader,
  type SegmentHeader,
  segmentHeaderBytes,
} from "./format/segment-header.ts";
import type { LogState } from "./log-state.ts";
import { segmentName } from "./names.ts";
import type { SegmentMaker } from "./segment-maker.ts";
import type { SyncPolicy } from "./sync-policy.ts";

/** A batch up to this size goes into the page cache on this thread, a larger one by the pool. */
const writeNowMaxBytes = 256 * 1024;
/** Sizes of segments are multiples of a page. */
const pageBytes = 4096;

/** A segment that is only kept to be read at the next start. */
export interface SealedSegment {
  readonly path: string;
  readonly maxIndex: LogIndex;
}

/** The segment that is written to. */
export interface ActiveSegment {
  readonly sequence: number;
  readonly path: string;
  readonly file: Descriptor;
  readonly bytes: number;
  readonly salt: Uint8Array;
  /** Where the next frame goes. */
  position: number;
  /** Largest index among its entries, replaced ones included; 0 without entries. */
  maxIndex: LogIndex;
}

export interface LogWriterParts {
  readonly files: FileSystem;
  readonly directory: string;
  readonly anchor: AnchorFile;
  readonly maker: SegmentMaker;
  readonly policy: SyncPolicy;
  readonly state: LogState;
  readonly point: ChainPoint;
  /** Oldest first. */
  readonly sealed: readonly SealedSegment[];
  /** `null` in a new storage: `roll` makes the first one. */
  readonly active: ActiveSegment | null;
  /** Size of the first segment of a new storage, in bytes. */
  readonly firstSegmentBytes: number;
  /** Size of further segments in bytes; one batch that needs more gets more. */
  readonly segmentBytes: number;
  /** Hears of a failure in the background. */
  readonly onFailure: (error: unknown) => void;
}

export class LogWriter {
  readonly state: LogState;
  readonly #parts: LogWriterParts;
  readonly #encoder = new BatchEncoder();
  readonly #sealed: SealedSegment[];
  #active: ActiveSegment | null;
  #point: ChainPoint;

  constructor(parts: LogWriterParts) {
    this.#parts = parts;
    this.state = parts.state;
    this.#sealed = [...parts.sealed];
    this.#active = parts.active;
    this.#point = parts.point;
  }

  /**
   * Appends all parts as one frame. Durable when this returns `null`, or when the promise resolves.
   * The next call must wait for that.
   *
   * @throws {StorageFullError} with nothing written and nothing changed
   * @throws {StorageInvariantError} if a part breaks a rule of the log
   */
  append(parts: readonly BatchPart[]): Promise<void> | null {
    const needed = frameMaxBytes(parts);
    const active = this.#active;
    if (active === null || !this.#fits(needed)) return this.#rollAndAppend(parts, needed);
    return this.#appendTo(active, parts);
  }

  /**
   * Makes sure that the next `append` of these parts finds room.
   *
   * @throws {StorageFullError} with nothing changed
   */
  async makeRoom(parts: readonly BatchPart[]): Promise<void> {
    const needed = frameMaxBytes(parts);
    if (!this.#fits(needed)) await this.roll(needed);
  }

  /** Notes on the anchor how far the log is durable: two microseconds, no sync. */
  noteSynced(): void {
    if (this.#active !== null) this.#parts.anchor.note(this.#syncedPoint(this.#active));
  }

  /** As `noteSynced`, and durable. */
  async recordSynced(): Promise<void> {
    if (this.#active !== null) await this.#parts.anchor.record(this.#syncedPoint(this.#active));
  }

  /** Starts the next segment. The first frame in it will have room for `needed` bytes. */
  async roll(needed: number): Promise<void> {
    const { files, directory, maker, anchor } = this.#parts;
    const isFirst = this.#active === null;
    const usual = isFirst ? this.#parts.firstSegmentBytes : this.#parts.segmentBytes;
    const size = Math.max(usual, roundUp(segmentHeaderBytes + needed));
    const prepared = await maker.take(size);
    const header = this.#nextHeader(prepared.bytes);
    await writeAll(files, prepared.file, encodeSegmentHeader(header), 0);
    await files.sync(prepared.file);
    const path = join(directory, segmentName(header.sequence));
    await files.rename(prepared.path, path);
    await files.syncDirectory(directory);
    const old = this.#active;
    this.#active = {
      sequence: header.sequence,
      path,
      file: prepared.file,
      bytes: prepared.bytes,
      salt: header.salt,
      position: segmentHeaderBytes,
      maxIndex: 0,
    };
    if (old !== null) {
      this.#sealed.push({ path: old.path, maxIndex: old.maxIndex });
      await files.close(old.file);
    }
    await anchor.record(this.#syncedPoint(this.#active));
  }

  /**
   * Removes the oldest segments as far as all of their entries are at or before `index` and before
   * the snapshot. The entry *at* the snapshot stays: at the next start it tells whether the entries
   * behind it belong to the same history.
   */
  async compact(index: LogIndex): Promise<void> {
    const { files, directory } = this.#parts;
    const through = Math.min(index, this.state.snapshotIndex - 1);
    for (let oldest = this.#sealed[0]; oldest !== undefined; oldest = this.#sealed[0]) {
      if (oldest.maxIndex > through) return;
      // One by one, oldest first, each made durable: a crash never leaves a hole in the middle.
      await files.remove(oldest.path);
      await files.syncDirectory(directory);
      this.#sealed.shift();
    }
  }

  /** Makes the anchor exact and durable, unless the storage has `failed`; releases the files. */
  async close(failed: boolean): Promise<void> {
    const { anchor, files, maker } = this.#parts;
    await maker.close();
    try {
      if (!failed) await this.recordSynced();
    } finally {
      await anchor.close();
      if (this.#active !== null) await files.close(this.#active.file);
    }
  }

  #fits(bytes: number): boolean {
    return this.#active !== null && this.#active.position + bytes <= this.#active.bytes;
  }

  async #rollAndAppend(parts: readonly BatchPart[], needed: number): Promise<void> {
    await this.roll(needed);
    const active = this.#active;
    invariant(active !== null, "there is a segment after a roll");
    await this.#appendTo(active, parts);
  }

  #appendTo(active: ActiveSegment, parts: readonly BatchPart[]): Promise<void> | null {
    for (const part of parts) this.#apply(active, part);
    const chain = { before: this.#point, salt: active.salt };
    const { bytes, point } = this.#encoder.encode(parts, chain);
    const position = active.position;
    active.position += bytes.length;
    this.#point = point;
    if (bytes.length > writeNowMaxBytes) return this.#writeByPool(active, bytes, position);
    writeAllNow(this.#parts.files, active.file, bytes, position);
    this.#prepareNext(active);
    return this.#parts.policy.sync(active.file);
  }

  async #writeByPool(active: ActiveSegment, bytes: Uint8Array, position: number): Promise<void> {
    await writeAll(this.#parts.files, active.file, bytes, position);
    this.#prepareNext(active);
    await this.#parts.policy.sync(active.file);
  }

  /** In the order of the bytes: entries, snapshot, hard state. */
  #apply(active: ActiveSegment, part: BatchPart): void {
    const { entries, snapshot, hardState } = part;
    if (entries.length > 0) {
      check(this.state.entries(entries[0]!.index, entries.length));
      active.maxIndex = Math.max(active.maxIndex, this.state.lastIndex);
    }
    if (snapshot?.type === "installed") check(this.state.install(snapshot.snapshot));
    if (snapshot?.type === "saved") check(this.state.save(snapshot.snapshot));
    if (hardState !== null) check(this.state.vote(hardState));
  }

  #prepareNext(active: ActiveSegment): void {
    if (active.position * 2 < active.bytes) return;
    this.#parts.maker.prepare(this.#parts.segmentBytes, this.#parts.onFailure);
  }

  #nextHeader(bytes: number): SegmentHeader {
    const { hardState, snapshot, lastIndex } = this.state;
    return {
      storageId: this.#parts.anchor.storageId,
      sequence: (this.#active?.sequence ?? 0) + 1,
      bytes,
      salt: randomBytes(saltBytes),
      before: this.#point,
      previousEnd: this.#active?.position ?? 0,
      lastIndex,
      snapshot,
      hardState,
    };
  }

  #syncedPoint(active: ActiveSegment): SyncedPoint {
    return { segment: active.sequence, position: active.position, frame: this.#point.number };
  }
}

function check(problem: string | null): void {
  invariant(problem === null, problem ?? "");
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes;
}
