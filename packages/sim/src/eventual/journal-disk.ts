/**
 * The disk of one node: a list of entries and the writes that are under way to it. A crash keeps a
 * prefix of the entries that were under way. A checkpoint takes the place of older entries at once,
 * or not at all.
 */
import type { DiskLatency } from "../disk.ts";
import type { EventHeap } from "../event-heap.ts";
import type { Random } from "../random.ts";

interface PendingWrite {
  readonly entries: readonly Uint8Array[];
  readonly onDone: () => void;
}

interface RunningCheckpoint {
  /** How many of the entries on the disk it stands for. */
  readonly through: number;
  readonly pieces: Uint8Array[];
  isComplete: boolean;
}

export interface JournalDiskParts {
  readonly heap: EventHeap;
  readonly random: Random;
  readonly latency: DiskLatency;
  /** Entries that are on the disk from now on, oldest first. */
  readonly onStored: (entries: readonly Uint8Array[]) => void;
}

export class JournalDisk {
  isFull = false;
  slowness = 1;
  readonly #parts: JournalDiskParts;
  #entries: Uint8Array[] = [];
  /** Of the entries at the front, how many are a checkpoint. */
  #checkpointed = 0;
  #pending: PendingWrite[] = [];
  #checkpoint: RunningCheckpoint | null = null;
  /** Callbacks of an earlier power-up find another number here, and do nothing. */
  #generation = 0;

  constructor(parts: JournalDiskParts) {
    this.#parts = parts;
  }

  /** What would be read after a crash that loses everything that is under way. */
  get entries(): readonly Uint8Array[] {
    return this.#entries;
  }

  get pendingWrites(): number {
    return this.#pending.length;
  }

  /** Entries behind the last checkpoint. */
  get sinceCheckpoint(): number {
    return this.#entries.length - this.#checkpointed;
  }

  get isCheckpointing(): boolean {
    return this.#checkpoint !== null;
  }

  /** @returns `false` when there is no room: then nothing of it was stored */
  append(entries: readonly Uint8Array[], onDone: () => void): boolean {
    if (this.isFull) return false;
    this.#pending.push({ entries, onDone });
    if (this.#pending.length === 1) this.#storeNext();
    return true;
  }

  /** Entries are taken one by one, with time in between. Nothing may be under way when it begins. */
  checkpoint(entries: Iterator<Uint8Array>, onDone: () => void): void {
    const running = { through: this.#entries.length, pieces: [], isComplete: false };
    this.#checkpoint = running;
    this.#takeNext(running, entries, onDone);
  }

  /** Power is gone. `kept` is how many entries of an unfinished write are there afterwards. */
  crash(): { readonly kept: number; readonly lost: number; readonly inCheckpoint: boolean } {
    const { random } = this.#parts;
    this.#generation += 1;
    const underWay = this.#pending.flatMap(({ entries }) => entries);
    const kept = underWay.slice(0, random.below(underWay.length + 1));
    this.#pending = [];
    this.#store(kept);
    const inCheckpoint = this.#checkpoint !== null;
    if (this.#checkpoint?.isComplete === true && random.chance(0.5))
      this.#replace(this.#checkpoint);
    this.#checkpoint = null;
    return { kept: kept.length, lost: underWay.length - kept.length, inCheckpoint };
  }

  /** Everything that is on it, for {@link restore}. */
  copy(): readonly Uint8Array[] {
    return [...this.#entries];
  }

  /** The disk holds this instead, as an older copy of a machine does. Only between processes. */
  restore(entries: readonly Uint8Array[]): void {
    this.#entries = [...entries];
    this.#checkpointed = 0;
  }

  #storeNext(): void {
    const next = this.#pending[0];
    if (next === undefined) return;
    this.#later(() => {
      this.#pending.shift();
      this.#store(next.entries);
      this.#storeNext(); // first: whoever is told may append again
      next.onDone();
    });
  }

  #store(entries: readonly Uint8Array[]): void {
    if (entries.length === 0) return;
    for (const entry of entries) this.#entries.push(entry);
    this.#parts.onStored(entries);
  }

  #takeNext(running: RunningCheckpoint, entries: Iterator<Uint8Array>, onDone: () => void): void {
    const next = entries.next();
    if (next.done !== true) {
      running.pieces.push(next.value);
      this.#later(() => this.#takeNext(running, entries, onDone));
      return;
    }
    running.isComplete = true;
    this.#later(() => {
      this.#replace(running);
      this.#checkpoint = null;
      onDone();
    });
  }

  #replace({ through, pieces }: RunningCheckpoint): void {
    this.#entries = [...pieces, ...this.#entries.slice(through)];
    this.#checkpointed = pieces.length;
  }

  #later(run: () => void): void {
    const { heap, random, latency } = this.#parts;
    const generation = this.#generation;
    heap.after(random.between(latency.min, latency.max) * this.slowness, () => {
      if (this.#generation === generation) run();
    });
  }
}
