/**
 * A restore that is too large for one command: staged part by part beside the counters, and put in
 * their place at once.
 *
 * S1  Nothing of it is seen before the commit, and then all of it: at one index of the log.
 * S2  A commit is refused unless all parts came that were announced, with their digest.
 * S3  There is one stage at most. The beginning of another one drops it, and so do a restore of any
 *     kind, a commit that is refused for good, and ten minutes of log time without a part.
 * S4  The stage is part of the state, and snapshots hold it: a server that began with one goes on
 *     like the others.
 * S5  What was issued meanwhile is not issued again (C2). Every number is carried over when it is
 *     issued; those from before it began are carried over by commits, a bounded number each.
 */
import { CounterTable } from "./counter-table.ts";
import { restoreCarryMax } from "./limits.ts";
import type { RestoreBegin } from "./operations.ts";
import { noSums, textOf, withPart, type StageSums } from "./stage-digest.ts";
import type { CounterBackup, MachineObserver } from "./types.ts";

/** What was announced, and how much of it came. */
export interface StageFacts extends Pick<RestoreBegin, "stage" | "parts" | "bytes" | "digest"> {
  /** Of the machine when it began: what its counters have, under the epoch after the commit. */
  readonly revision: number;
  /** Log time of the last part. */
  readonly touchedAtMs: number;
  readonly partsDone: number;
  readonly bytesDone: number;
  readonly sums: StageSums;
}

export class StagedRestore {
  /** The counters after the commit. */
  readonly table: CounterTable;
  #facts: StageFacts;
  /** Place in the live table up to which issued numbers were carried over. */
  #carriedTo: number;

  /** @param carriedTo - not 0 only if it was read from a snapshot */
  constructor(facts: StageFacts, table: CounterTable, carriedTo: number = 0) {
    this.#facts = facts;
    this.table = table;
    this.#carriedTo = carriedTo;
  }

  static begun(
    { stage, parts, bytes, digest }: RestoreBegin,
    at: { readonly revision: number; readonly logTimeMs: number },
    observer: MachineObserver,
  ): StagedRestore {
    const { revision, logTimeMs: touchedAtMs } = at;
    const nothing = { partsDone: 0, bytesDone: 0, sums: noSums };
    const facts = { stage, parts, bytes, digest, revision, touchedAtMs, ...nothing };
    return new StagedRestore(facts, new CounterTable(observer));
  }

  get facts(): StageFacts {
    return this.#facts;
  }

  /** The next part. */
  add(data: Uint8Array, counters: readonly CounterBackup[], logTimeMs: number): void {
    const { revision, partsDone, bytesDone, sums } = this.#facts;
    for (const counter of counters) {
      const issued = this.table.issued(counter.name);
      this.table.loadBackup(counter, { revision, logTimeMs, issued });
    }
    this.#facts = {
      ...this.#facts,
      touchedAtMs: logTimeMs,
      partsDone: partsDone + 1,
      bytesDone: bytesDone + data.length,
      sums: withPart(sums, data),
    };
  }

  /** Whether all came that was announced (S2). */
  get whole(): boolean {
    const { parts, bytes, digest, partsDone, bytesDone, sums } = this.#facts;
    return partsDone === parts && bytesDone === bytes && textOf(sums) === digest;
  }

  /**
   * Carries issued numbers over, of so many counters as one command may take (S5).
   *
   * @returns whether that was the last of them
   */
  carry(live: CounterTable): boolean {
    let looked = 0;
    for (const { name, issued, sequence } of live.recordsFrom(this.#carriedTo)) {
      if (looked === restoreCarryMax) return false;
      looked += 1;
      if (issued !== null) this.table.carry(name, issued);
      this.#carriedTo = sequence + 1;
    }
    return true;
  }

  /** How many counters of the live table were looked at: places are another server's own. */
  carriedOf(live: CounterTable): number {
    return live.countBefore(this.#carriedTo);
  }
}
