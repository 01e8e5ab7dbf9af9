export { openFileStorage } from "./open.ts";
export { holdFileStorage } from "./held-storage.ts";
export type { HeldStorage, StorageReport } from "./held-storage.ts";
export type { FileStorage } from "./file-storage.ts";
export { readStoredLog } from "./stored-log.ts";
export type { StoredLog } from "./stored-log.ts";
export { openFileJournal } from "./open-journal.ts";
export type { FileJournalOptions } from "./open-journal.ts";
export { appendMaxBytes } from "./file-journal.ts";
export type { FileJournal } from "./file-journal.ts";
export { journalEntryMaxBytes } from "./format/checkpoint-format.ts";
export type { FileStorageOptions } from "./options.ts";
export type { SyncMode } from "./sync-policy.ts";
export {
  NoSnapshotError,
  StorageClosedError,
  StorageDamagedError,
  StorageError,
  StorageFailedError,
  StorageForeignError,
  StorageFullError,
  StorageInvariantError,
  StorageLockedError,
} from "./errors.ts";
export type { DamageFacts } from "./errors.ts";
export { runWalTool } from "./tool/wal-tool.ts";
export type { WalToolOutput } from "./tool/wal-tool.ts";
