/** Encodes batches into one buffer that is used again and again. */
import type { Entry, EntryId, HardState } from "@counter/raft";
import { invariant } from "../errors.ts";
import { type ChainPoint, frameHeaderBytes, payloadMaxBytes, sealFrame } from "./frame.ts";
import {
  entriesMaxBytes,
  putEntries,
  putHardState,
  putSnapshotId,
  smallRecordMaxBytes,
} from "./records.ts";

/** What a batch is made of: the part of a `Write` that goes to the log, or a snapshot's record. */
export interface BatchPart {
  readonly entries: readonly Entry[];
  readonly snapshot: { readonly type: "installed" | "saved"; readonly snapshot: EntryId } | null;
  readonly hardState: HardState | null;
}

const startBytes = 64 * 1024;
/** A buffer that one huge batch made larger than this is not kept. */
const keepMaxBytes = 4 * 1024 * 1024;

/** At least as many bytes as the parts take in a frame, its header included. */
export function frameMaxBytes(parts: readonly BatchPart[]): number {
  let bytes = frameHeaderBytes;
  for (const part of parts) bytes += partMaxBytes(part);
  return bytes;
}

/**
 * At least as many bytes as the part takes. Entries ask for more than they take: so behind the last
 * ones that found room there is always room for the record of a snapshot. On a full disk that is
 * what removes old segments and makes room.
 */
export function partMaxBytes(part: BatchPart): number {
  if (part.entries.length > 0) return entriesMaxBytes(part.entries) + 2 * smallRecordMaxBytes;
  const records = (part.snapshot === null ? 0 : 1) + (part.hardState === null ? 0 : 1);
  return records * smallRecordMaxBytes;
}

export class BatchEncoder {
  #buffer: Uint8Array = new Uint8Array(startBytes);

  /**
   * One frame of all parts, and where the chain stands behind it. The bytes are valid until the
   * next call.
   *
   * @throws {StorageInvariantError} if the parts are larger than a frame may be
   */
  encode(
    parts: readonly BatchPart[],
    chain: { readonly before: ChainPoint; readonly salt: Uint8Array },
  ): { readonly bytes: Uint8Array; readonly point: ChainPoint } {
    const needed = frameMaxBytes(parts);
    invariant(needed <= payloadMaxBytes, "one write has at most 256 MiB");
    this.#reserve(needed);
    let end = frameHeaderBytes;
    for (const part of parts) end = this.#put(part, end);
    const bytes = this.#buffer.subarray(0, end);
    return { bytes, point: sealFrame(bytes, chain.before, chain.salt) };
  }

  /** Entries before the hard state, because its commit index may count on them. */
  #put(part: BatchPart, at: number): number {
    let to = at;
    if (part.entries.length > 0) to = putEntries(this.#buffer, to, part.entries);
    if (part.snapshot !== null) to = putSnapshotId(this.#buffer, to, part.snapshot);
    if (part.hardState !== null) to = putHardState(this.#buffer, to, part.hardState);
    return to;
  }

  #reserve(bytes: number): void {
    if (bytes > this.#buffer.length) {
      let size = this.#buffer.length;
      while (size < bytes) size *= 2;
      this.#buffer = new Uint8Array(size);
    } else if (this.#buffer.length > keepMaxBytes && bytes <= keepMaxBytes) {
      this.#buffer = new Uint8Array(startBytes);
      this.#reserve(bytes);
    }
  }
}
