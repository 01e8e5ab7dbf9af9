/** Opens a directory: lock, examine, repair what may be repaired, and only then serve. */
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import type { PersistedState } from "@counter/raft";
import { AnchorFile, createAnchor } from "./anchor-file.ts";
import { saysFull, StorageError, StorageFailedError, StorageFullError } from "./errors.ts";
import { type Examination, examine, type TornTail } from "./examine.ts";
import { FileStorage } from "./file-storage.ts";
import {
  ensureDirectory,
  type FileSystem,
  nodeFileSystem,
  readUpTo,
  removeIfThere,
  withFile,
  writeAll,
} from "./file-system.ts";
import { storageIdBytes } from "./format/segment-header.ts";
import { type DirectoryLock, lockDirectory } from "./lock.ts";
import { type ActiveSegment, LogWriter } from "./log-writer.ts";
import { temporaryNames } from "./names.ts";
import { type FileStorageOptions, resolveOptions } from "./options.ts";
import { SegmentMaker } from "./segment-maker.ts";
import { SnapshotStore } from "./snapshot-store.ts";
import { SyncPolicy } from "./sync-policy.ts";
import { WriteQueue } from "./write-queue.ts";

/**
 * Opens the storage in `directory`, which is created if it is not there.
 *
 * A torn tail, the remains of a write that was never acknowledged, is overwritten with zeros.
 * Nothing else is ever repaired.
 *
 * @throws {StorageLockedError} if somebody else has it open
 * @throws {StorageDamagedError} if it does not hold what it is known to have held
 * @throws {StorageFailedError} if the disk fails
 * @throws {StorageFullError} if there is no room for the log
 * @throws {RangeError} on an option that is out of its range
 *
 * @example
 * ```ts
 * const storage = await openFileStorage("data/n1");
 * const node = await RaftNode.start({ id: "n1", members, storage, transport, stateMachine });
 * ```
 */
export function openFileStorage(
  directory: string,
  options: FileStorageOptions = {},
): Promise<FileStorage> {
  return openWith(nodeFileSystem, directory, options);
}

/** As {@link openFileStorage}, on any file system. */
export async function openWith(
  files: FileSystem,
  directory: string,
  options: FileStorageOptions,
): Promise<FileStorage> {
  const resolved = resolveOptions(options);
  const path = resolve(directory);
  let lock: DirectoryLock | null = null;
  try {
    await ensureDirectory(files, path);
    lock = await lockDirectory(files, path);
    return await openLocked({ files, directory: path, options: resolved, lock });
  } catch (error) {
    await lock?.release();
    throw asOpeningError(error);
  }
}

/** What an opener is told of an error of the file system. */
export function asOpeningError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  return saysFull(error)
    ? new StorageFullError("the log", error)
    : new StorageFailedError("opening", error);
}

/** A directory whose lock is ours. */
interface Opening {
  readonly files: FileSystem;
  readonly directory: string;
  readonly options: Required<FileStorageOptions>;
  readonly lock: DirectoryLock;
}

/** Repairs what may be repaired, and serves. The lock stays with the caller if this fails. */
export async function openLocked(opening: Opening): Promise<FileStorage> {
  const { files, directory, options, lock } = opening;
  const examined = await examine(files, directory);
  for (const name of temporaryNames) await removeIfThere(files, join(directory, name));
  const anchor =
    examined.anchor ?? (await createAnchor(files, directory, randomBytes(storageIdBytes)));
  const active = await reopenLastSegment(files, examined);
  const anchorFile = await AnchorFile.open(files, directory, anchor);
  const onFailure = (error: unknown): void => void queue.fail("preparing a segment", error);
  const log = new LogWriter({
    files,
    directory,
    anchor: anchorFile,
    maker: new SegmentMaker(files, directory),
    policy: new SyncPolicy(files, {
      mode: options.sync,
      now: () => performance.now(),
      onSync: options.onSync,
    }),
    state: examined.state,
    point: examined.point,
    sealed: examined.segments.slice(0, -1),
    active,
    firstSegmentBytes: options.firstSegmentBytes,
    segmentBytes: options.segmentBytes,
    onFailure,
  });
  const queue = new WriteQueue(log);
  const snapshots = new SnapshotStore(files, directory, { keep: options.keepSnapshots });
  try {
    await snapshots.open(await files.list(directory), examined.state.snapshot);
    await files.syncDirectory(directory);
    await settleLog(log, examined);
  } catch (error) {
    await Promise.allSettled([log.close(true)]); // the first error is the one that matters
    throw error;
  }
  const persisted = persistedState(examined);
  return new FileStorage({ directory, lock, log, queue, snapshots, persisted });
}

/** The first segment, the note that what was replayed is durable, the restart behind a snapshot. */
async function settleLog(log: LogWriter, examined: Examination): Promise<void> {
  if (examined.segments.length === 0) await log.roll(0);
  else await log.recordSynced();
  if (!examined.restart || examined.state.snapshot === null) return;
  const snapshot = { type: "installed", snapshot: examined.state.snapshot } as const;
  await log.append([{ hardState: null, entries: [], snapshot }]);
}

/** What a server starts from; `null` if nothing was ever stored. */
export function persistedState(examined: Examination): PersistedState | null {
  if (examined.point.number === 0) return null;
  return {
    hardState: examined.state.hardState,
    snapshot: examined.snapshot?.outline.meta ?? null,
    entries: examined.entries,
  };
}

/**
 * Makes sure that what was replayed is on the disk, before anybody is told of it.
 *
 * Reading it back proves little: it may come from the page cache, even after a failed sync, when
 * the kernel holds pages for clean that the disk never got. Only the last frame can be in that
 * state, because each frame was written after the one before it was synced. So it is written once
 * more, which makes its pages dirty again, and synced.
 */
async function reopenLastSegment(
  files: FileSystem,
  examined: Examination,
): Promise<ActiveSegment | null> {
  const last = examined.segments.at(-1);
  if (last === undefined) return null;
  const file = await files.open(last.path, "update");
  if (examined.torn !== null) await writeZeros(files, file, examined.torn);
  if (last.lastFrame !== null) {
    const range = { position: last.lastFrame, length: last.end - last.lastFrame };
    await writeAll(files, file, await readUpTo(files, file, range), last.lastFrame);
  }
  await files.sync(file);
  const { sequence, bytes, salt } = last.header;
  const { path, maxIndex } = last;
  return { sequence, path, file, bytes, salt, position: last.end, maxIndex };
}

/** Overwrites a torn tail with zeros and makes that durable. */
export async function cutTornTail(files: FileSystem, torn: TornTail): Promise<void> {
  await withFile(files, { path: torn.path, mode: "update" }, async (file) => {
    await writeZeros(files, file, torn);
    await files.sync(file);
  });
}

async function writeZeros(files: FileSystem, file: number, torn: TornTail): Promise<void> {
  await writeAll(files, file, new Uint8Array(torn.end - torn.offset), torn.offset);
}
