/**
 * What can go wrong with a disk. Switch on `code`, not on `instanceof`: two copies of this package
 * may be installed.
 */

export abstract class StorageError extends Error {
  abstract readonly code: string;
}

/** Another opener, in this process or in another one, holds the directory. */
export class StorageLockedError extends StorageError {
  override readonly name = "StorageLockedError";
  readonly code = "STORAGE_LOCKED";
  readonly directory: string;
  /** The process that holds the directory; `null` if it did not say. */
  readonly pid: number | null;
  constructor(directory: string, pid: number | null) {
    const holder = pid === null ? "another process" : `process ${pid}`;
    super(`${directory} is in use by ${holder}; stop it first, or use another directory`);
    this.directory = directory;
    this.pid = pid;
  }
}

/** Where damage was found. */
export interface DamageFacts {
  /** Path of the file. */
  readonly file: string;
  /** In bytes from the start of the file. */
  readonly offset: number;
  /** What is wrong there, as a sentence without a full stop. */
  readonly found: string;
}

/**
 * The directory does not hold what it is known to have held. Nothing was changed, and nothing of
 * it may be served: a server that forgot a vote or an acknowledged entry can break its cluster.
 */
export class StorageDamagedError extends StorageError {
  override readonly name = "StorageDamagedError";
  readonly code = "STORAGE_DAMAGED";
  readonly file: string;
  readonly offset: number;
  readonly found: string;
  constructor(facts: DamageFacts) {
    super(
      `${facts.file} is damaged at byte ${facts.offset}: ${facts.found}. Nothing was changed. ` +
        "Keep a copy of the directory; then restore it from a backup of this very moment, or " +
        "remove this server from the cluster and let it join again under a new id with an " +
        "empty directory",
    );
    this.file = facts.file;
    this.offset = facts.offset;
    this.found = facts.found;
  }
}

/**
 * A write, a sync or a rename failed. This is final: the page cache may now hold what the disk does
 * not, and a second fsync that "succeeds" proves nothing. Every later call rejects with this error.
 */
export class StorageFailedError extends StorageError {
  override readonly name = "StorageFailedError";
  readonly code = "STORAGE_FAILED";
  constructor(what: string, cause: unknown) {
    super(`the disk failed while ${what}: ${String(cause)}`, { cause });
  }
}

/**
 * There is no room. No byte of what was refused is in the log, and the storage goes on: a later
 * call succeeds when there is room again. Whoever lost a write must not go on as if it were there.
 */
export class StorageFullError extends StorageError {
  override readonly name = "StorageFullError";
  readonly code = "STORAGE_FULL";
  constructor(what: string, cause: unknown) {
    super(`no room on the disk for ${what}; nothing was written, make room and try again`, {
      cause,
    });
  }
}

/** The storage was closed before or during the call. */
export class StorageClosedError extends StorageError {
  override readonly name = "StorageClosedError";
  readonly code = "STORAGE_CLOSED";
  constructor() {
    super("the storage is closed");
  }
}

/** That snapshot is not kept: there never was one, or newer ones took its place. */
export class NoSnapshotError extends StorageError {
  override readonly name = "NoSnapshotError";
  readonly code = "STORAGE_NO_SNAPSHOT";
  /** The index that was asked for. */
  readonly index: number;
  constructor(index: number) {
    super(`no snapshot at ${index} is kept`);
    this.index = index;
  }
}

/** The directory is sound, and holds the log of a Raft server where a journal was expected. */
export class StorageForeignError extends StorageError {
  override readonly name = "StorageForeignError";
  readonly code = "STORAGE_FOREIGN";
  readonly directory: string;
  constructor(directory: string) {
    super(`${directory} holds the log of a Raft server, not a journal; use another directory`);
    this.directory = directory;
  }
}

/** A bug of the caller's or ours: a write that nobody may ask for. Nobody catches it. */
export class StorageInvariantError extends StorageError {
  override readonly name = "StorageInvariantError";
  readonly code = "STORAGE_INVARIANT";
}

export function invariant(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new StorageInvariantError(sentence);
}

/** The `code` of a Node.js system error, such as `ENOENT`. */
export function systemCode(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

/** Whether an error of the file system says that there is no room. */
export function saysFull(error: unknown): boolean {
  const code = systemCode(error);
  return code === "ENOSPC" || code === "EDQUOT";
}
