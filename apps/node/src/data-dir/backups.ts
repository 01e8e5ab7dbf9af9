/**
 * Backups in `<data>/backups/`: one file each, complete or not there at all.
 * What is in them: `backup-format.ts`.
 */
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import type { Backup } from "../engine/engine.ts";
import { codeOf } from "../error-text.ts";
import { encodeBackup, hashOf } from "./backup-format.ts";
import { syncFolder, writeDurably } from "./durable-file.ts";

/** Older backups are removed when there are more; the newest is never removed. */
export const backupsKept: number = 64;

/** A backup file as it was written. */
export interface SavedBackup {
  readonly file: string;
  readonly path: string;
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string;
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
  saveNext(backup: Backup): Promise<SavedBackup & Backup> {
    const saved = this.#lastNext.then(async () => {
      const newest = indexOf((await this.#names()).at(-1));
      const numbered = { ...backup, index: Math.max(backup.index, newest + 1) };
      return { ...(await this.save(numbered)), ...numbered };
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
    const bytes = encodeBackup(backup, this.#clusterId);
    this.#writes += 1;
    await writeDurably(path, [bytes], `.writing-${this.#writes}`);
    await this.#removeOldest();
    return { file, path, sha256: hashOf(bytes) };
  }

  /**
   * The bytes of a backup, unchecked.
   *
   * @param file - a name in the folder; `null` means the newest
   * @returns `null` if there is none
   */
  async load(file: string | null): Promise<{ file: string; bytes: Uint8Array } | null> {
    const name = file ?? (await this.#names()).at(-1);
    if (name === undefined || !anyName.test(name)) return null;
    try {
      return { file: name, bytes: await readFile(join(this.#folder, name)) };
    } catch (error) {
      if (codeOf(error) === "ENOENT") return null;
      throw error;
    }
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

/** 0 if there is no file. */
function indexOf(name: string | undefined): number {
  return Number(name?.slice("counter-".length, -".backup".length) ?? 0);
}
