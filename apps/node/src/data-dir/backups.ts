/**
 * Backups in `<data>/backups/`: one file each, complete or not there at all.
 *
 * The first line is a JSON header with a hash of the rest; the rest is a JSON list of names and
 * decimal values. Both can be read by people.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { isCounterName, isInRange, type CounterValue } from "@counter/state-machine";
import { z } from "zod";

import type { CounterBackup } from "../engine/engine.ts";
import { codeOf } from "../error-text.ts";
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

/** The bytes are not those of a complete backup. */
export class BackupFormatError extends Error {
  override readonly name = "BackupFormatError";
  readonly code = "BACKUP_FORMAT";
}

const headerSchema = z.object({
  format: z.literal("counter-backup"),
  version: z.literal(1),
  clusterId: z.string(),
  index: z.number().int().nonnegative(),
  sha256: z.string(),
});
const valuesSchema = z.array(z.tuple([z.string(), z.string().regex(/^-?(0|[1-9]\d{0,319})$/)]));

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
  saveNext(backup: CounterBackup): Promise<SavedBackup & CounterBackup> {
    const saved = this.#lastNext.then(async () => {
      const newest = indexOf((await this.#names()).at(-1));
      const numbered = { ...backup, index: Math.max(backup.index, newest + 1) };
      return { ...(await this.save(numbered)), ...numbered };
    });
    this.#lastNext = saved.catch(() => undefined); // told to whoever asked for that one
    return saved;
  }

  /** Durable when it resolves. A backup of the same index replaces the former one: it is the same. */
  async save(backup: CounterBackup): Promise<SavedBackup> {
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

export function encodeBackup(backup: CounterBackup, clusterId: string): Uint8Array {
  const values = backup.counters.map(({ name, value }) => [name, value.toString()]);
  const body = `${JSON.stringify(values)}\n`;
  const header = {
    format: "counter-backup",
    version: 1,
    clusterId,
    index: backup.index,
    sha256: hashOf(body),
  };
  return new TextEncoder().encode(`${JSON.stringify(header)}\n${body}`);
}

/** @throws BackupFormatError unless every byte is as it was written */
export function decodeBackup(bytes: Uint8Array): CounterBackup {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const end = text.indexOf("\n");
    const header = headerSchema.parse(JSON.parse(text.slice(0, end)));
    const body = text.slice(end + 1);
    if (hashOf(body) !== header.sha256) throw new Error("the hash does not match");
    const counters = valuesSchema.parse(JSON.parse(body)).map(toCounter);
    if (new Set(counters.map(({ name }) => name)).size !== counters.length) {
      throw new Error("a counter is named twice");
    }
    return { index: header.index, counters };
  } catch (error) {
    throw new BackupFormatError("the backup is damaged or not a backup", { cause: error });
  }
}

function toCounter([name, digits]: [string, string]): CounterValue {
  const value = BigInt(digits);
  if (!isCounterName(name) || !isInRange(value)) throw new Error("not a counter");
  return { name, value };
}

function hashOf(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
