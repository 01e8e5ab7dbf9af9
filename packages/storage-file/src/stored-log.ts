/** The entries of a log as they stand on the disk, for whoever wants to know what was done. */
import type { Entry, EntryId, LogIndex } from "@counter/raft";
import { examine } from "./examine.ts";
import { nodeFileSystem } from "./file-system.ts";

/** The log of a stopped server, or the journal of an eventual node. */
export interface StoredLog {
  /** Consecutive; those that a snapshot has taken the place of are in it for as long as their file is. */
  readonly entries: readonly Entry[];
  /** The snapshot in force; `null`: there is none. */
  readonly snapshot: EntryId | null;
  /**
   * What this server knew to be committed; a later entry may be, and may be replaced. Means
   * nothing in a journal.
   */
  readonly commitIndex: LogIndex;
}

/**
 * Reads a storage directory, which must exist, and changes nothing in it, not even a lock: the server
 * is to be stopped. Checks the log, and of the snapshot only that it is there.
 *
 * @throws {StorageDamagedError} if the directory cannot be trusted
 *
 * @example
 * ```ts
 * const { entries, commitIndex } = await readStoredLog("data/n1");
 * ```
 */
export async function readStoredLog(directory: string): Promise<StoredLog> {
  const { entries, state } = await examine(nodeFileSystem, directory);
  const { snapshot, hardState } = state;
  return {
    entries,
    snapshot: snapshot === null ? null : { index: snapshot.index, term: snapshot.term },
    commitIndex: Math.max(hardState.commitIndex, snapshot?.index ?? 0),
  };
}
