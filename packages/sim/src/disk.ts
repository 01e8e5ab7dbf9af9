/**
 * A simulated disk: what is durable, and the operations that are not yet.
 *
 * Operations complete in order, each after a latency. A crash keeps some of the unfinished ones: a
 * prefix, because a log is a log. The first one lost may have been torn, which comes to the same:
 * its checksum does not hold, and it is cut off at the next start with everything after it.
 */
import type {
  Entry,
  HardState,
  LogIndex,
  PersistedState,
  SnapshotMeta,
  Write,
} from "@counter/raft";
import type { EventHeap } from "./event-heap.ts";
import { LogImage } from "./log-image.ts";
import type { Random } from "./random.ts";
import { Violation } from "./violation.ts";
import { describeId } from "./describe.ts";

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

export interface DiskLatency {
  /** Shortest and longest time of an operation, in units. */
  readonly min: number;
  readonly max: number;
}

/** A disk on a good day: what the liveness phase needs. */
export const calmLatency: DiskLatency = { min: 1, max: 5 };

/** How a disk fails: an fsync that errors and may have dropped the data, or no room left. */
export type DiskFailure = "fsync" | "full";

interface Pending {
  readonly operation: DiskOperation;
  readonly onDurable: () => void;
}

export interface DiskOptions {
  readonly heap: EventHeap;
  readonly random: Random;
  readonly latency: DiskLatency;
  readonly initial: PersistedState;
  /** Called right after an operation became part of the image, also by a crash that kept it. */
  readonly onApplied: (operation: DiskOperation, replaced: readonly Entry[]) => void;
  /** The disk failed: the server must stop at once and may start again later. */
  readonly onFailure: (failure: DiskFailure) => void;
}

/** Most operations that may wait; the core's limit on writes in flight keeps it far below. */
export const diskQueueMax: number = 64;

export class SimDisk {
  readonly image: DiskImage;
  /** While set, nothing completes (a device that hangs). */
  #hung = false;
  /** Multiplies every latency; 1 is an ordinary day. */
  slowness = 1;
  failNext: DiskFailure | null = null;
  latency: DiskLatency;
  readonly #options: DiskOptions;
  #queue: Pending[] = [];
  #busy = false;
  #generation = 0;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.latency = options.latency;
    this.image = imageOf(options.initial);
  }

  get pending(): number {
    return this.#queue.length;
  }

  get hung(): boolean {
    return this.#hung;
  }

  /** Queues an operation. `onDurable` is called once it is durable, unless a crash comes first. */
  submit(operation: DiskOperation, onDurable: () => void): void {
    if (this.#queue.length >= diskQueueMax) {
      throw new Violation("bounded", `${this.#queue.length} disk operations wait`);
    }
    this.#queue.push({ operation, onDurable });
    this.#startNext();
  }

  hang(): void {
    this.#hung = true;
  }

  recover(): void {
    this.#hung = false;
    this.slowness = 1;
    this.failNext = null;
    this.#startNext();
  }

  /** Power is lost. Returns how many operations were kept and how many were not. */
  crash(): { readonly kept: number; readonly lost: number } {
    const pending = this.#queue;
    this.#queue = [];
    this.#busy = false;
    this.#generation += 1;
    const kept = this.#options.random.below(pending.length + 1);
    for (let i = 0; i < kept; i += 1) this.#apply(pending[i]!.operation);
    return { kept, lost: pending.length - kept };
  }

  /** What a server that starts now finds. */
  load(): PersistedState {
    const { hardState, snapshot, log } = this.image;
    return { hardState, snapshot: snapshot?.meta ?? null, entries: [...log.entries] };
  }

  #startNext(): void {
    if (this.#busy || this.#hung || this.#queue.length === 0) return;
    this.#busy = true;
    const { heap, random } = this.#options;
    const generation = this.#generation;
    heap.after(random.between(this.latency.min, this.latency.max) * this.slowness, () => {
      if (generation !== this.#generation) return; // a crash came first
      this.#busy = false;
      if (this.#hung) return; // completes once the device answers again
      this.#complete();
    });
  }

  #complete(): void {
    const head = this.#queue.shift()!;
    if (this.failNext !== null) {
      const failure = this.failNext;
      this.failNext = null;
      this.#queue = [];
      this.#generation += 1;
      // After a failed fsync the data may or may not be there; without room it is not.
      if (failure === "fsync" && this.#options.random.chance(0.5)) this.#apply(head.operation);
      this.#options.onFailure(failure);
      return;
    }
    this.#apply(head.operation);
    const generation = this.#generation;
    head.onDurable();
    if (generation === this.#generation) this.#startNext();
  }

  #apply(operation: DiskOperation): void {
    this.#options.onApplied(operation, applyOperation(this.image, operation));
  }
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

const none: readonly Entry[] = [];

/** The image of a disk that holds this and nothing else. */
export function imageOf({ hardState, snapshot, entries }: PersistedState): DiskImage {
  if (snapshot !== null) throw new RangeError("a new disk starts without a snapshot");
  return { hardState, snapshot: null, log: new LogImage(entries), partial: null };
}

/** Carries a write out, as the door says. Returns the entries that it replaced. */
function applyWrite(image: DiskImage, write: Write): readonly Entry[] {
  if (write.hardState !== null) image.hardState = write.hardState;
  let replaced: readonly Entry[] = [];
  // Entries first: what a finished snapshot forgets includes them.
  if (write.entries.length > 0) replaced = image.log.replaceTail(write.entries);
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

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
