/**
 * The few calls of the file system that this package makes, as a port: tests record them, and make
 * each of them fail once. Everything else in this package goes through here.
 */
import fs from "node:fs";
import { dirname } from "node:path";
import { systemCode } from "./errors.ts";

/** An open file: a plain descriptor, because a FileHandle costs a promise and more a call. */
export type Descriptor = number;

/**
 * - `read`: for reading only
 * - `update`: for reading and writing in place; must exist
 * - `create`: for reading and writing; emptied if it exists
 */
export type OpenMode = "read" | "update" | "create";

export interface FileSystem {
  open(path: string, mode: OpenMode): Promise<Descriptor>;
  close(file: Descriptor): Promise<void>;
  /** In bytes. */
  size(file: Descriptor): Promise<number>;
  /** Returns how many bytes were read; 0 at the end of the file. */
  read(file: Descriptor, into: Uint8Array, position: number): Promise<number>;
  /** Returns how many bytes were written, which may be fewer than asked. */
  write(file: Descriptor, bytes: Uint8Array, position: number): Promise<number>;
  /** As `write`, on this thread: into the page cache, which takes microseconds. */
  writeNow(file: Descriptor, bytes: Uint8Array, position: number): number;
  /** Makes the contents durable, by the thread pool. */
  sync(file: Descriptor): Promise<void>;
  /** As `sync`, on this thread. */
  syncNow(file: Descriptor): void;
  /** Makes creations, renames and removals in a directory durable. */
  syncDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Creates one directory; returns false if it is there already. */
  createDirectory(path: string): Promise<boolean>;
  /** The names in a directory, sorted. */
  list(path: string): Promise<readonly string[]>;
  /** What the kernel calls a directory, whatever path led to it. */
  identity(path: string): Promise<{ readonly device: bigint; readonly inode: bigint }>;
}

const flags: Record<OpenMode, string> = { read: "r", update: "r+", create: "w+" };

/** The real thing. Callbacks, not `fs/promises`: half the cost a call. */
export const nodeFileSystem: FileSystem = {
  open: (path, mode) => call<number>((done) => fs.open(path, flags[mode], 0o600, done)),
  close: (file) => callVoid((done) => fs.close(file, done)),
  size: async (file) => (await call<fs.Stats>((done) => fs.fstat(file, done))).size,
  read: (file, into, position) =>
    call<number>((done) => fs.read(file, into, 0, into.length, position, done)),
  write: (file, bytes, position) =>
    call<number>((done) => fs.write(file, bytes, 0, bytes.length, position, done)),
  writeNow: (file, bytes, position) => fs.writeSync(file, bytes, 0, bytes.length, position),
  sync: (file) => callVoid((done) => fs.fdatasync(file, done)),
  syncNow: (file) => fs.fdatasyncSync(file),
  async syncDirectory(path) {
    const directory = await this.open(path, "read");
    try {
      await callVoid((done) => fs.fsync(directory, done));
    } finally {
      await this.close(directory);
    }
  },
  rename: (from, to) => callVoid((done) => fs.rename(from, to, done)),
  remove: (path) => callVoid((done) => fs.unlink(path, done)),
  async createDirectory(path) {
    try {
      await callVoid((done) => fs.mkdir(path, 0o700, done));
      return true;
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
      return false;
    }
  },
  list: async (path) => (await call<string[]>((done) => fs.readdir(path, done))).sort(),
  async identity(path) {
    const stat = await call<fs.BigIntStats>((done) => fs.stat(path, { bigint: true }, done));
    return { device: stat.dev, inode: stat.ino };
  },
};

type Callback<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

function call<T>(start: (done: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null ? resolve(value) : reject(error)));
  });
}

function callVoid(
  start: (done: (error: NodeJS.ErrnoException | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === null ? resolve() : reject(error)));
  });
}

/** Writes all of `bytes`: one call of the system unless that one comes back short. */
export async function writeAll(
  files: FileSystem,
  file: Descriptor,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += await files.write(file, bytes.subarray(written), position + written);
  }
}

/** As {@link writeAll}, on this thread. */
export function writeAllNow(
  files: FileSystem,
  file: Descriptor,
  bytes: Uint8Array,
  position: number,
): void {
  let written = files.writeNow(file, bytes, position);
  while (written < bytes.length) {
    written += files.writeNow(file, bytes.subarray(written), position + written);
  }
}

/** Reads up to `length` bytes from `position`; fewer only at the end of the file. */
export async function readUpTo(
  files: FileSystem,
  file: Descriptor,
  range: { readonly position: number; readonly length: number },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(range.length);
  let got = 0;
  while (got < range.length) {
    const more = await files.read(file, bytes.subarray(got), range.position + got);
    if (more === 0) break;
    got += more;
  }
  return bytes.subarray(0, got);
}

/** Opens, uses, and closes whatever happens. */
export async function withFile<T>(
  files: FileSystem,
  at: { readonly path: string; readonly mode: OpenMode },
  use: (file: Descriptor) => Promise<T>,
): Promise<T> {
  const file = await files.open(at.path, at.mode);
  try {
    return await use(file);
  } finally {
    await files.close(file);
  }
}

/**
 * Creates a directory and its parents, and makes the names durable. The last one is synced even if
 * it is there already: whoever created it may have died before doing so.
 */
export async function ensureDirectory(files: FileSystem, path: string): Promise<void> {
  const parent = dirname(path);
  try {
    await files.createDirectory(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT" || parent === path) throw error;
    await ensureDirectory(files, parent);
    await files.createDirectory(path);
  }
  await files.syncDirectory(parent);
}

/** Removes a file; no harm if it is not there. */
export async function removeIfThere(files: FileSystem, path: string): Promise<void> {
  try {
    await files.remove(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}
