/**
 * Commands that were proposed here and wait for their outcome.
 *
 * An entry that was appended is decided by what is committed at its index, and by nothing else: our
 * entry, and the command took effect; another one, and it never will. That our own copy was
 * truncated decides nothing: a server that still has it may lead later. Until then nobody can know,
 * so a wait that ends early ends as "unknown", whatever ended it.
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

/** Most commands that wait for their outcome; more are refused as overload. */
export const pendingProposalsMax = 65_536;

interface Pending<Result> {
  readonly waiter: Waiter<Proposed<Result>>;
  term: Term;
  /** An earlier proposal at the same index, of another term: both are decided together. */
  older: Pending<Result> | null;
}

export class Proposals<Result> {
  readonly #entering = new Map<number, Pending<Result>>();
  readonly #appended = new Map<LogIndex, Pending<Result>>();
  #nextContext = 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @returns the context to propose with, which also identifies the wait */
  add(waiter: Waiter<Proposed<Result>>): number {
    const context = this.#nextContext;
    this.#nextContext += 1;
    this.#size += 1;
    this.#entering.set(context, { waiter, term: 0, older: null });
    return context;
  }

  onProposed(context: number, first: EntryId): void {
    const pending = this.#entering.get(context);
    if (pending === undefined) return;
    this.#entering.delete(context);
    pending.term = first.term;
    pending.older = this.#appended.get(first.index) ?? null;
    this.#appended.set(first.index, pending);
  }

  onRefused(context: number, refusal: Refusal): void {
    const pending = this.#entering.get(context);
    if (pending === undefined) return;
    this.#entering.delete(context);
    this.#size -= 1;
    pending.waiter.reject(errorOf(refusal));
  }

  /** Entries were applied; `results` has one item a command, in order. */
  onApplied(entries: readonly Entry[], results: readonly Result[]): void {
    let at = 0;
    for (const entry of entries) {
      const result = entry.kind === "command" ? results[at++] : undefined;
      if (this.#appended.size > 0) this.#decide(entry, result);
    }
  }

  #decide(entry: Entry, result: Result | undefined): void {
    const newest = this.#appended.get(entry.index);
    if (newest === undefined) return;
    this.#appended.delete(entry.index);
    for (let at: Pending<Result> | null = newest; at !== null; at = at.older) {
      this.#size -= 1;
      if (at.term !== entry.term) at.waiter.reject(new ProposalLostError());
      // Index and term name one entry: it is ours, and a command, whatever its result is.
      else at.waiter.resolve({ result: result as Result, index: entry.index, term: entry.term });
    }
  }

  /** A snapshot took the place of these entries: what stood at their indexes is not known here. */
  onSnapshot(index: LogIndex): void {
    this.#remove(
      (at) => at <= index,
      () => new OutcomeUnknownError("a snapshot took the place of the entry"),
    );
  }

  expire(nowMs: number): void {
    this.#remove(
      (_, { waiter }) => waiter.deadlineMs <= nowMs,
      () => new OutcomeUnknownError("no majority confirmed the command in time"),
    );
  }

  /** The caller does not want to wait any longer. */
  abandon(waiter: Waiter<Proposed<Result>>, error: Error): void {
    this.#remove(
      (_, pending) => pending.waiter === waiter,
      () => error,
    );
  }

  rejectAll(why: string, cause: Error | null): void {
    const options = cause === null ? undefined : { cause };
    this.#remove(
      () => true,
      () => new OutcomeUnknownError(why, options),
    );
  }

  #remove(which: (index: LogIndex, pending: Pending<Result>) => boolean, error: () => Error): void {
    const rejected: Pending<Result>[] = [];
    const keep = (index: LogIndex, pending: Pending<Result> | null): Pending<Result> | null => {
      if (pending === null) return null;
      pending.older = keep(index, pending.older);
      if (!which(index, pending)) return pending;
      rejected.push(pending);
      return pending.older;
    };
    for (const [context, pending] of this.#entering) {
      if (keep(Infinity, pending) === null) this.#entering.delete(context);
    }
    for (const [index, pending] of this.#appended) {
      const kept = keep(index, pending);
      if (kept === null) this.#appended.delete(index);
      else if (kept !== pending) this.#appended.set(index, kept);
    }
    this.#size -= rejected.length;
    for (const { waiter } of rejected) waiter.reject(error());
  }
}

function errorOf(refusal: Refusal): Error {
  switch (refusal.reason) {
    case "notLeader":
      return new NotLeaderError(refusal.leaderId);
    case "overloaded":
      return new OverloadedError();
    case "tooLarge":
      return new CommandTooLargeError(refusal.maxBytes);
  }
}
