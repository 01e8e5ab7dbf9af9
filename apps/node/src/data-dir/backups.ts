/**
 * Backups in `<data>/backups/`: one file each, complete or not there at all.
 * What is in them: `backup-format.ts`.
 */
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import type { Backup } from "../engine/engine.ts";
import { codeOf } from "../process/error-text.ts";
import { pause } from "../process/pause.ts";
import { sealBackup } from "./backup-format.ts";
import { syncFolder, writeDurably } from "./durable-file.ts";
import { receiveBackup, type ReceivedBackup } from "./received-backup.ts";

/** Older backups are removed when there are more; the newest is never removed. */
export const backupsKept: number = 64;

/** A backup file as it was written. */
export interface SavedBackup {
  readonly file: string;
  readonly path: string;
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string;
  readonly index: number;
  /** How many there are. */
  readonly counters: number;
}

const ownName = /^counter-\d{16}\.backup$/;
const anyName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/; // no way out of the folder

export class Backups {
  readonly #folder: string;
  readonly #clusterId: string;
  #writes = 0;
  /** One after the other: each looks at the number of the one before. */
  #lastNext: Promise<unknown> = Promise.resolve();

  constructor(dataDir: string, clusterId: string) {
    this.#folder = join(dataDir, "backups");
    this.#clusterId = clusterId;
  }

  /**
   * Like {@link save}, for a source that may begin to count again: a backup always gets a higher
   * number than those that are there, so that the newest is the one with the highest.
   */
  saveNext(backup: Backup): Promise<SavedBackup> {
    const saved = this.#lastNext.then(async () => {
      const newest = indexOf((await this.#names()).at(-1));
      return this.save({ ...backup, index: Math.max(backup.index, newest + 1) });
    });
    this.#lastNext = saved.catch(() => undefined); // told to whoever asked for that one
    return saved;
  }

  /** Durable when it resolves. A backup of the same index replaces the former one: it is the same. */
  async save(backup: Backup): Promise<SavedBackup> {
    if ((await mkdir(this.#folder, { recursive: true })) !== undefined) {
      await syncFolder(join(this.#folder, ".."));
    }
    const file = `counter-${String(backup.index).padStart(16, "0")}.backup`;
    const path = join(this.#folder, file);
    const sealed = await sealBackup(backup, this.#clusterId);
    this.#writes += 1;
    await writeDurably(path, unhurried(sealed.chunks()), `.writing-${this.#writes}`);
    await this.#removeOldest();
    const { index, counters } = sealed;
    return { file, path, sha256: sealed.sha256.toString("hex"), index, counters };
  }

  /**
   * The bytes of a backup as they are on the disk, unchecked.
   *
   * @param file - a name in the folder; `null` means the newest
   * @returns `null` if there is none
   */
  async read(file: string | null): Promise<AsyncIterable<Uint8Array> | null> {
    const name = file ?? (await this.#names()).at(-1);
    if (name === undefined || !anyName.test(name)) return null;
    try {
      const handle = await open(join(this.#folder, name), "r");
      return handle.createReadStream(); // which closes it
    } catch (error) {
      if (codeOf(error) === "ENOENT") return null;
      throw error;
    }
  }

  /**
   * Takes a backup in that is to be restored, looking through it.
   *
   * @throws BackupFormatError, and whatever `source` throws
   */
  receive(source: AsyncIterable<Uint8Array>): Promise<ReceivedBackup> {
    return receiveBackup(source, this.#folder);
  }

  /** Our own files, the oldest first. */
  async #names(): Promise<string[]> {
    try {
      return (await readdir(this.#folder)).filter((name) => ownName.test(name)).sort();
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    }
  }

  async #removeOldest(): Promise<void> {
    const names = await this.#names();
    for (const name of names.slice(0, -backupsKept)) await rm(join(this.#folder, name));
  }
}

/** With pauses in which others have their turn. */
async function* unhurried(
  chunks: Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const chunk of chunks) {
    await pause();
    yield chunk;
  }
}

/** 0 if there is no file. */
function indexOf(name: string | undefined): number {
  return Number(name?.slice("counter-".length, -".backup".length) ?? 0);
}
