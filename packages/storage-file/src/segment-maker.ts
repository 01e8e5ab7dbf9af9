/**
 * Prepares segments ahead of need: a file of zeros, allocated and synced, so that a batch that is
 * written into it later changes no metadata and its fdatasync is one write to the disk.
 */
import { join } from "node:path";
import { saysFull, StorageFullError } from "./errors.ts";
import { type Descriptor, type FileSystem, removeIfThere, writeAll } from "./file-system.ts";
import { nextSegmentName } from "./names.ts";

/** Zeros in one write; each is synced, so that batches of others never queue behind much. */
const fillBytes = 1024 * 1024;

export interface PreparedSegment {
  readonly path: string;
  readonly file: Descriptor;
  readonly bytes: number;
}

type Preparation =
  | { readonly ok: true; readonly segment: PreparedSegment }
  | { readonly ok: false; readonly error: unknown };

export class SegmentMaker {
  readonly #files: FileSystem;
  readonly #directory: string;
  #preparing: Promise<Preparation> | null = null;

  constructor(files: FileSystem, directory: string) {
    this.#files = files;
    this.#directory = directory;
  }

  /**
   * Begins to prepare a segment, unless one is ready or being made. A full disk is not reported
   * here: `take` tries again. `onFailure` hears of everything else.
   */
  prepare(bytes: number, onFailure: (error: unknown) => void): void {
    this.#preparing ??= this.#make(bytes).then((preparation) => {
      if (!preparation.ok && !saysFull(preparation.error)) onFailure(preparation.error);
      return preparation;
    });
  }

  /**
   * A prepared segment of at least so many bytes. The caller owns it and its descriptor.
   *
   * @throws {StorageFullError} if there is no room; nothing is left behind
   */
  async take(bytes: number): Promise<PreparedSegment> {
    const ready = await this.#preparing;
    this.#preparing = null;
    if (ready?.ok === true) {
      if (ready.segment.bytes >= bytes) return ready.segment;
      await this.#discard(ready.segment.file); // too small for one huge batch
    }
    const made = await this.#make(bytes);
    if (made.ok) return made.segment;
    if (saysFull(made.error)) throw new StorageFullError("the next part of the log", made.error);
    throw made.error;
  }

  /** Waits for a preparation that is under way, and closes what came of it. */
  async close(): Promise<void> {
    const ready = await this.#preparing;
    this.#preparing = null;
    if (ready?.ok === true) await this.#discard(ready.segment.file);
  }

  async #make(bytes: number): Promise<Preparation> {
    const path = join(this.#directory, nextSegmentName);
    let file: Descriptor | null = null;
    try {
      file = await this.#files.open(path, "create");
      await this.#fill(file, bytes);
      return { ok: true, segment: { path, file, bytes } };
    } catch (error) {
      try {
        if (file !== null) await this.#discard(file);
      } catch (second) {
        // Not full after all, or full and broken: the caller stops on an error it does not know.
        return { ok: false, error: new AggregateError([error, second], "preparing a segment") };
      }
      return { ok: false, error };
    }
  }

  async #fill(file: Descriptor, bytes: number): Promise<void> {
    const zeros = new Uint8Array(Math.min(fillBytes, bytes));
    for (let at = 0; at < bytes; at += zeros.length) {
      await writeAll(this.#files, file, zeros.subarray(0, bytes - at), at);
      await this.#files.sync(file);
    }
  }

  async #discard(file: Descriptor): Promise<void> {
    await this.#files.close(file);
    await removeIfThere(this.#files, join(this.#directory, nextSegmentName));
  }
}
