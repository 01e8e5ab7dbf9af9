/**
 * Brings the core's writes to the journal, in order, and now and then a checkpoint in the place of
 * what is there.
 *
 * One append at a time: what comes in meanwhile becomes the next record anyway, a write that finds
 * the disk full can be made again in its place, and between two of them a checkpoint stands for
 * exactly what the journal holds.
 */
import type { Write } from "../core/door.ts";
import { StoppedError } from "../errors.ts";
import type { Journal } from "./ports.ts";
import { asError } from "./waiting.ts";

/** After a checkpoint for which the disk had no room, the next one is tried so much later. */
const retryCheckpointMs = 5000;

export interface JournalingParts {
  readonly journal: Journal;
  /** Least number of appended bytes between two checkpoints. */
  readonly checkpointBytes: number;
  /** Entries that stand for everything that was told to be persisted; taken one by one. */
  readonly standing: () => Iterable<Uint8Array>;
  readonly onPersisted: (write: number) => void;
  readonly onFull: (full: boolean) => void;
  readonly onCheckpoint: (bytes: number, tookMs: number) => void;
  readonly onFatal: (error: Error) => void;
}

/** When an append was begun, and when it was on the disk. */
export interface AppendTimes {
  readonly beganMs: number;
  readonly endedMs: number;
}

export class Journaling {
  readonly #parts: JournalingParts;
  /** Not on the disk yet, in order; the first one is with the journal. */
  readonly #writes: Write[] = [];
  #appending: Promise<void> | null = null;
  #checkpointing: Promise<void> | null = null;
  /** Of the append that ended last, by `performance.now`. */
  #lastAppend: AppendTimes = { beganMs: 0, endedMs: 0 };
  #appendedBytes = 0;
  #checkpointBytes = 0;
  #notBeforeMs = 0;
  #full = false;
  #stopped = false;

  constructor(parts: JournalingParts) {
    this.#parts = parts;
  }

  get lastAppend(): AppendTimes {
    return this.#lastAppend;
  }

  /** The disk has no room for the write that is next. */
  get full(): boolean {
    return this.#full;
  }

  /** Bytes in the journal behind its last checkpoint. */
  get appendedBytes(): number {
    return this.#appendedBytes;
  }

  /** Size of the last checkpoint that was made here; 0 before the first. */
  get checkpointBytes(): number {
    return this.#checkpointBytes;
  }

  /** Everything there is, oldest first; it counts as appended. */
  async *load(): AsyncIterable<Uint8Array> {
    for await (const entry of this.#parts.journal.load()) {
      this.#appendedBytes += entry.length;
      yield entry;
    }
  }

  write(write: Write): void {
    if (this.#writes.push(write) === 1) this.#appendNext();
  }

  /** Tries again what found no room. */
  onTick(): void {
    if (this.#full) this.#appendNext();
  }

  /** Begins nothing any more; resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#appending;
    await this.#checkpointing;
  }

  #appendNext(): void {
    const write = this.#writes[0];
    if (write === undefined || this.#appending !== null || this.#stopped) return;
    const beganMs = performance.now();
    this.#appending = this.#parts.journal.append(write.entries).then(
      () => {
        this.#appending = null;
        this.#lastAppend = { beganMs, endedMs: performance.now() };
        this.#onAppended(write);
      },
      (error: unknown) => {
        this.#appending = null;
        if (isStorageFull(error)) this.#onFull();
        else this.#parts.onFatal(asError(error));
      },
    );
  }

  #onAppended(write: Write): void {
    this.#writes.shift();
    for (const entry of write.entries) this.#appendedBytes += entry.length;
    this.#setFull(false);
    this.#parts.onPersisted(write.id);
    this.#checkpointIfDue();
    this.#appendNext();
  }

  /** A checkpoint may be what makes room. */
  #onFull(): void {
    this.#setFull(true);
    if (this.#appendedBytes > this.#checkpointBytes) this.#checkpoint();
  }

  #setFull(full: boolean): void {
    if (this.#full === full) return;
    this.#full = full;
    this.#parts.onFull(full);
  }

  #checkpointIfDue(): void {
    const due = Math.max(this.#parts.checkpointBytes, this.#checkpointBytes);
    if (this.#appendedBytes >= due) this.#checkpoint();
  }

  /** Only while no append is out: that one would be replaced without being stood for. */
  #checkpoint(): void {
    const startedMs = performance.now();
    if (this.#checkpointing !== null || this.#stopped || startedMs < this.#notBeforeMs) return;
    const replaced = this.#appendedBytes;
    const size = { bytes: 0 };
    this.#checkpointing = this.#parts.journal.checkpoint(this.#standing(size)).then(
      () => {
        this.#checkpointing = null;
        this.#checkpointBytes = size.bytes;
        this.#appendedBytes -= replaced;
        this.#parts.onCheckpoint(size.bytes, performance.now() - startedMs);
      },
      (error: unknown) => {
        this.#checkpointing = null;
        this.#notBeforeMs = performance.now() + retryCheckpointMs;
        if (!isStorageFull(error) && !this.#stopped) this.#parts.onFatal(asError(error));
      },
    );
  }

  *#standing(size: { bytes: number }): Iterable<Uint8Array> {
    for (const entry of this.#parts.standing()) {
      if (this.#stopped) throw new StoppedError(); // all or nothing: the old ones stay
      size.bytes += entry.length;
      yield entry;
    }
  }
}

export function isStorageFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "STORAGE_FULL";
}
