/** Keeps the anchor: how far the log is known to be durable. See `format/anchor-format.ts`. */
import { join } from "node:path";
import { type Descriptor, type FileSystem, writeAll, writeAllNow } from "./file-system.ts";
import {
  type Anchor,
  anchorSlotBytes,
  encodeAnchor,
  encodeSlot,
  slotOffset,
  type SyncedPoint,
} from "./format/anchor-format.ts";
import { anchorName, newAnchorName } from "./names.ts";

/** The anchor of a directory that has no log yet. */
export async function createAnchor(
  files: FileSystem,
  directory: string,
  storageId: Uint8Array,
): Promise<Anchor> {
  const synced: SyncedPoint = { segment: 0, position: 0, frame: 0 };
  const temporary = join(directory, newAnchorName);
  const file = await files.open(temporary, "create");
  try {
    await writeAll(files, file, encodeAnchor({ storageId, synced }), 0);
    await files.sync(file);
  } finally {
    await files.close(file);
  }
  await files.rename(temporary, join(directory, anchorName));
  await files.syncDirectory(directory);
  return { storageId, synced, slot: 0 };
}

export class AnchorFile {
  readonly storageId: Uint8Array;
  readonly #files: FileSystem;
  readonly #file: Descriptor;
  readonly #slotBytes = new Uint8Array(anchorSlotBytes);
  #slot: 0 | 1;

  private constructor(files: FileSystem, file: Descriptor, anchor: Anchor) {
    this.storageId = anchor.storageId;
    this.#files = files;
    this.#file = file;
    this.#slot = anchor.slot;
  }

  static async open(files: FileSystem, directory: string, anchor: Anchor): Promise<AnchorFile> {
    const file = await files.open(join(directory, anchorName), "update");
    return new AnchorFile(files, file, anchor);
  }

  /**
   * Notes that the log is durable up to `synced`, without a sync of its own: the note outlives a
   * crash of the process at once, and a crash of the machine as soon as the kernel writes it back.
   * An old note is still true, so nothing waits for this.
   */
  note(synced: SyncedPoint): void {
    this.#slot = this.#slot === 0 ? 1 : 0;
    encodeSlot(this.#slotBytes, synced);
    writeAllNow(this.#files, this.#file, this.#slotBytes, slotOffset(this.#slot));
  }

  /** As `note`, and durable. */
  async record(synced: SyncedPoint): Promise<void> {
    this.note(synced);
    await this.#files.sync(this.#file);
  }

  async close(): Promise<void> {
    await this.#files.close(this.#file);
  }
}
