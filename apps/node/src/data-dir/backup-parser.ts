/** Reads a backup as it comes, a few kilobytes at a time, and believes nothing before its end. */
import { createHash } from "node:crypto";

import { countersMaxLimit, type CounterBackup } from "@counter/state-machine";
import { z } from "zod";

import { counterOf, type BackupVersion } from "./backup-counter.ts";
import { JsonList } from "./json-list.ts";

/** The bytes are not those of a complete backup. */
export class BackupFormatError extends Error {
  override readonly name = "BackupFormatError";
  readonly code = "BACKUP_FORMAT";
}

/** Most bytes of the header, and of a counter: 16 labels of 255 escaped characters take 25,000. */
const lineMaxBytes = 65_536;
const newline = 0x0a;

const headerSchema = z.object({
  format: z.literal("counter-backup"),
  version: z.literal([1, 2]),
  clusterId: z.string(),
  index: z.number().int().nonnegative(),
  sha256: z.string(),
});

/** What a backup says of itself. */
export interface BackupFacts {
  readonly index: number;
  /** Of the cluster that it was taken of. */
  readonly clusterId: string;
  /** How many there are. */
  readonly counters: number;
}

export class BackupParser {
  readonly #hash = createHash("sha256");
  readonly #list = new JsonList(lineMaxBytes);
  readonly #text = new TextDecoder("utf-8", { fatal: true });
  readonly #names = new Set<string>();
  #line: Uint8Array = new Uint8Array(0);
  #header: z.infer<typeof headerSchema> | null = null;

  /**
   * The counters that end in this piece. They are not to be used before {@link end}: only the hash
   * says that they are those that were saved.
   *
   * @throws BackupFormatError
   */
  *push(piece: Uint8Array): Generator<CounterBackup, void, undefined> {
    try {
      const rest = this.#header === null ? this.#readHeader(piece) : piece;
      if (this.#header === null) return;
      this.#hash.update(rest);
      for (const element of this.#list.push(rest)) {
        yield this.#counter(element, this.#header.version);
      }
    } catch (error) {
      throw damaged(error);
    }
  }

  /** @throws BackupFormatError unless every byte was as it was written */
  end(): BackupFacts {
    try {
      if (this.#header === null) throw new Error("it has no header");
      this.#list.end();
      const { index, clusterId, sha256 } = this.#header;
      if (this.#hash.digest("hex") !== sha256) throw new Error("the hash does not match");
      return { index, clusterId, counters: this.#names.size };
    } catch (error) {
      throw damaged(error);
    }
  }

  /** @returns what follows the first line */
  #readHeader(piece: Uint8Array): Uint8Array {
    const end = piece.indexOf(newline);
    const line = Buffer.concat([this.#line, end < 0 ? piece : piece.subarray(0, end)]);
    if (line.length > lineMaxBytes) throw new Error("the header is too long");
    this.#line = line;
    if (end < 0) return new Uint8Array(0);
    this.#header = headerSchema.parse(JSON.parse(this.#text.decode(line)));
    return piece.subarray(end + 1);
  }

  #counter(element: Uint8Array, version: BackupVersion): CounterBackup {
    const counter = counterOf(this.#text.decode(element), version);
    if (this.#names.has(counter.name)) throw new Error("a counter is named twice");
    if (this.#names.size >= countersMaxLimit) throw new Error("it has too many counters");
    this.#names.add(counter.name);
    return counter;
  }
}

function damaged(cause: unknown): BackupFormatError {
  return new BackupFormatError("the backup is damaged or not a backup", { cause });
}

/** All at once, of what is at hand as a whole. */
export function decodeBackup(bytes: Uint8Array): {
  readonly index: number;
  readonly counters: readonly CounterBackup[];
} {
  const parser = new BackupParser();
  const counters = [...parser.push(bytes)];
  return { index: parser.end().index, counters };
}
