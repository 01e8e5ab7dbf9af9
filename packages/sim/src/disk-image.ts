/** What a disk holds, and how each operation changes it. */
import type {
  Entry,
  HardState,
  LogIndex,
  PersistedState,
  SnapshotChunk,
  SnapshotMeta,
  Write,
} from "@counter/raft";
import { describeId } from "./describe.ts";
import { LogImage } from "./log-image.ts";
import { Violation } from "./violation.ts";

export interface StoredSnapshot {
  readonly meta: SnapshotMeta;
  readonly bytes: Uint8Array;
}

/** What a disk would show to a server that starts now. */
export interface DiskImage {
  hardState: HardState;
  snapshot: StoredSnapshot | null;
  log: LogImage;
  /** A snapshot that is being received, as far as it is durable. */
  partial: { readonly meta: SnapshotMeta; readonly chunks: Uint8Array[]; length: number } | null;
}

export type DiskOperation =
  | { readonly type: "write"; readonly write: Write }
  | { readonly type: "saveSnapshot"; readonly snapshot: StoredSnapshot }
  | { readonly type: "compact"; readonly through: LogIndex };

const none: readonly Entry[] = [];

/** The image of a disk that holds this and nothing else. */
export function imageOf({ hardState, snapshot, entries }: PersistedState): DiskImage {
  if (snapshot !== null) throw new RangeError("a new disk starts without a snapshot");
  return { hardState, snapshot: null, log: new LogImage(entries), partial: null };
}

/** A copy that later operations on the image do not change. */
export function copyOf({ hardState, snapshot, log, partial }: DiskImage): DiskImage {
  const chunks = partial === null ? null : { ...partial, chunks: [...partial.chunks] };
  return { hardState, snapshot, log: log.clone(), partial: chunks };
}

/** Makes an operation part of an image. Returns the entries that it replaced or forgot. */
export function applyOperation(image: DiskImage, operation: DiskOperation): readonly Entry[] {
  switch (operation.type) {
    case "write":
      return applyWrite(image, operation.write);
    case "saveSnapshot":
      if (operation.snapshot.meta.index > (image.snapshot?.meta.index ?? 0)) {
        image.snapshot = operation.snapshot;
      }
      return none;
    case "compact":
      if (operation.through > (image.snapshot?.meta.index ?? 0)) {
        throw new Violation(
          "log-without-gaps",
          `compacts ${operation.through} beyond its snapshot`,
        );
      }
      image.log.compactThrough(operation.through);
      return none;
  }
}

/** Carries a write out, as the door says. Returns the entries that it replaced. */
function applyWrite(image: DiskImage, write: Write): readonly Entry[] {
  if (write.hardState !== null) image.hardState = write.hardState;
  let replaced: readonly Entry[] = [];
  // Entries first: what a finished snapshot forgets includes them.
  const first = write.entries[0];
  if (first !== undefined) {
    if (first.index > image.log.lastIndex + 1 || first.index < image.log.firstIndex) {
      const { firstIndex, lastIndex } = image.log;
      const held = `the log is ${firstIndex}..${lastIndex}`;
      throw new Violation("log-without-gaps", `stores entries from ${first.index}, but ${held}`);
    }
    replaced = image.log.replaceTail(write.entries);
  }
  if (write.chunk !== null) {
    const forgotten = applyChunk(image, write.chunk);
    if (forgotten.length > 0) replaced = [...replaced, ...forgotten];
  }
  const { commitIndex } = image.hardState;
  const last = Math.max(image.log.lastIndex, image.snapshot?.meta.index ?? 0);
  if (commitIndex > last) {
    throw new Violation(
      "log-without-gaps",
      `stored commit ${commitIndex}, but the log ends at ${last}`,
    );
  }
  return replaced;
}

function applyChunk(image: DiskImage, chunk: NonNullable<Write["chunk"]>): readonly Entry[] {
  const { snapshot: meta, offset, data, done } = chunk;
  if (offset === 0) image.partial = { meta, chunks: [], length: 0 };
  const { partial } = image;
  if (partial?.meta.index !== meta.index || partial.meta.term !== meta.term) {
    throw new Violation("log-without-gaps", `a chunk of ${describeId(meta)} without its start`);
  }
  if (partial.length !== offset) {
    throw new Violation(
      "log-without-gaps",
      `chunk at ${offset}, but ${partial.length} bytes are stored`,
    );
  }
  partial.chunks.push(data);
  partial.length += data.length;
  if (!done) return [];
  if (meta.index <= (image.snapshot?.meta.index ?? 0)) {
    throw new Violation("log-without-gaps", `snapshot ${describeId(meta)} replaces a newer one`);
  }
  image.snapshot = { meta, bytes: concatenate(partial.chunks, partial.length) };
  image.partial = null;
  return image.log.restartBehind(meta);
}

/** A piece of a stored snapshot, for a follower. */
export function chunkOf(
  { meta, bytes }: StoredSnapshot,
  { offset, maxBytes }: { readonly offset: number; readonly maxBytes: number },
): SnapshotChunk {
  const data = bytes.slice(offset, offset + maxBytes);
  return { snapshot: meta, offset, data, done: offset + data.length >= bytes.length };
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
