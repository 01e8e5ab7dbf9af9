/**
 * The real file system, watched: every call is written down in order, and a rule may make a call
 * fail, or come back short, instead of (or after) doing it.
 */
import { basename } from "node:path";
import { type Descriptor, type FileSystem, nodeFileSystem } from "../file-system.ts";

export type Operation = Exclude<keyof FileSystem, "writeNow" | "syncNow"> | "create";

/** One call. `writeNow` and `syncNow` are noted as `write` and `sync`, opening to create apart. */
export interface Call {
  readonly operation: Operation;
  /** The name of the file, without its folder. */
  readonly name: string;
  /** Counts from 0. */
  readonly number: number;
}

/** Throws to make the call fail before it does anything. */
export type Rule = (call: Call) => void;

export interface WatchedFileSystem extends FileSystem {
  readonly calls: readonly Call[];
  /** Consulted before each call; replace it to change what happens. */
  rule: Rule;
  /** Consulted after each call that succeeded. */
  after: Rule;
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected by a test`), { code });
}

/** Calls that change something on the disk or make it durable. */
export function changes(call: Call): boolean {
  return !["open", "read", "size", "list", "identity", "close"].includes(call.operation);
}

export function watch(real: FileSystem = nodeFileSystem): WatchedFileSystem {
  const calls: Call[] = [];
  const names = new Map<Descriptor, string>();
  const nameOf = (file: Descriptor): string => names.get(file) ?? "?";
  const begin = (operation: Operation, name: string): Call => {
    const call = { operation, name: basename(name), number: calls.length };
    calls.push(call);
    watched.rule(call);
    return call;
  };
  async function around<T>(operation: Operation, name: string, work: () => Promise<T>): Promise<T> {
    const call = begin(operation, name);
    const result = await work();
    watched.after(call);
    return result;
  }
  function aroundNow<T>(operation: Operation, name: string, work: () => T): T {
    const call = begin(operation, name);
    const result = work();
    watched.after(call);
    return result;
  }
  const watched: WatchedFileSystem = {
    calls,
    rule: () => undefined,
    after: () => undefined,
    async open(path, mode) {
      const file = await around(mode === "create" ? "create" : "open", path, () =>
        real.open(path, mode),
      );
      names.set(file, path);
      return file;
    },
    close: (file) => around("close", nameOf(file), () => real.close(file)),
    size: (file) => around("size", nameOf(file), () => real.size(file)),
    read: (file, into, at) => around("read", nameOf(file), () => real.read(file, into, at)),
    write: (file, bytes, at) => around("write", nameOf(file), () => real.write(file, bytes, at)),
    writeNow: (file, bytes, at) =>
      aroundNow("write", nameOf(file), () => real.writeNow(file, bytes, at)),
    sync: (file) => around("sync", nameOf(file), () => real.sync(file)),
    syncNow: (file) => aroundNow("sync", nameOf(file), () => real.syncNow(file)),
    syncDirectory: (path) => around("syncDirectory", path, () => real.syncDirectory(path)),
    async rename(from, to) {
      await around("rename", to, () => real.rename(from, to));
      // Whoever has the file open goes on under the new name.
      for (const [file, name] of names) if (name === from) names.set(file, to);
    },
    remove: (path) => around("remove", path, () => real.remove(path)),
    createDirectory: (path) => around("createDirectory", path, () => real.createDirectory(path)),
    list: (path) => around("list", path, () => real.list(path)),
    identity: (path) => around("identity", path, () => real.identity(path)),
  };
  return watched;
}
