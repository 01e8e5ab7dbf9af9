/**
 * What clients saw, and whether a single counter could have answered them so.
 *
 * Every operation is one that hands out a number or one that reads the counter. Times are those of
 * the clients, all of them in one process, so that they can be compared:
 *
 * H1 No number is handed out twice.
 * H2 What ended before another one began happened before it: a later number is greater, a later
 *    read sees at least that number, a number after a read is greater than what was read.
 * H3 No read and no number is beyond what could have happened: writes that had begun by then.
 * H4 At the end all nodes agree; nothing that was acknowledged is missing, and whatever is there
 *    beyond it was sent by a client that does not know what became of it.
 * H5 What goes wrong is a lost connection, a late reply, or a reply of 503 or 504: nothing else.
 */

/** What a client knows of its request when it ends. `notApplied` promises that it never counts. */
export type Outcome =
  | { readonly kind: "acknowledged"; readonly value: number }
  | { readonly kind: "notApplied"; readonly why: string }
  | { readonly kind: "unknown"; readonly why: string };

/** One request, or all attempts with one key. Times in milliseconds of `performance.now()`. */
export interface Operation {
  readonly kind: "write" | "read";
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
}

/** An operation that was answered. */
export interface Acknowledged extends Operation {
  readonly outcome: Extract<Outcome, { readonly kind: "acknowledged" }>;
}

/** Most violations that are told; one bug causes thousands. */
const violationsShown = 10;

export class History {
  readonly #operations: Operation[] = [];
  readonly #listeners = new Set<(operation: Acknowledged) => void>();

  record(operation: Operation): void {
    this.#operations.push(operation);
    if (!isAcknowledged(operation)) return;
    for (const listener of this.#listeners) listener(operation);
  }

  get operations(): readonly Operation[] {
    return this.#operations;
  }

  acknowledged(kind: Operation["kind"]): readonly Acknowledged[] {
    return this.#operations.filter(isAcknowledged).filter((operation) => operation.kind === kind);
  }

  /** Writes of which nobody knows whether they count. */
  get unknownWrites(): number {
    return this.#operations.filter(({ kind, outcome }) => {
      return kind === "write" && outcome.kind === "unknown";
    }).length;
  }

  /** Operations that were answered 503: a client has seen that something was wrong. */
  get refused(): number {
    return this.#operations.filter(({ outcome }) => {
      return outcome.kind !== "acknowledged" && outcome.why.startsWith("503 ");
    }).length;
  }

  /** The first write from now on that began at `time` or later and was acknowledged. */
  writeBegunAfter(time: number): Promise<Acknowledged> {
    return new Promise((resolve) => {
      const listener = (operation: Acknowledged): void => {
        if (operation.kind !== "write" || operation.startedAt < time) return;
        this.#listeners.delete(listener);
        resolve(operation);
      };
      this.#listeners.add(listener);
    });
  }

  /** Longest time between two neighbouring acknowledgements of writes in this span. */
  longestGap(from: number, to: number): number {
    const ends = this.acknowledged("write").map(({ endedAt }) => endedAt);
    const inside = ends.filter((time) => time > from && time < to).sort((a, b) => a - b);
    const times = [from, ...inside, to];
    return Math.max(...times.slice(1).map((time, place) => time - times[place]!));
  }

  /**
   * Everything that a single counter would not have done.
   *
   * @param finalValues - the counter as each node tells it after the last operation has ended
   */
  violations(finalValues: readonly number[]): readonly string[] {
    return [
      ...duplicates(this.acknowledged("write")),
      ...outOfOrder(this.#operations),
      ...fromNowhere(this.#operations),
      ...this.#wrongEnd(finalValues),
      ...surprises(this.#operations),
    ].slice(0, violationsShown);
  }

  /** H4 */
  #wrongEnd(finalValues: readonly number[]): string[] {
    const [value = 0, ...others] = finalValues;
    const found: string[] = [];
    if (others.some((other) => other !== value)) {
      found.push(`the nodes disagree at the end: ${finalValues.join(", ")}`);
    }
    const writes = this.acknowledged("write");
    const highest = writes.reduce((max, { outcome }) => Math.max(max, outcome.value), 0);
    if (value < highest) found.push(`the counter is ${value}, but ${highest} was handed out`);
    const surplus = value - writes.length;
    if (surplus < 0 || surplus > this.unknownWrites) {
      found.push(
        `the counter is ${value} after ${writes.length} acknowledged writes and ${this.unknownWrites} of unknown outcome`,
      );
    }
    return found;
  }
}

function isAcknowledged(operation: Operation): operation is Acknowledged {
  return operation.outcome.kind === "acknowledged";
}

/** H1 */
function duplicates(writes: readonly Acknowledged[]): string[] {
  const seen = new Set<number>();
  const found: string[] = [];
  for (const { outcome } of writes) {
    if (seen.has(outcome.value)) found.push(`${outcome.value} was handed out twice`);
    seen.add(outcome.value);
  }
  return found;
}

/** H2: in the order of their beginnings, each against the highest value that had ended before. */
function outOfOrder(operations: readonly Operation[]): string[] {
  const answered = operations.filter(isAcknowledged);
  const byEnd = [...answered].sort((a, b) => a.endedAt - b.endedAt);
  const byStart = [...answered].sort((a, b) => a.startedAt - b.startedAt);
  const found: string[] = [];
  let highest = 0;
  let ended = 0;
  for (const { kind, startedAt, outcome } of byStart) {
    for (; byEnd[ended] !== undefined && byEnd[ended]!.endedAt < startedAt; ended += 1) {
      highest = Math.max(highest, byEnd[ended]!.outcome.value);
    }
    const least = kind === "write" ? highest + 1 : highest;
    if (outcome.value < least) {
      found.push(`a ${kind} answered ${outcome.value} after ${highest} had been seen`);
    }
  }
  return found;
}

/** H3: no value exceeds the number of writes that had begun when it was answered. */
function fromNowhere(operations: readonly Operation[]): string[] {
  const begun = operations
    .filter(({ kind, outcome }) => kind === "write" && outcome.kind !== "notApplied")
    .map(({ startedAt }) => startedAt)
    .sort((a, b) => a - b);
  const byEnd = operations.filter(isAcknowledged).sort((a, b) => a.endedAt - b.endedAt);
  const found: string[] = [];
  let possible = 0;
  for (const { kind, endedAt, outcome } of byEnd) {
    while (possible < begun.length && begun[possible]! <= endedAt) possible += 1;
    if (outcome.value > possible) {
      found.push(`a ${kind} answered ${outcome.value} when ${possible} writes had begun`);
    }
  }
  return found;
}

/** H5 */
function surprises(operations: readonly Operation[]): string[] {
  return operations.flatMap(({ kind, outcome }) => {
    if (outcome.kind === "acknowledged") return [];
    const expected = /^(E[A-Z]+|503 .*|504 .*)$/s.test(outcome.why);
    return expected ? [] : [`a ${kind} failed with ${outcome.why}`];
  });
}
