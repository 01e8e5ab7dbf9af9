/**
 * Changes of membership that were asked for here and wait for their outcome.
 *
 * Like a command, a change is decided by what is committed at its index, and by nothing else. One
 * that goes through a joint configuration is done when that has been left, which whoever leads then
 * sees to.
 */
import { decodeConfiguration } from "../core/configuration.ts";
import type { MembershipChange } from "../core/configuration-changes.ts";
import type { ChangeRefusal, Input } from "../core/door.ts";
import {
  ChangeInProgressError,
  ConfigurationMovedError,
  InvalidChangeError,
  NotLeaderError,
  OutcomeUnknownError,
  OverloadedError,
  ProposalLostError,
  StoppedError,
  UnsafeChangeError,
} from "../errors.ts";
import type { Entry, EntryId, LogIndex } from "../types.ts";
import type { ChangeOptions, Membership } from "./options.ts";
import { asError, waiterOf } from "./waiting.ts";
import type { Waiter } from "./waiting.ts";

/** Most changes that wait at once; they are carried out one after the other. */
export const pendingChangesMax = 64;

type ChangeInput = Extract<Input, { type: "changeMembership" }>;

interface Pending {
  readonly waiter: Waiter<Membership>;
  readonly input: ChangeInput;
  /** Where it was appended; `null` while it was not. */
  entry: EntryId | null;
  /** Refused for now, so not appended; asked again with the next tick. */
  askAgain: boolean;
  /** The joint configuration is committed, and is being left. */
  leaving: boolean;
}

export class MembershipChanges {
  readonly #pending = new Map<number, Pending>();
  readonly #step: (input: Input) => void;
  #nextContext = 1;

  constructor(step: (input: Input) => void) {
    this.#step = step;
  }

  /** Asks for a change; see `RaftNode.changeMembership`. */
  change(changes: readonly MembershipChange[], options: ChangeOptions): Promise<Membership> {
    return new Promise((resolve, reject) => {
      if (options.signal?.aborted === true) return reject(asError(options.signal.reason));
      if (this.#pending.size >= pendingChangesMax) return reject(new OverloadedError());
      const context = this.#nextContext;
      this.#nextContext += 1;
      const waiter = waiterOf<Membership>({ resolve, reject }, options, (_, cause) => {
        this.#endEarly(context, "the wait was aborted", { cause });
      });
      const { transition = "auto", expectedIndex = null, force = false } = options;
      const input = {
        type: "changeMembership",
        context,
        changes,
        transition,
        expectedIndex,
        force,
      } as const;
      const open = { entry: null, askAgain: false, leaving: false };
      this.#pending.set(context, { waiter, input, ...open });
      this.#step(input);
    });
  }

  onProposed(context: number, entry: EntryId): void {
    const pending = this.#pending.get(context);
    if (pending !== undefined) pending.entry = entry;
  }

  onRefused(context: number, refusal: ChangeRefusal): void {
    const pending = this.#pending.get(context);
    if (pending === undefined) return;
    // Waiting helps, unless the caller wants the configuration as it was.
    const passes = refusal.reason === "changeTooEarly" || refusal.reason === "changeInProgress";
    if (passes && pending.input.expectedIndex === null) pending.askAgain = true;
    else this.#reject(context, errorOf(refusal));
  }

  /** Entries were applied, so they are committed. */
  onApplied(entries: readonly Entry[]): void {
    if (this.#pending.size === 0) return;
    for (const entry of entries) {
      for (const [context, pending] of this.#pending) this.#decide(context, pending, entry);
    }
  }

  #decide(context: number, pending: Pending, entry: Entry): void {
    const isOurs = pending.entry?.index === entry.index;
    if (isOurs && pending.entry?.term !== entry.term) {
      return this.#reject(context, new ProposalLostError());
    }
    if (entry.kind !== "configuration" || !(isOurs || pending.leaving)) return;
    const configuration = decodeConfiguration(entry.data);
    if (configuration.outgoing.length > 0 && configuration.autoLeave) pending.leaving = true;
    else {
      this.#pending.delete(context);
      pending.waiter.resolve({ configuration, index: entry.index });
    }
  }

  /** A snapshot took the place of these entries: what stood at their indexes is not known here. */
  onSnapshot(index: LogIndex): void {
    for (const [context, { entry }] of this.#pending) {
      if (entry !== null && entry.index <= index) {
        this.#reject(context, new OutcomeUnknownError("a snapshot took the place of the entry"));
      }
    }
  }

  onTick(nowMs: number): void {
    for (const [context, pending] of this.#pending) {
      if (pending.waiter.deadlineMs <= nowMs) {
        this.#endEarly(context, "no majority confirmed the change in time");
      } else if (pending.askAgain) {
        pending.askAgain = false;
        this.#step(pending.input);
      }
    }
  }

  rejectAll(why: string, cause: Error | null): void {
    const options = cause === null ? undefined : { cause };
    for (const [context, { askAgain }] of this.#pending) {
      this.#reject(context, askAgain ? new StoppedError(options) : unknown(why, options));
    }
  }

  #endEarly(context: number, why: string, options?: ErrorOptions): void {
    const pending = this.#pending.get(context);
    if (pending === undefined) return;
    // Certain is only what the core said: an answer may be on its way that it was appended.
    this.#reject(context, pending.askAgain ? new ChangeInProgressError() : unknown(why, options));
  }

  #reject(context: number, error: Error): void {
    const pending = this.#pending.get(context);
    this.#pending.delete(context);
    pending?.waiter.reject(error);
  }
}

function unknown(why: string, options: ErrorOptions | undefined): OutcomeUnknownError {
  return new OutcomeUnknownError(why, options);
}

function errorOf(refusal: ChangeRefusal): Error {
  switch (refusal.reason) {
    case "notLeader":
      return new NotLeaderError(refusal.leaderId);
    case "changeTooEarly":
    case "changeInProgress":
      return new ChangeInProgressError();
    case "configurationMoved":
      return new ConfigurationMovedError(refusal.configurationIndex);
    case "invalidChange":
      return new InvalidChangeError(refusal.problem);
    case "unsafeChange":
      return new UnsafeChangeError(refusal.problem);
  }
}
