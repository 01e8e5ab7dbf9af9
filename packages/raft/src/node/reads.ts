/**
 * Reads that wait: for a read index, then until it is applied here.
 *
 * A refused read did nothing, so it is asked again when a leader is known, until its time is up:
 * callers see a change of leader as a delay. The query itself runs in the very moment in which the
 * state machine is known to be fresh enough: nothing may come in between.
 */
import type { Refusal } from "../core/door.ts";
import { NotLeaderError, OverloadedError, ReadTimeoutError, StoppedError } from "../errors.ts";
import type { LogIndex } from "../types.ts";
import type { Waiter } from "./waiting.ts";

/** `resolve` runs the query. */
type ReadWaiter = Waiter<undefined>;

interface FoundRead {
  readonly index: LogIndex;
  readonly waiter: ReadWaiter;
}

export class Reads {
  /** No read index yet. */
  readonly #asking = new Map<number, ReadWaiter>();
  /** Refused, and to be asked again. */
  readonly #askAgain = new Set<number>();
  /** The read index is known and not applied yet. */
  #found: FoundRead[] = [];
  #nextContext = 1;

  get size(): number {
    return this.#asking.size + this.#found.length;
  }

  /** @returns the context to ask the core with */
  add(waiter: ReadWaiter): number {
    const context = this.#nextContext;
    this.#nextContext += 1;
    this.#asking.set(context, waiter);
    return context;
  }

  onReady(context: number, index: LogIndex, appliedIndex: LogIndex): void {
    const waiter = this.#asking.get(context);
    if (waiter === undefined) return;
    this.#asking.delete(context);
    if (index <= appliedIndex) waiter.resolve(undefined);
    else this.#found.push({ index, waiter });
  }

  onRefused(context: number, refusal: Refusal): void {
    const waiter = this.#asking.get(context);
    if (waiter === undefined) return;
    if (refusal.reason === "notLeader") {
      this.#askAgain.add(context);
      return;
    }
    this.#asking.delete(context);
    waiter.reject(new OverloadedError());
  }

  onApplied(appliedIndex: LogIndex): void {
    if (this.#found.length === 0) return;
    const reached = this.#found.filter(({ index }) => index <= appliedIndex);
    if (reached.length === 0) return;
    this.#found = this.#found.filter(({ index }) => index > appliedIndex);
    for (const { waiter } of reached) waiter.resolve(undefined);
  }

  /** Takes the reads that should be asked again, and ends those whose time is up. */
  onTick(nowMs: number, leaderKnown: boolean): readonly number[] {
    const error = leaderKnown ? new ReadTimeoutError() : new NotLeaderError(null);
    this.#remove(
      ({ deadlineMs }) => deadlineMs <= nowMs,
      () => error,
    );
    if (!leaderKnown || this.#askAgain.size === 0) return [];
    const again = [...this.#askAgain];
    this.#askAgain.clear();
    return again;
  }

  abandon(waiter: ReadWaiter, error: Error): void {
    this.#remove(
      (other) => other === waiter,
      () => error,
    );
  }

  rejectAll(cause: Error | null): void {
    this.#remove(
      () => true,
      () => new StoppedError(cause === null ? undefined : { cause }),
    );
  }

  #remove(which: (waiter: ReadWaiter) => boolean, error: () => Error): void {
    const rejected: ReadWaiter[] = [];
    for (const [context, waiter] of this.#asking) {
      if (!which(waiter)) continue;
      this.#asking.delete(context);
      this.#askAgain.delete(context);
      rejected.push(waiter);
    }
    this.#found = this.#found.filter(({ waiter }) => {
      if (which(waiter)) rejected.push(waiter);
      return !which(waiter);
    });
    for (const waiter of rejected) waiter.reject(error());
  }
}
