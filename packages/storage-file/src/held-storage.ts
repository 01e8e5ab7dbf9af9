/**
 * A storage that is held by its lock and not opened yet: no server can start on it, and nothing in
 * it has changed. For tools that look, copy or move before they go on.
 */
import { resolve } from "node:path";
import type { PersistedState } from "@counter/raft";
import { StorageError, StorageFailedError } from "./errors.ts";
import { examine } from "./examine.ts";
import type { FileStorage } from "./file-storage.ts";
import { type FileSystem, nodeFileSystem } from "./file-system.ts";
import { lockDirectory } from "./lock.ts";
import { asOpeningError, openLocked, persistedState } from "./open.ts";
import { type FileStorageOptions, resolveOptions } from "./options.ts";
import { verifyPayload } from "./snapshot-file.ts";

/** What a directory holds, read without changing it. */
export interface StorageReport {
  /** What a server would start from; `null` if nothing was ever stored. */
  readonly persisted: PersistedState | null;
  /** Where the remains of an unacknowledged write begin, as a sentence; opening cuts them. */
  readonly tornTail: string | null;
}

/** Ends with {@link HeldStorage.release} or, once it is open, with the `close` of the storage. */
export interface HeldStorage {
  /**
   * Reads everything, the newest snapshot to its last byte.
   *
   * @throws {StorageDamagedError} if the directory cannot be trusted
   */
  inspect(): Promise<StorageReport>;
  /** Opens it as `openFileStorage` does, under the same lock. The last call on this object. */
  open(options?: FileStorageOptions): Promise<FileStorage>;
  /** Gives the directory back. Nothing else was changed unless it was opened. */
  release(): Promise<void>;
}

/**
 * Takes the lock of a storage directory, which must exist, and does nothing else.
 *
 * @throws {StorageLockedError} if somebody else has it open
 * @throws {StorageFailedError} if it cannot be read
 *
 * @example
 * ```ts
 * const held = await holdFileStorage("data/n1");
 * const { persisted } = await held.inspect();
 * await held.release();
 * ```
 */
export function holdFileStorage(directory: string): Promise<HeldStorage> {
  return holdWith(nodeFileSystem, directory);
}

/** As {@link holdFileStorage}, on any file system. */
export async function holdWith(files: FileSystem, directory: string): Promise<HeldStorage> {
  const path = resolve(directory);
  const lock = await translated("locking", () => lockDirectory(files, path));
  return {
    inspect: () => translated("reading the log", () => inspect(files, path)),
    open: async (options = {}) => {
      const resolved = resolveOptions(options);
      try {
        return await openLocked({ files, directory: path, options: resolved, lock });
      } catch (error) {
        await lock.release();
        throw asOpeningError(error);
      }
    },
    release: () => lock.release(),
  };
}

async function inspect(files: FileSystem, directory: string): Promise<StorageReport> {
  const examined = await examine(files, directory);
  const { snapshot, torn } = examined;
  if (snapshot !== null) await verifyPayload(files, snapshot.path, snapshot.outline);
  const tornTail =
    torn === null ? null : `${torn.path} ends at byte ${torn.offset} with a torn write`;
  return { persisted: persistedState(examined), tornTail };
}

async function translated<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof StorageError ? error : new StorageFailedError(what, error);
  }
}
