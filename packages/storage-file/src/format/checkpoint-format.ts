/** The payload of a journal's checkpoint, cut anywhere. `docs/wal.md` §10 has the bytes. */
import { getU32, getU64, MalformedError, putU32, putU64 } from "./bytes.ts";

/**
 * Largest entry of a journal, in bytes: above the largest record (256 KiB) and the largest piece of
 * a snapshot (1 MiB) that are journalled, with their wrapping.
 */
export const journalEntryMaxBytes: number = 4 * 1024 * 1024;

const headBytes = 8;
const lengthBytes = 4;
/** Small entries are gathered to chunks of about this size. */
const chunkBytes = 64 * 1024;

/** What a checkpoint is made of. */
export interface CheckpointContent {
  /** Number of the last entry of the log that the checkpoint takes the place of; 0: of none. */
  readonly covered: number;
  /** Each of 1 to {@link journalEntryMaxBytes} bytes; taken one by one. */
  readonly entries: Iterable<Uint8Array>;
}

/** The bytes of a checkpoint, in chunks of their own: none of them is changed later. */
export function* checkpointChunks(content: CheckpointContent): Generator<Uint8Array> {
  const head = new Uint8Array(headBytes);
  putU64(head, 0, content.covered);
  let parts: Uint8Array[] = [head];
  let bytes = headBytes;
  for (const entry of content.entries) {
    const length = new Uint8Array(lengthBytes);
    putU32(length, 0, entry.length);
    parts.push(length, entry);
    bytes += lengthBytes + entry.length;
    if (bytes < chunkBytes) continue;
    yield joined(parts, bytes);
    [parts, bytes] = [[], 0];
  }
  if (bytes > 0) yield joined(parts, bytes);
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const chunk = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    chunk.set(part, at);
    at += part.length;
  }
  return chunk;
}

/** Takes a checkpoint apart again, chunk by chunk, wherever the chunks are cut. */
export class CheckpointReader {
  #covered: number | null = null;
  /** The field that is being read, and how much of it there is. */
  #field: "covered" | "length" | "entry" = "covered";
  #bytes: Uint8Array = new Uint8Array(headBytes);
  #filled = 0;

  /** The number of the last entry that it takes the place of; known after the first eight bytes. */
  get covered(): number | null {
    return this.#covered;
  }

  /**
   * The entries that end in this chunk, copied.
   *
   * @throws {MalformedError} on anything that `checkpointChunks` does not write
   */
  *read(chunk: Uint8Array): Generator<Uint8Array> {
    let at = 0;
    while (at < chunk.length) {
      const take = Math.min(this.#bytes.length - this.#filled, chunk.length - at);
      this.#bytes.set(chunk.subarray(at, at + take), this.#filled);
      this.#filled += take;
      at += take;
      if (this.#filled < this.#bytes.length) return;
      const entry = this.#finishField();
      if (entry !== null) yield entry;
    }
  }

  /**
   * @param index - of the snapshot that the checkpoint is
   * @throws {MalformedError} if the bytes ended in the middle, or cover what came after it
   */
  end(index: number): void {
    if (this.#covered !== null && this.#covered > index) {
      throw new MalformedError(`the checkpoint at ${index} claims to cover ${this.#covered}`);
    }
    if (this.#field !== "length" || this.#filled > 0) {
      throw new MalformedError("the checkpoint ends in the middle of an entry");
    }
  }

  #finishField(): Uint8Array | null {
    const bytes = this.#bytes;
    if (this.#field === "covered") this.#covered = getU64(bytes, 0);
    if (this.#field === "length") {
      this.#begin("entry", entryLength(bytes));
      return null;
    }
    const entry = this.#field === "entry" ? bytes : null;
    this.#begin("length", lengthBytes);
    return entry;
  }

  #begin(field: "length" | "entry", bytes: number): void {
    this.#field = field;
    this.#bytes = new Uint8Array(bytes);
    this.#filled = 0;
  }
}

function entryLength(bytes: Uint8Array): number {
  const length = getU32(bytes, 0);
  if (length === 0 || length > journalEntryMaxBytes) {
    throw new MalformedError(`an entry of the checkpoint claims ${length} bytes`);
  }
  return length;
}
