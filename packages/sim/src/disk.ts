/**
 * A simulated disk: what is durable, and the operations that are not yet.
 *
 * Operations complete in order, each after a latency. One that makes a new name (the next segment of
 * the log, a snapshot that is complete) takes two syncs, that of the file and that of its directory,
 * and is durable after the second. A crash keeps some of the unfinished ones: a prefix, because a log
 * is a log. The first one lost may have been torn: its checksum does not hold, and it is cut off at
 * the next start with everything after it. Rot is found by checksums as well, but what has rotted was
 * acknowledged: then the disk refuses to be read.
 */
import type { Entry, LogIndex, PersistedState } from "@counter/raft";
import { applyOperation, copyOf, imageOf } from "./disk-image.ts";
import type { DiskImage, DiskOperation } from "./disk-image.ts";
import { cutFrom, readUnchecked } from "./disk-reading.ts";
import { NameLosses } from "./disk-names.ts";
import { unitsPerTick } from "./event-heap.ts";
import type { EventHeap } from "./event-heap.ts";
import type { HostFlaw } from "./host-flaws.ts";
import type { Random } from "./random.ts";
import { Violation } from "./violation.ts";

export interface DiskLatency {
  /** Shortest and longest time of a sync, in units. */
  readonly min: number;
  readonly max: number;
}

/** A disk on a good day: what the liveness phase needs. */
export const calmLatency: DiskLatency = { min: 1, max: 5 };

/** How a disk fails for good: an fsync that errors and may have dropped the data, or no room left. */
export type DiskFailure = "fsync" | "full";

/** A record that has rotted: for ever, or only in the next reading of it. */
export interface Rot {
  readonly index: LogIndex;
  readonly lasts: boolean;
}

interface Pending {
  readonly operation: DiskOperation;
  readonly onDurable: () => void;
  readonly onNoRoom: () => void;
  /** The contents are synced; the directory is next. */
  namePending: boolean;
}

/** What became of the unfinished operations in a crash. */
export interface CrashResult {
  readonly kept: number;
  readonly lost: number;
  /** A file was complete, and its name was not durable yet. */
  readonly nameLost: boolean;
}

export interface DiskOptions {
  readonly heap: EventHeap;
  readonly random: Random;
  readonly latency: DiskLatency;
  readonly initial: PersistedState;
  /** Writes in one segment of the log; the next one creates the next segment. */
  readonly segmentWrites: number;
  /** How the host of this disk breaks its contract; `null` if it keeps it. */
  readonly flaw: HostFlaw | null;
  /** Called right after an operation became part of the image, also by a crash that kept it. */
  readonly onApplied: (operation: DiskOperation, replaced: readonly Entry[]) => void;
  /** The disk failed: the server must stop at once and may start again later. */
  readonly onFailure: (failure: DiskFailure) => void;
  /** A write that had found no room was stored after all. */
  readonly onRoomAgain: () => void;
}

/** Most operations that may wait; the core's limit on writes in flight keeps it far below. */
export const diskQueueMax: number = 64;

export class SimDisk {
  /** Multiplies every latency; 1 is an ordinary day. */
  slowness = 1;
  failNext: DiskFailure | null = null;
  latency: DiskLatency;
  rot: Rot | null = null;
  /** No room: what needs some waits, and what is refused may be tried again. */
  isFull = false;
  #image: DiskImage;
  /** While set, nothing completes (a device that hangs). */
  #hung = false;
  readonly #options: DiskOptions;
  readonly #names: NameLosses;
  #queue: Pending[] = [];
  #busy = false;
  #generation = 0;
  #segmentWrites = 0;
  /** The head of the queue found no room at least once. */
  #waitsForRoom = false;
  /** An entry that the last crash tore: a part of its bytes is there, its checksum does not hold. */
  #torn: Entry | null = null;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.latency = options.latency;
    this.#image = imageOf(options.initial);
    this.#names = new NameLosses(options.random);
  }

  get image(): DiskImage {
    return this.#image;
  }

  get hung(): boolean {
    return this.#hung;
  }

  /**
   * Queues an operation. `onDurable` is called once it is durable, unless a crash comes first;
   * `onNoRoom` when a snapshot found no room and was given up.
   */
  submit(
    operation: DiskOperation,
    onDurable: () => void,
    onNoRoom: () => void = () => undefined,
  ): void {
    if (this.#queue.length >= diskQueueMax) {
      throw new Violation("bounded", `${this.#queue.length} disk operations wait`);
    }
    if (this.#options.flaw === "acknowledges-early" && operation.type === "write") {
      this.#options.heap.after(0, onDurable);
      this.#queue.push({ operation, onDurable: ignore, onNoRoom, namePending: false });
    } else {
      this.#queue.push({ operation, onDurable, onNoRoom, namePending: false });
    }
    this.#startNext();
  }

  hang(): void {
    this.#hung = true;
  }

  recover(): void {
    this.#hung = false;
    this.slowness = 1;
    this.failNext = null;
    this.isFull = false;
    if (this.rot?.lasts === false) this.rot = null;
    this.#startNext();
  }

  /** Power is lost. */
  crash(): CrashResult {
    const pending = this.#queue;
    this.#reset();
    const kept = this.isFull ? 0 : this.#options.random.below(pending.length + 1);
    for (let i = 0; i < kept; i += 1) this.#apply(pending[i]!.operation);
    const lost = pending[kept];
    if (lost?.operation.type === "write") {
      this.#torn = lost.operation.write.entries[0] ?? null;
      if (this.#options.flaw === "splits-writes") {
        this.#apply({ type: "write", write: { ...lost.operation.write, hardState: null } });
      }
    }
    const later = pending[kept + 1];
    if (this.#options.flaw === "reorders-writes" && later !== undefined) {
      this.#apply(later.operation);
    }
    this.#names.lose(this.#image);
    return { kept, lost: pending.length - kept, nameLost: lost?.namePending === true };
  }

  /** Everything is gone: another disk took the place of this one. @returns what was there */
  wipe(): DiskImage {
    const lost = this.#image;
    this.#reset();
    this.#image = imageOf(this.#options.initial);
    this.rot = null;
    return lost;
  }

  /** What a server that starts now finds; `null` when the disk refuses, because of rot. */
  load(): PersistedState | null {
    const { flaw } = this.#options;
    const { log } = this.#image;
    const stored = this.#image.snapshot?.meta.index ?? 0;
    if (log.firstIndex > stored + 1) {
      const held = `a log from ${log.firstIndex} and a snapshot of ${stored}`;
      throw new Violation("log-without-gaps", `a start finds ${held}`);
    }
    if (this.rot !== null && flaw === "cuts-damage-off") {
      cutFrom(this.#image, this.rot.index);
      this.rot = null;
    }
    if (this.rot !== null && flaw !== "ignores-checksums") {
      if (!this.rot.lasts) this.rot = null;
      return null;
    }
    const { hardState, snapshot } = this.#image;
    if (flaw === "ignores-checksums") {
      readUnchecked(this.#image, { rotten: this.rot?.index ?? null, torn: this.#torn });
    }
    this.#torn = null;
    return { hardState, snapshot: snapshot?.meta ?? null, entries: [...log.entries] };
  }

  #reset(): void {
    this.#queue = [];
    this.#busy = false;
    this.#waitsForRoom = false;
    this.#generation += 1;
  }

  #startNext(): void {
    if (this.#busy || this.#hung || this.#queue.length === 0) return;
    this.#wait(this.#options.random.between(this.latency.min, this.latency.max) * this.slowness);
  }

  #wait(delay: number): void {
    this.#busy = true;
    const generation = this.#generation;
    this.#options.heap.after(delay, () => {
      if (generation !== this.#generation) return; // a crash came first
      this.#busy = false;
      if (this.#hung) return; // completes once the device answers again
      this.#complete();
    });
  }

  #complete(): void {
    const head = this.#queue[0]!;
    const { flaw } = this.#options;
    if (this.failNext !== null) return this.#fail(head, this.failNext);
    if (this.isFull && head.operation.type !== "compact") return this.#refuse(head);
    if (this.#makesName(head.operation) && !head.namePending) {
      if (flaw !== "skips-the-directory-sync") {
        head.namePending = true;
        return this.#startNext();
      }
      this.#names.onSkipped(head.operation, copyOf(this.#image));
    }
    this.#finish(head, true);
  }

  #finish(head: Pending, isStored: boolean): void {
    this.#queue.shift();
    if (this.#waitsForRoom) this.#options.onRoomAgain();
    this.#waitsForRoom = false;
    if (isStored) this.#apply(head.operation);
    const generation = this.#generation;
    head.onDurable();
    if (generation === this.#generation) this.#startNext();
  }

  #fail(head: Pending, failure: DiskFailure): void {
    const { flaw, random, onFailure } = this.#options;
    this.failNext = null;
    // After a failed fsync the data may or may not be there; without room it is not.
    const isThere = failure === "fsync" && random.chance(0.5);
    if (failure === "fsync" && flaw === "retries-a-failed-sync") return this.#finish(head, isThere);
    this.#reset();
    if (isThere) this.#apply(head.operation);
    onFailure(failure);
  }

  /** A write waits for room, and what frees some goes first; a snapshot is given up. */
  #refuse(head: Pending): void {
    if (this.#options.flaw === "acknowledges-without-room") return this.#finish(head, false);
    if (head.operation.type === "saveSnapshot") {
      this.#queue.shift();
      head.onNoRoom();
      return this.#startNext();
    }
    this.#waitsForRoom = true;
    const compaction = this.#queue.findIndex(({ operation }) => operation.type === "compact");
    for (const freeing of compaction < 0 ? [] : this.#queue.splice(compaction, 1)) {
      this.#apply(freeing.operation);
      freeing.onDurable();
    }
    this.#wait(unitsPerTick);
  }

  get #segmentIsFull(): boolean {
    return this.#segmentWrites >= this.#options.segmentWrites;
  }

  #makesName(operation: DiskOperation): boolean {
    if (operation.type !== "write") return operation.type === "saveSnapshot";
    return operation.write.chunk?.done === true || this.#segmentIsFull;
  }

  #apply(operation: DiskOperation): void {
    if (operation.type === "write") {
      this.#segmentWrites = this.#segmentIsFull ? 1 : this.#segmentWrites + 1;
    }
    this.#options.onApplied(operation, applyOperation(this.#image, operation));
  }
}

function ignore(): void {
  // It was reported already.
}
