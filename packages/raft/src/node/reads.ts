/**
 * Linearizable reads that wait: first for a read index, then until it is applied here.
 *
 * A refused read did nothing, so it is asked again at the next tick until its time is up: callers
 * see a change of leader as a delay.
 */
import type { Refusal } from "../core/door.ts";
import { NotLeaderError, OverloadedError, ReadTimeoutError, StoppedError } from "../errors.ts";
import type { LogIndex } from "../types.ts";
import type { Waiter } from "./waiting.ts";

interface PendingRead extends Waiter<void> {
  /** `null` until a read index is known. */
  index: LogIndex | null;
  /** Refused, and to be asked again. */
  askAgain: boolean;
}

export class Reads {
  readonly #pending = new Map<number, PendingRead>();
  #nextContext = 1;

  get size(): number {
    return this.#pending.size;
  }

  /** @returns the context to ask the core with */
  add(waiter: Waiter<void>): number {
    const context = this.#nextContext;
    this.#nextContext += 1;
    this.#pending.set(context, { ...waiter, index: null, askAgain: false });
    return context;
  }

  onReady(context: number, index: LogIndex, appliedIndex: LogIndex): void {
    const read = this.#pending.get(context);
    if (read === undefined) return;
    read.index = index;
    if (index <= appliedIndex) this.#finish(context, read);
  }

  onRefused(context: number, refusal: Refusal): void {
    const read = this.#pending.get(context);
    if (read === undefined) return;
    if (refusal.reason === "notLeader") {
      read.askAgain = true;
      return;
    }
    this.#pending.delete(context);
    read.reject(new OverloadedError());
  }

  onApplied(appliedIndex: LogIndex): void {
    for (const [context, read] of this.#pending) {
      if (read.index !== null && read.index <= appliedIndex) this.#finish(context, read);
    }
  }

  /** Takes the reads that should be asked again, and ends those whose time is up. */
  onTick(nowMs: number, leaderKnown: boolean): readonly number[] {
    const again: number[] = [];
    for (const [context, read] of this.#pending) {
      if (read.deadlineMs <= nowMs) {
        this.#pending.delete(context);
        read.reject(leaderKnown ? new ReadTimeoutError() : new NotLeaderError(null));
      } else if (read.askAgain) {
        read.askAgain = false;
        again.push(context);
      }
    }
    return again;
  }

  abandon(reject: (error: Error) => void, error: Error): void {
    for (const [context, read] of this.#pending) {
      if (read.reject === reject) this.#pending.delete(context);
    }
    reject(error);
  }

  rejectAll(cause: Error | null): void {
    for (const read of this.#pending.values()) {
      read.reject(new StoppedError(cause === null ? undefined : { cause }));
    }
    this.#pending.clear();
  }

  #finish(context: number, read: PendingRead): void {
    this.#pending.delete(context);
    read.resolve();
  }
}
