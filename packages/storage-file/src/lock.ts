/**
 * One opener a directory. Node.js has no `flock`, and a lock *file* outlives the process that made
 * it: somebody has to guess whether its pid is still that process. So the lock is a name on which
 * only one process at a time can listen, and which the kernel takes back when the process ends,
 * however it ends: an abstract Unix socket (Linux). It is derived from device and inode of the
 * directory, so that every path to the directory leads to the same lock.
 *
 * Elsewhere the name is a socket file in the temporary folder, which does outlive its process. Then
 * a connection tells: nobody answers on the socket of the dead, and it is removed. (Two starters at
 * the same moment after a crash could both remove it; Linux has no such gap.)
 *
 * Not covered: openers on other machines or in containers with a network namespace of their own
 * that share a volume. Give each server its own volume.
 */
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saysFull, StorageLockedError, systemCode } from "./errors.ts";
import { type FileSystem, readUpTo, removeIfThere, withFile, writeAll } from "./file-system.ts";
import { lockName } from "./names.ts";

export interface DirectoryLock {
  release(): Promise<void>;
}

/** How often a socket file of the dead is removed before giving up. */
const attemptsMax = 3;

/** @throws {StorageLockedError} if the directory is in use, by this process too */
export async function lockDirectory(
  files: FileSystem,
  directory: string,
  platform: string = process.platform,
): Promise<DirectoryLock> {
  const { device, inode } = await files.identity(directory);
  const name = `counter-storage-${device.toString(16)}-${inode.toString(16)}`;
  const server = await listen(files, lockPath(name, platform));
  const note = join(directory, lockName);
  if (server === null) throw new StorageLockedError(directory, await readPid(files, note));
  try {
    await writePid(files, note);
  } catch (error) {
    await closeServer(server);
    throw error;
  }
  return { release: () => closeServer(server) };
}

function lockPath(name: string, platform: string): string {
  return platform === "linux" ? `\0${name}` : join(tmpdir(), `${name}.sock`);
}

/** `null` if somebody alive listens there. */
async function listen(files: FileSystem, path: string): Promise<Server | null> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const server = await tryListen(path);
    if (server !== null) return server;
    if (await answers(path)) return null;
    if (!path.startsWith("\0")) await removeIfThere(files, path);
  }
  return null;
}

function tryListen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.on("error", (error) => {
      if (systemCode(error) === "EADDRINUSE") resolve(null);
      else reject(error);
    });
    // Exclusive: workers of node:cluster would share the name otherwise.
    server.listen({ path, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // Refused or gone: the listener is dead. Anything else, a full backlog say, comes of a live one.
    socket.on("error", (error) => {
      const code = systemCode(error);
      resolve(code !== "ECONNREFUSED" && code !== "ENOENT");
    });
  });
}

/** A full disk is no reason not to start: the note is for people, the lock is held without it. */
async function writePid(files: FileSystem, note: string): Promise<void> {
  const text = new TextEncoder().encode(`${process.pid}\n`);
  try {
    await withFile(files, { path: note, mode: "create" }, (file) => writeAll(files, file, text, 0));
  } catch (error) {
    if (!saysFull(error)) throw error;
  }
}

/** Who holds the lock, as far as the note in the directory says. */
async function readPid(files: FileSystem, note: string): Promise<number | null> {
  try {
    const bytes = await withFile(files, { path: note, mode: "read" }, (file) =>
      readUpTo(files, file, { position: 0, length: 32 }),
    );
    const pid = Number.parseInt(new TextDecoder().decode(bytes), 10);
    return Number.isSafeInteger(pid) ? pid : null;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
