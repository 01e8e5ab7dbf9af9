/** Everybody who waits for an answer: proposals, reads, changes of membership. */
import type { Input, Outcome } from "../core/door.ts";
import { NoLeasesError, OverloadedError, StaleReadError } from "../errors.ts";
import type { Entry, LogIndex } from "../types.ts";
import type { LeaseClock } from "./lease-clock.ts";
import { MembershipChanges } from "./membership-changes.ts";
import { Proposals } from "./proposals.ts";
import type { Freshness, ReadOptions } from "./options.ts";
import { Reads } from "./reads.ts";
import { answering, asError, waiterOf } from "./waiting.ts";

export interface RequestsSetup {
  /** Most reads that wait at once. */
  readonly pendingReadsMax: number;
  /** `null` without leases. */
  readonly leaseClock: LeaseClock | null;
  /** As {@link Freshness} says. */
  readonly leaderSilentMs: () => number | null;
}

export class Requests<Result> {
  readonly proposals: Proposals<Result> = new Proposals<Result>();
  readonly reads: Reads = new Reads();
  readonly changes: MembershipChanges;
  readonly #step: (input: Input) => void;
  readonly #setup: RequestsSetup;

  constructor(step: (input: Input) => void, setup: RequestsSetup) {
    this.#step = step;
    this.#setup = setup;
    this.changes = new MembershipChanges(step);
  }

  /** See `RaftNode.read`. `appliedIndex`: as in {@link Requests.onOutcome}. */
  read<Value>(
    query: (freshness: Freshness) => Value,
    { consistency, leaderSilentMaxMs = Infinity, ...wait }: ReadOptions,
    appliedIndex: LogIndex,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      const { leaseClock, pendingReadsMax, leaderSilentMs } = this.#setup;
      if (wait.signal?.aborted === true) return reject(asError(wait.signal.reason));
      if (consistency === "lease" && leaseClock === null) return reject(new NoLeasesError());
      if (this.reads.size >= pendingReadsMax) return reject(new OverloadedError());
      const asked = (): Value => {
        if (consistency === "local" && leaderSilentMaxMs < Infinity) {
          const silentMs = leaderSilentMs();
          if ((silentMs ?? Infinity) > leaderSilentMaxMs) throw new StaleReadError(silentMs);
        }
        // Found out only if it is asked for: it takes a copy of the core's status.
        return query({
          get leaderSilentMs(): number | null {
            return leaderSilentMs();
          },
        });
      };
      const waiter = waiterOf(answering(asked, resolve, reject), wait, (abandoned, reason) => {
        this.reads.abandon(abandoned, asError(reason));
      });
      const context = this.reads.add(waiter);
      if (consistency === "local") return this.reads.onReady(context, 0, appliedIndex);
      const leaseNowMs = consistency === "lease" ? leaseClock?.nowMs() : undefined;
      this.#step({ type: "read", context, leaseNowMs });
    });
  }

  /** @param appliedIndex - what the state machine stands for; -1: it must not be read */
  onOutcome(outcome: Outcome, appliedIndex: LogIndex): void {
    switch (outcome.type) {
      case "proposed":
        return this.proposals.onProposed(outcome.context, outcome.first);
      case "proposalRefused":
        return this.proposals.onRefused(outcome.context, outcome.refusal);
      case "changeProposed":
        return this.changes.onProposed(outcome.context, outcome.entry);
      case "changeRefused":
        return this.changes.onRefused(outcome.context, outcome.refusal);
      case "readReady":
        return this.reads.onReady(outcome.context, outcome.index, appliedIndex);
      case "readRefused":
        return this.reads.onRefused(outcome.context, outcome.refusal);
    }
  }

  /** Results first: whoever reads next should find its own command answered. */
  onApplied(entries: readonly Entry[], results: readonly Result[]): void {
    this.proposals.onApplied(entries, results);
    this.changes.onApplied(entries);
  }

  onRestored(index: LogIndex): void {
    this.proposals.onSnapshot(index);
    this.changes.onSnapshot(index);
    this.reads.onApplied(index);
  }

  onTick(nowMs: number, leaderKnown: boolean): void {
    this.proposals.expire(nowMs);
    this.changes.onTick(nowMs);
    for (const context of this.reads.onTick(nowMs, leaderKnown)) {
      this.#step({ type: "read", context });
    }
  }

  rejectAll(cause: Error | null): void {
    this.proposals.rejectAll("the node stopped", cause);
    this.changes.rejectAll("the node stopped", cause);
    this.reads.rejectAll(cause);
  }
}
