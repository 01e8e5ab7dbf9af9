/**
 * Whether a history of one counter is linearizable: exactly, in O(n log n).
 *
 * In general this is NP-complete. Counters of a fixed step are easy: every add moves the value up by
 * the same step and answers the value after it, so that the answers already are the total order of
 * all adds whose outcome is known. What remains to be found are moments:
 *
 * 1. An add that answered `v` owns the slot `v / step`; two owners of one slot are a number handed
 *    out twice. A slot without an owner belongs to some add whose outcome is unknown. Such an add
 *    may take effect at any time from its start on, so only its start counts, and the one that
 *    started first is always the best choice for the first free slot.
 * 2. A read of `v` happens after the add of slot `v / step` and before the next one.
 * 3. Walk the slots in order with the earliest possible moment: each operation happens at the later
 *    of its own start and the moment of the one before. It is too late if that is after its return.
 *
 * Taking the earliest moment each time never makes a later operation impossible, so the history is
 * linearizable if and only if the walk arrives at the end. The final state is a read at the end.
 */
export interface CounterOperation {
  readonly kind: "add" | "get";
  readonly invokedAt: number;
  /** `Infinity` while the outcome is unknown. */
  readonly returnedAt: number;
  /** The value after an add, or the value read; `null` while unknown. */
  readonly value: number | null;
}

export interface CounterHistory {
  /** What every add adds: 1 or more. */
  readonly step: number;
  /** Refused operations and unanswered reads are left out: they must not have any effect. */
  readonly operations: readonly CounterOperation[];
  /** The value that all servers hold in the end. */
  readonly finalValue: number;
}

/** @returns what is wrong, as a sentence; `null` if the history is linearizable */
export function judgeCounterHistory(history: CounterHistory): string | null {
  const { step, finalValue } = history;
  const owners = new Map<number, CounterOperation>();
  const reads = new Map<number, CounterOperation[]>();
  const open: CounterOperation[] = [];
  const slots = finalValue / step;
  if (!Number.isSafeInteger(slots) || slots < 0)
    return `the final value ${finalValue} is impossible`;
  for (const operation of history.operations) {
    const { kind, value } = operation;
    if (value === null) {
      if (kind === "add") open.push(operation);
      continue;
    }
    const slot = value / step;
    if (!Number.isSafeInteger(slot) || slot < (kind === "add" ? 1 : 0)) {
      return `${value} is not a value that this counter can have`;
    }
    if (slot > slots) return `${value} was seen, but the final value is ${finalValue}`;
    if (kind === "get") {
      const same = reads.get(slot);
      if (same === undefined) reads.set(slot, [operation]);
      else same.push(operation);
    } else if (owners.has(slot)) {
      return `two adds were answered with ${value}`;
    } else {
      owners.set(slot, operation);
    }
  }
  open.sort((a, b) => a.invokedAt - b.invokedAt);
  return walk({ step, slots, owners, reads, open });
}

/** Rule 3: the earliest moment for everything, in the order of the values. */
function walk(found: {
  readonly step: number;
  readonly slots: number;
  readonly owners: ReadonlyMap<number, CounterOperation>;
  readonly reads: ReadonlyMap<number, readonly CounterOperation[]>;
  readonly open: readonly CounterOperation[];
}): string | null {
  const { step, slots, owners, reads, open } = found;
  let now = -Infinity;
  let nextOpen = 0;
  for (let slot = 0; slot <= slots; slot += 1) {
    if (slot > 0) {
      const owner = owners.get(slot) ?? open[nextOpen];
      if (owner === undefined) return `nobody can have added the value ${slot * step}`;
      if (!owners.has(slot)) nextOpen += 1;
      now = Math.max(now, owner.invokedAt);
      if (now > owner.returnedAt)
        return `the add of ${slot * step} returned before it can have happened`;
    }
    let latest = now;
    for (const read of reads.get(slot) ?? []) {
      if (now > read.returnedAt)
        return `a read of ${slot * step} returned before that was the value`;
      latest = Math.max(latest, read.invokedAt);
    }
    now = latest; // the next add comes after the last of these reads began
  }
  return null;
}
