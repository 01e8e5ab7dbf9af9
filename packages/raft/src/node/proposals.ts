/**
 * Commands that were proposed here and wait for their outcome.
 *
 * An entry that was appended is decided by what is committed at its index: our entry, and the
 * command took effect; another one, and it never will. Until then nobody can know, so a wait that
 * ends early ends as "unknown", whatever ended it.
 */
import {
  CommandTooLargeError,
  NotLeaderError,
  OutcomeUnknownError,
  OverloadedError,
  ProposalLostError,
} from "../errors.ts";
import type { Refusal } from "../core/door.ts";
import type { Entry, EntryId, LogIndex, Term } from "../types.ts";
import type { Proposed } from "./options.ts";
import type { Waiter } from "./waiting.ts";

interface Pending<Result> extends Waiter<Proposed<Result>> {
  term: Term;
}

export class Proposals<Result> {
  readonly #entering = new Map<number, Pending<Result>>();
  readonly #appended = new Map<LogIndex, Pending<Result>>();
  #nextContext = 1;

  get size(): number {
    return this.#entering.size + this.#appended.size;
  }

  /** @returns the context to propose with, which also identifies the wait */
  add(waiter: Waiter<Proposed<Result>>): number {
    const context = this.#nextContext;
    this.#nextContext += 1;
    this.#entering.set(context, { ...waiter, term: 0 });
    return context;
  }

  onProposed(context: number, first: EntryId): void {
    const pending = this.#entering.get(context);
    if (pending === undefined) return;
    this.#entering.delete(context);
    pending.term = first.term;
    // An older proposal of ours at this index was truncated with its entry.
    this.#appended.get(first.index)?.reject(new ProposalLostError());
    this.#appended.set(first.index, pending);
  }

  onRefused(context: number, refusal: Refusal): void {
    const pending = this.#entering.get(context);
    this.#entering.delete(context);
    pending?.reject(errorOf(refusal));
  }

  /** Whether someone here waits for what is committed at this index. */
  has(index: LogIndex): boolean {
    return this.#appended.has(index);
  }

  /** An entry was applied; `result` is what the state machine said if it was a command. */
  onApplied(entry: Entry, result: Result | undefined): void {
    const pending = this.#appended.get(entry.index);
    if (pending === undefined) return;
    this.#appended.delete(entry.index);
    if (pending.term !== entry.term || result === undefined) {
      return pending.reject(new ProposalLostError());
    }
    pending.resolve({ result, index: entry.index, term: entry.term });
  }

  /** A snapshot took the place of these entries: what stood at their indexes is not known here. */
  onSnapshot(index: LogIndex): void {
    for (const [at, pending] of this.#appended) {
      if (at > index) continue;
      this.#appended.delete(at);
      pending.reject(new OutcomeUnknownError("a snapshot took the place of the entry"));
    }
  }

  expire(nowMs: number): void {
    for (const [index, pending] of this.#appended) {
      if (pending.deadlineMs > nowMs) continue;
      this.#appended.delete(index);
      pending.reject(new OutcomeUnknownError("no majority confirmed the command in time"));
    }
  }

  /** The caller does not want to wait any longer. */
  abandon(reject: (error: Error) => void, error: Error): void {
    for (const waiting of [this.#entering, this.#appended]) {
      for (const [key, pending] of waiting) {
        if (pending.reject === reject) waiting.delete(key);
      }
    }
    reject(error);
  }

  rejectAll(why: string, cause: Error | null): void {
    const options = cause === null ? undefined : { cause };
    for (const waiting of [this.#entering, this.#appended]) {
      for (const pending of waiting.values()) {
        pending.reject(new OutcomeUnknownError(why, options));
      }
      waiting.clear();
    }
  }
}

export function errorOf(refusal: Refusal): Error {
  switch (refusal.reason) {
    case "notLeader":
      return new NotLeaderError(refusal.leaderId);
    case "overloaded":
      return new OverloadedError();
    case "tooLarge":
      return new CommandTooLargeError(refusal.maxBytes);
  }
}
