/** Opens a directory as a journal. */
import type { PersistedState } from "@counter/raft";
import { StorageForeignError } from "./errors.ts";
import { FileJournal, journalTerm } from "./file-journal.ts";
import { type FileSystem, nodeFileSystem } from "./file-system.ts";
import { openWith } from "./open.ts";
import type { FileStorageOptions } from "./options.ts";

/** How a journal behaves; as for a storage. Of its checkpoints only the newest is kept. */
export type FileJournalOptions = Omit<FileStorageOptions, "keepSnapshots">;

/**
 * Opens the journal in `directory`, which is created if it is not there. What was written and never
 * acknowledged may be there or not; nothing else is ever missing.
 *
 * @throws {StorageLockedError} if somebody else has it open
 * @throws {StorageDamagedError} if it does not hold what it is known to have held
 * @throws {StorageForeignError} if it holds the log of a Raft server
 * @throws {StorageFailedError} if the disk fails
 * @throws {StorageFullError} if there is no room for the log
 * @throws {RangeError} on an option that is out of its range
 *
 * @example
 * ```ts
 * const journal = await openFileJournal("data/n1");
 * for await (const entry of journal.load()) replay(entry);
 * await journal.append([entry]);
 * ```
 */
export function openFileJournal(
  directory: string,
  options: FileJournalOptions = {},
): Promise<FileJournal> {
  return openJournalWith(nodeFileSystem, directory, options);
}

/** As {@link openFileJournal}, on any file system. */
export async function openJournalWith(
  files: FileSystem,
  directory: string,
  options: FileJournalOptions,
): Promise<FileJournal> {
  const storage = await openWith(files, directory, { ...options, keepSnapshots: 1 });
  try {
    const persisted = await storage.load();
    if (!isJournal(persisted)) throw new StorageForeignError(storage.directory);
    return new FileJournal(storage, persisted);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** A Raft server has a term as soon as it has stored anything; a journal never has one. */
function isJournal(persisted: PersistedState | null): boolean {
  if (persisted === null) return true;
  const { hardState, snapshot, entries } = persisted;
  if (hardState.term !== 0 || (snapshot?.term ?? journalTerm) !== journalTerm) return false;
  return entries.every(({ term, kind }) => term === journalTerm && kind !== "configuration");
}
