/** Snapshots in files, a few kilobytes at a time however large they are. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, type FileHandle } from "node:fs/promises";

import type { SnapshotStream } from "@counter/client";
import { BackupFormatError, BackupParser, type BackupFacts } from "@counter/node/offline";

/** How often it is said how far something is, in milliseconds. */
const progressMs = 2000;

/** Says now and then how far something is that takes long. */
export class Progress {
  readonly #say: (text: string) => void;
  readonly #total: number | null;
  #done = 0;
  #saidAt = performance.now();

  constructor(say: (text: string) => void, total: number | null) {
    this.#say = say;
    this.#total = total;
  }

  add(bytes: number): void {
    this.#done += bytes;
    if (performance.now() - this.#saidAt < progressMs) return;
    this.#saidAt = performance.now();
    const of = this.#total === null ? "" : ` of ${mebibytes(this.#total)}`;
    this.#say(`${mebibytes(this.#done)}${of} MiB`);
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

/**
 * Writes a snapshot while it comes: durable, and there as a whole or not at all, since a backup that
 * is cut off is found too late.
 *
 * @throws Error if it has not the digest that was announced; then there is no file
 */
export async function writeSnapshot(
  file: string,
  { stream, sha256 }: Pick<SnapshotStream, "stream" | "sha256">,
  progress: Progress,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const temporary = `${file}.${process.pid}.part`;
  const handle = await open(temporary, "wx", 0o600);
  try {
    const written = await writeAll(handle, stream, progress);
    if (sha256 !== null && sha256 !== written.sha256) {
      throw new Error("the snapshot was damaged on its way: its digest differs; save it again");
    }
    await rename(temporary, file);
    return written;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeAll(
  handle: FileHandle,
  stream: AsyncIterable<Uint8Array>,
  progress: Progress,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      hash.update(chunk);
      await handle.writeFile(chunk); // continues where the last one ended
      bytes += chunk.length;
      progress.add(chunk.length);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { bytes, sha256: hash.digest("hex") };
}

export type FileCounter = ReturnType<BackupParser["push"]> extends Iterable<infer C> ? C : never;

/** What a file that was read to its end says of itself. */
export interface FileFacts extends BackupFacts {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Reads a file to its end.
 *
 * @param seen - told of every counter; only at the end it is certain that they are right
 * @throws Error that says that the file is damaged
 */
export async function readSnapshot(
  file: string,
  seen: (counter: FileCounter) => void,
): Promise<FileFacts> {
  const parser = new BackupParser();
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(file)) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError("a file gives bytes");
      hash.update(chunk);
      bytes += chunk.length;
      for (const counter of parser.push(chunk)) seen(counter);
    }
    return { ...parser.end(), bytes, sha256: hash.digest("hex") };
  } catch (error) {
    if (!(error instanceof BackupFormatError)) throw error;
    throw new Error(`the file is damaged, or no snapshot: ${error.message}`, { cause: error });
  }
}
