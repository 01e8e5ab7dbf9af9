/** Writes and reads one snapshot file. */
import { crc32 } from "node:zlib";
import type { SnapshotMeta } from "@counter/raft";
import { StorageDamagedError } from "./errors.ts";
import { type Descriptor, type FileSystem, readUpTo, withFile, writeAll } from "./file-system.ts";
import {
  decodeFoot,
  decodeHead,
  encodeFoot,
  encodeHead,
  footBytes,
  headLength,
  headPrefixBytes,
} from "./format/snapshot-format.ts";

/** Bytes between two syncs of a long snapshot, so that the last one does not stall the disk. */
const syncEveryBytes = 8 * 1024 * 1024;
/** Bytes in one read of a whole snapshot: a state machine makes some hundred records of them. */
const readPieceBytes = 64 * 1024;

export interface SnapshotFileMark {
  readonly position: number;
  readonly payloadBytes: number;
  readonly crc: number;
}

/** A snapshot file on its way. Nobody may see it before `finish` has resolved. */
export class SnapshotFileWriter {
  readonly meta: SnapshotMeta;
  readonly #files: FileSystem;
  readonly #file: Descriptor;
  #position = 0;
  #syncedTo = 0;
  #payloadBytes = 0;
  #crc = 0;
  #closed = false;

  private constructor(files: FileSystem, file: Descriptor, meta: SnapshotMeta) {
    this.#files = files;
    this.#file = file;
    this.meta = meta;
  }

  static async create(
    files: FileSystem,
    path: string,
    meta: SnapshotMeta,
  ): Promise<SnapshotFileWriter> {
    const file = await files.open(path, "create");
    const writer = new SnapshotFileWriter(files, file, meta);
    try {
      await writer.#append(encodeHead(meta));
      return writer;
    } catch (error) {
      await files.close(file);
      throw error;
    }
  }

  /** How much payload there is so far. */
  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  async add(bytes: Uint8Array): Promise<void> {
    await this.#append(bytes);
    this.#payloadBytes += bytes.length;
    if (this.#position >= this.#syncedTo + syncEveryBytes) await this.sync();
  }

  /** Where the file stands; `rewind` takes it back there after a write that found no room. */
  mark(): SnapshotFileMark {
    return { position: this.#position, payloadBytes: this.#payloadBytes, crc: this.#crc };
  }

  /** What was written since then is overwritten by what comes next. */
  rewind(mark: SnapshotFileMark): void {
    this.#position = mark.position;
    this.#payloadBytes = mark.payloadBytes;
    this.#crc = mark.crc;
  }

  async sync(): Promise<void> {
    await this.#files.sync(this.#file);
    this.#syncedTo = this.#position;
  }

  /** Completes the file and makes it durable. */
  async finish(): Promise<void> {
    const foot = encodeFoot({ payloadBytes: this.#payloadBytes, crc: this.#crc });
    await this.#append(foot);
    await this.sync();
    await this.close();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#files.close(this.#file);
  }

  async #append(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return; // zlib answers 0 for nothing, whatever it is to continue
    await writeAll(this.#files, this.#file, bytes, this.#position);
    this.#crc = crc32(bytes, this.#crc);
    this.#position += bytes.length;
  }
}

/** What head and foot of a file say. The payload between them is not verified yet. */
export interface SnapshotOutline {
  readonly meta: SnapshotMeta;
  readonly headBytes: number;
  readonly payloadBytes: number;
}

/** @throws {StorageDamagedError} if head, foot and length do not fit together */
export function outlineSnapshot(files: FileSystem, path: string): Promise<SnapshotOutline> {
  return withFile(files, { path, mode: "read" }, (file) => readOutline(files, path, file));
}

async function readOutline(
  files: FileSystem,
  path: string,
  file: Descriptor,
): Promise<SnapshotOutline> {
  const damaged = (offset: number, found: string): StorageDamagedError =>
    new StorageDamagedError({ file: path, offset, found });
  const prefix = await readUpTo(files, file, { position: 0, length: headPrefixBytes });
  const length = headLength(prefix);
  if (typeof length === "string") throw damaged(0, length);
  const head = decodeHead(await readUpTo(files, file, { position: 0, length }));
  if (typeof head === "string") throw damaged(0, head);
  const size = await files.size(file);
  const footAt = size - footBytes;
  if (footAt < head.bytes) throw damaged(size, "the file is too short for a snapshot");
  const foot = decodeFoot(await readUpTo(files, file, { position: footAt, length: footBytes }));
  if (typeof foot === "string") throw damaged(footAt, foot);
  if (head.bytes + foot.payloadBytes + footBytes !== size) {
    throw damaged(footAt, `the foot claims ${foot.payloadBytes} bytes of payload`);
  }
  return { meta: head.meta, headBytes: head.bytes, payloadBytes: foot.payloadBytes };
}

/**
 * Reads a whole snapshot and yields its payload. The checksum is known only at the end, so a reader
 * who must not see bad bytes reads twice.
 *
 * @throws {StorageDamagedError} at the end, if the checksum does not fit
 */
export async function* readPayload(
  files: FileSystem,
  path: string,
  outline: SnapshotOutline,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await files.open(path, "read");
  try {
    const head = await readUpTo(files, file, { position: 0, length: outline.headBytes });
    let crc = crc32(head);
    const end = outline.headBytes + outline.payloadBytes;
    for (let at = outline.headBytes; at < end; at += readPieceBytes) {
      const length = Math.min(readPieceBytes, end - at);
      const piece = await readUpTo(files, file, { position: at, length });
      crc = crc32(piece, crc);
      yield piece;
    }
    const foot = decodeFoot(await readUpTo(files, file, { position: end, length: footBytes }));
    if (typeof foot === "string") {
      throw new StorageDamagedError({ file: path, offset: end, found: foot });
    }
    if (crc32(foot.covered, crc) !== foot.crc) {
      const found = "the snapshot fails its checksum";
      throw new StorageDamagedError({ file: path, offset: end, found });
    }
  } finally {
    await files.close(file);
  }
}

/** Reads a whole snapshot for its checksum alone. */
export async function verifyPayload(
  files: FileSystem,
  path: string,
  outline: SnapshotOutline,
): Promise<void> {
  const pieces = readPayload(files, path, outline);
  while ((await pieces.next()).done !== true);
}
