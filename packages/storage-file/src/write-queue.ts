/**
 * Brings the calls of the storage into one order, merges writes that wait while another one is on
 * its way, and stops for ever at the first failure.
 *
 * Q1 One thing at a time, in the order of the calls.
 * Q2 Writes that wait together become one batch: one frame, one sync.
 * Q3 The first failure is final: what waits and what comes later is rejected with the same error.
 * Q4 A full disk refuses the write and all writes that wait behind it, since later entries continue
 *    earlier ones; then the storage goes on. What is no write, compaction above all, is not refused.
 */
import {
  invariant,
  StorageClosedError,
  StorageError,
  StorageFailedError,
  StorageFullError,
} from "./errors.ts";
import { type BatchPart, partMaxBytes } from "./format/batch-encoder.ts";
import type { LogWriter } from "./log-writer.ts";

/** Most calls that wait; a core has a handful. */
export const waitingMax = 4096;
/** Most bytes in one batch of several writes; one larger write goes alone. */
export const mergeMaxBytes: number = 1024 * 1024;

interface Waiting {
  /** A part of a batch, or work that has the log for itself. */
  readonly work: BatchPart | (() => Promise<void>);
  /** Whether it falls with the writes before it (Q4). */
  readonly isWrite: boolean;
  readonly resolve: () => void;
  readonly reject: (error: StorageError) => void;
}

export class WriteQueue {
  readonly #log: LogWriter;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;
  #failure: StorageError | null = null;
  #closed = false;

  constructor(log: LogWriter) {
    this.#log = log;
  }

  /** Why everything is refused; `null` while all is well. */
  get failure(): StorageError | null {
    return this.#failure;
  }

  /** Makes the part durable, in one batch with its neighbours. */
  append(part: BatchPart): Promise<void> {
    return this.#add(part, true);
  }

  /** Runs work that belongs to a write and must not overlap with a batch. */
  runWrite(work: () => Promise<void>): Promise<void> {
    return this.#add(work, true);
  }

  /** Runs other work that must not overlap with a batch. */
  run(work: () => Promise<void>): Promise<void> {
    return this.#add(work, false);
  }

  /** Takes no more calls, and waits for those that it took. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  /** Q3. The first failure wins. */
  fail(what: string, error: unknown): StorageError {
    this.#failure ??= error instanceof StorageError ? error : new StorageFailedError(what, error);
    return this.#failure;
  }

  #add(work: Waiting["work"], isWrite: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      if (this.#closed) return reject(new StorageClosedError());
      if (this.#waiting.length >= waitingMax) {
        return reject(this.fail("queueing", tooMany()));
      }
      this.#waiting.push({ work, isWrite, resolve, reject });
      // A microtask later: what the caller does in this turn, sends to peers above all, goes first.
      this.#running ??= Promise.resolve().then(() => this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      if (this.#failure !== null) this.#rejectAll(this.#failure);
      else if (typeof this.#waiting[0]!.work === "function") await this.#runFirst();
      else {
        const syncing = this.#appendGroup();
        if (syncing !== null) await syncing;
      }
    }
    this.#running = null;
  }

  async #runFirst(): Promise<void> {
    const { work, isWrite, resolve, reject } = this.#waiting.shift()!;
    invariant(typeof work === "function", "only work is run");
    try {
      await work();
      resolve();
    } catch (error) {
      const refusal = this.#refusalOf("writing", error);
      reject(refusal);
      if (isWrite) this.#rejectWaiting(refusal);
    }
  }

  /** Returns `null` if everything was done inline. */
  #appendGroup(): Promise<void> | null {
    const group = this.#takeGroup();
    try {
      const syncing = this.#log.append(group.map((waiting) => waiting.part));
      if (syncing !== null) return this.#finishLater(group, syncing);
      this.#finish(group);
    } catch (error) {
      this.#refuseGroup(group, error);
    }
    return null;
  }

  async #finishLater(group: readonly WaitingPart[], syncing: Promise<void>): Promise<void> {
    try {
      await syncing;
      this.#finish(group);
    } catch (error) {
      this.#refuseGroup(group, error);
    }
  }

  #finish(group: readonly WaitingPart[]): void {
    this.#log.noteSynced();
    for (const { resolve } of group) resolve();
  }

  #refuseGroup(group: readonly WaitingPart[], error: unknown): void {
    const refusal = this.#refusalOf("writing the log", error);
    for (const { reject } of group) reject(refusal);
    this.#rejectWaiting(refusal);
  }

  #refusalOf(what: string, error: unknown): StorageError {
    return error instanceof StorageFullError ? error : this.fail(what, error);
  }

  #rejectAll(failure: StorageError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(failure);
  }

  /** Q4: the writes behind one that was refused. */
  #rejectWaiting(refusal: StorageError): void {
    const all = this.#waiting.splice(0);
    for (const waiting of all) {
      if (waiting.isWrite) waiting.reject(refusal);
      else this.#waiting.push(waiting);
    }
  }

  /** The parts at the head of the queue that fit into one batch; at least one. */
  #takeGroup(): WaitingPart[] {
    const group: WaitingPart[] = [];
    let bytes = 0;
    for (const { work, resolve, reject } of this.#waiting) {
      if (typeof work === "function") break;
      bytes += partMaxBytes(work);
      if (group.length > 0 && bytes > mergeMaxBytes) break;
      group.push({ part: work, resolve, reject });
    }
    this.#waiting.splice(0, group.length);
    return group;
  }
}

interface WaitingPart extends Omit<Waiting, "work" | "isWrite"> {
  readonly part: BatchPart;
}

function tooMany(): Error {
  return new Error(`more than ${waitingMax} calls wait`);
}
