/**
 * The sessions of clients, and what was answered in them.
 *
 * N1  A session ends when log time has gone by for as long as it says since its last use; from then
 *     on it is absent, whether it was swept or not. No session ends to make room for another one.
 * N2  Sessions are counted, and the count is never taken back: no number is given twice.
 * N3  What was answered is kept until the client acknowledges it, and not longer than the session.
 */
import { ExpiryHeap, type Expiring } from "./expiry-heap.ts";
import { OrderedTable, type Captured } from "./ordered-table.ts";
import type { OperationRefused, SingleResult } from "./results.ts";

/** The answer to one number. It never changes, so snapshots share it. */
export interface KeptAnswer {
  readonly seq: number;
  /** Sixteen characters, one a byte. */
  readonly fingerprint: string;
  /** Why all of it was refused; `null`: `results` say what became of each operation. */
  readonly refusal: OperationRefused | null;
  readonly results: readonly SingleResult[];
}

/** A session. Apart from its places it never changes: each use replaces it. */
export interface SessionRecord extends Expiring {
  readonly id: number;
  /** Sixteen characters, one a byte; none: anybody's. */
  readonly owner: string;
  readonly idleMs: number;
  /** The client has the answers up to this number. */
  readonly ack: number;
  /** Of numbers above `ack`, ascending: at most `sessionSpanMax`. */
  readonly answers: readonly KeptAnswer[];
}

/** What is known of a session. */
export type SessionFacts = Omit<SessionRecord, "sequence" | "slot">;

export class SessionTable {
  /** In the order in which they were begun. */
  readonly #byId = new OrderedTable<SessionRecord>();
  readonly #byExpiry = new ExpiryHeap<SessionRecord>();
  #opened: number;
  #results = 0;

  /** @param opened - how many sessions there ever were */
  constructor(opened: number = 0) {
    this.#opened = opened;
  }

  /** Sessions, those that ended and were not swept yet included. */
  get size(): number {
    return this.#byId.size;
  }

  /** How many sessions there ever were: the number of the last one (N2). */
  get opened(): number {
    return this.#opened;
  }

  /** Results that are kept, of all sessions. */
  get results(): number {
    return this.#results;
  }

  /** The session of this number, unless it has ended or is somebody else's. */
  find(id: number, owner: string, logTimeMs: number): SessionRecord | null {
    const record = this.#byId.get(String(id));
    if (record === undefined) return null;
    if (hasEnded(record, logTimeMs)) {
      this.remove(record);
      return null;
    }
    return record.owner === owner ? record : null;
  }

  /** @returns the number of the new session */
  open(owner: string, idleMs: number, logTimeMs: number): number {
    this.#opened += 1;
    const id = this.#opened;
    this.load({ id, owner, idleMs, expiresAt: logTimeMs + idleMs, ack: 0, answers: [] });
    return id;
  }

  /** Adds a session with all that is known of it; it comes after all that are here. */
  load(facts: SessionFacts): void {
    const sequence = this.#byId.nextSequence;
    const record = { ...facts, sequence, slot: 0 };
    this.#byId.add(String(record.id), record);
    this.#byExpiry.add(record);
    this.#results += resultsOf(record.answers);
  }

  /** The session from now on; it was used at this moment. */
  use(
    before: SessionRecord,
    { ack, answers }: Pick<SessionRecord, "ack" | "answers">,
    logTimeMs: number,
  ): void {
    const expiresAt = logTimeMs + before.idleMs;
    const { id, owner, idleMs, sequence } = before;
    const record = { id, owner, idleMs, expiresAt, ack, answers, sequence, slot: 0 };
    this.#byId.replace(String(id), record);
    this.#byExpiry.remove(before);
    this.#byExpiry.add(record);
    this.#results += resultsOf(answers) - resultsOf(before.answers);
  }

  remove(record: SessionRecord): void {
    this.#byId.remove(String(record.id), record);
    this.#byExpiry.remove(record);
    this.#results -= resultsOf(record.answers);
  }

  /** Removes up to `max` sessions that have ended, first the one that ended first. */
  sweep(logTimeMs: number, max: number): void {
    for (let removed = 0; removed < max; removed += 1) {
      const first = this.#byExpiry.first();
      if (first === null || !hasEnded(first, logTimeMs)) return;
      this.remove(first);
    }
  }

  /** All sessions in order, as they are now. */
  capture(): Captured<SessionRecord> {
    return this.#byId.capture();
  }
}

/** N1 */
function hasEnded({ expiresAt }: SessionRecord, logTimeMs: number): boolean {
  return expiresAt <= logTimeMs;
}

/** A refusal of the whole takes as much room as one result. */
export function resultsOf(answers: readonly KeptAnswer[]): number {
  let count = 0;
  for (const { refusal, results } of answers) count += refusal === null ? results.length : 1;
  return count;
}
