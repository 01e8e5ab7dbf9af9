/**
 * How a write is made durable: by the thread pool, so that the event loop goes on while the disk
 * works, or on this thread, which saves the way to the pool and back (a quarter of the CPU on a
 * fast disk) but stops everything, heartbeats too, while the disk works.
 *
 * `adaptive` begins with the pool, goes inline after a run of fast syncs, and leaves inline at the
 * first slow one. Each time it has to leave, it asks for twice as long a run before it comes back:
 * a disk that stalls now and then ends up with the pool.
 */
import type { Descriptor, FileSystem } from "./file-system.ts";

export type SyncMode = "pool" | "inline" | "adaptive";

/** A sync by the pool that takes less than this, in milliseconds, is fast. */
const fastMs = 0.4;
/** An inline sync that takes longer than this is slow: it has held up everything else. */
const slowMs = 2;
/** How many fast syncs in a row lead inline, at first and at most. */
const firstRun = 32;
const longestRun = 65_536;

export class SyncPolicy {
  readonly #files: FileSystem;
  readonly #mode: SyncMode;
  readonly #now: () => number;
  readonly #onSync: (tookMs: number) => void;
  #inline: boolean;
  #fastInRow = 0;
  #neededRun = firstRun;

  /**
   * @param options.now - a monotonic clock in milliseconds
   * @param options.onSync - told how long each sync took, in milliseconds
   */
  constructor(
    files: FileSystem,
    options: {
      readonly mode: SyncMode;
      readonly now: () => number;
      readonly onSync?: (tookMs: number) => void;
    },
  ) {
    this.#files = files;
    this.#mode = options.mode;
    this.#now = options.now;
    this.#onSync = options.onSync ?? ((): void => undefined);
    this.#inline = options.mode === "inline";
  }

  /** Whether the next sync is done on this thread. */
  get inline(): boolean {
    return this.#inline;
  }

  /** Durable when this returns `null`, or when the promise resolves. */
  sync(file: Descriptor): Promise<void> | null {
    const start = this.#now();
    if (!this.#inline) return this.#syncByPool(file, start);
    this.#files.syncNow(file);
    const tookMs = this.#now() - start;
    this.#onSync(tookMs);
    if (this.#mode === "adaptive" && tookMs > slowMs) this.#leaveInline();
    return null;
  }

  async #syncByPool(file: Descriptor, start: number): Promise<void> {
    await this.#files.sync(file);
    const tookMs = this.#now() - start;
    this.#onSync(tookMs);
    if (this.#mode !== "adaptive") return;
    this.#fastInRow = tookMs < fastMs ? this.#fastInRow + 1 : 0;
    if (this.#fastInRow >= this.#neededRun) this.#inline = true;
  }

  #leaveInline(): void {
    this.#inline = false;
    this.#fastInRow = 0;
    this.#neededRun = Math.min(2 * this.#neededRun, longestRun);
  }
}
