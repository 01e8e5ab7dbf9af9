/**
 * A disk in memory that loses power like a real one: contents are durable after a sync of the file,
 * names after a sync of the directory. What was not synced when the power fails is kept, lost or
 * torn, sector by sector, as the dice say.
 */
import { basename } from "node:path";
import type { Descriptor, FileSystem } from "../file-system.ts";
import { systemError } from "./watched-file-system.ts";

const sectorBytes = 512;

interface Inode {
  durable: Uint8Array;
  current: Uint8Array;
  pending: { readonly position: number; readonly bytes: Uint8Array }[];
}

/** A change of names that no sync of the directory has made durable yet. */
interface NameChange {
  readonly removed: string | null;
  readonly added: { readonly name: string; readonly inode: Inode } | null;
}

/** Returns a number from 0 to 1, 1 excluded. */
export type Dice = () => number;

let inodes = 0n;

export class MemoryDisk implements FileSystem {
  readonly #identity = { device: 0n, inode: (inodes += 1n) };
  #durableNames = new Map<string, Inode>();
  #names = new Map<string, Inode>();
  #nameChanges: NameChange[] = [];
  #open = new Map<Descriptor, Inode>();
  #nextDescriptor = 1;

  /** What a file holds now, for tests that damage it. */
  contents(name: string): Uint8Array {
    return this.#inode(name).current;
  }

  names(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  /** Replaces a file, durably. */
  replace(name: string, bytes: Uint8Array): void {
    const inode: Inode = { durable: bytes, current: bytes.slice(), pending: [] };
    this.#names.set(name, inode);
    this.#durableNames.set(name, inode);
  }

  drop(name: string): void {
    this.#names.delete(name);
    this.#durableNames.delete(name);
  }

  /** The disk as it is after the power came back. This one is of no use any more. */
  afterPowerLoss(dice: Dice): MemoryDisk {
    const disk = new MemoryDisk();
    const names = new Map(this.#durableNames);
    for (const change of this.#nameChanges) {
      if (dice() < 0.5) applyNameChange(names, change);
    }
    for (const [name, inode] of names) disk.replace(name, contentsAfterPowerLoss(inode, dice));
    return disk;
  }

  /** The disk as the next process finds it: nothing is lost, and nothing more is durable. */
  afterProcessDeath(): this {
    this.#open.clear();
    return this;
  }

  async open(path: string, mode: "read" | "update" | "create"): Promise<Descriptor> {
    const name = basename(path);
    if (mode === "create") {
      const there = this.#names.get(name);
      const inode = there ?? {
        durable: new Uint8Array(0),
        current: new Uint8Array(0),
        pending: [],
      };
      if (there === undefined) this.#change({ removed: null, added: { name, inode } });
      inode.current = new Uint8Array(0);
      inode.pending = [];
      return this.#descriptor(inode);
    }
    return this.#descriptor(this.#inode(name));
  }

  async close(file: Descriptor): Promise<void> {
    this.#file(file);
    this.#open.delete(file);
  }

  async size(file: Descriptor): Promise<number> {
    return this.#file(file).current.length;
  }

  async read(file: Descriptor, into: Uint8Array, position: number): Promise<number> {
    const from = this.#file(file).current.subarray(position, position + into.length);
    into.set(from);
    return from.length;
  }

  async write(file: Descriptor, bytes: Uint8Array, position: number): Promise<number> {
    return this.writeNow(file, bytes, position);
  }

  writeNow(file: Descriptor, bytes: Uint8Array, position: number): number {
    const inode = this.#file(file);
    const written = { position, bytes: bytes.slice() };
    inode.current = put(inode.current, written);
    inode.pending.push(written);
    return bytes.length;
  }

  async sync(file: Descriptor): Promise<void> {
    this.syncNow(file);
  }

  syncNow(file: Descriptor): void {
    const inode = this.#file(file);
    inode.durable = inode.current.slice();
    inode.pending = [];
  }

  async syncDirectory(): Promise<void> {
    this.#durableNames = new Map(this.#names);
    this.#nameChanges = [];
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.#inode(basename(from));
    this.#change({ removed: basename(from), added: { name: basename(to), inode } });
  }

  async remove(path: string): Promise<void> {
    this.#inode(basename(path));
    this.#change({ removed: basename(path), added: null });
  }

  async createDirectory(): Promise<boolean> {
    return false;
  }

  async list(): Promise<readonly string[]> {
    return this.names();
  }

  async identity(): Promise<{ readonly device: bigint; readonly inode: bigint }> {
    return this.#identity;
  }

  #change(change: NameChange): void {
    applyNameChange(this.#names, change);
    this.#nameChanges.push(change);
  }

  #descriptor(inode: Inode): Descriptor {
    const file = this.#nextDescriptor++;
    this.#open.set(file, inode);
    return file;
  }

  #inode(name: string): Inode {
    const inode = this.#names.get(name);
    if (inode === undefined) throw systemError("ENOENT");
    return inode;
  }

  #file(file: Descriptor): Inode {
    const inode = this.#open.get(file);
    if (inode === undefined) throw systemError("EBADF");
    return inode;
  }
}

function applyNameChange(names: Map<string, Inode>, change: NameChange): void {
  if (change.removed !== null) names.delete(change.removed);
  if (change.added !== null) names.set(change.added.name, change.added.inode);
}

function contentsAfterPowerLoss(inode: Inode, dice: Dice): Uint8Array {
  let bytes: Uint8Array = inode.durable.slice();
  for (const { position, bytes: written } of inode.pending) {
    // Cut at the sectors of the disk: each of them is on it or not.
    for (let at = 0; at < written.length;) {
      const end = Math.min(written.length, at + sectorBytes - ((position + at) % sectorBytes));
      const sector = { position: position + at, bytes: written.subarray(at, end) };
      if (dice() < 0.5) bytes = put(bytes, sector);
      at = end;
    }
  }
  return bytes;
}

function put(
  into: Uint8Array,
  written: { readonly position: number; readonly bytes: Uint8Array },
): Uint8Array {
  const end = written.position + written.bytes.length;
  let result = into;
  if (end > into.length) {
    result = new Uint8Array(end);
    result.set(into);
  }
  result.set(written.bytes, written.position);
  return result;
}
