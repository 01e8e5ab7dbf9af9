/**
 * Which keyed operations were answered, and how. This is what makes a retry harmless.
 *
 * K1  A key lives until the log time reaches its `expiresAt`; from then on it is absent, whether
 *     it was swept or not.
 * K2  A live key is never dropped to make room: a full table refuses new keys instead.
 * K3  A command sweeps a bounded number of expired keys, first the one that expired first. The
 *     bound covers every key that the command can add, so a table that keeps its limit has room
 *     for a new key exactly when fewer than the limit are live.
 */
import { ExpiryHeap } from "./expiry-heap.ts";
import type { Expiring } from "./expiry-heap.ts";
import { OrderedTable } from "./ordered-table.ts";
import type { Captured } from "./ordered-table.ts";
import type { SingleResult } from "./results.ts";

/** A remembered key. Apart from its place in the heap it never changes, so snapshots share it. */
export interface KeyRecord extends Expiring {
  /** The counter's name (nothing for a restore), a space, the key. */
  readonly id: string;
  /** Sixteen characters, one a byte: a small string costs a fifth of a Uint8Array. */
  readonly fingerprint: string;
  /** What the operation was answered, `replayed` not set. */
  readonly answer: SingleResult;
}

/** What is remembered of one key. */
export type KeyFacts = Omit<KeyRecord, "sequence" | "slot">;

export class KeyTable {
  /** In the order in which the keys were first seen, which is also their order in a snapshot. */
  readonly #byId = new OrderedTable<KeyRecord>();
  readonly #byExpiry = new ExpiryHeap<KeyRecord>();

  /** Remembered keys, the expired ones that were not swept yet included. */
  get size(): number {
    return this.#byId.size;
  }

  /** The live record of a key. An expired one is removed on the way (K1). */
  find(id: string, logTimeMs: number): KeyRecord | null {
    const record = this.#byId.get(id);
    if (record === undefined) return null;
    if (record.expiresAt > logTimeMs) return record;
    this.#remove(record);
    return null;
  }

  /** Remembers an answer. The caller has looked that the key is absent. */
  add(facts: KeyFacts): void {
    const { id, fingerprint, expiresAt, answer } = facts;
    const sequence = this.#byId.nextSequence;
    const record = { id, fingerprint, answer, expiresAt, sequence, slot: 0 };
    this.#byId.add(id, record);
    this.#byExpiry.add(record);
  }

  has(id: string): boolean {
    return this.#byId.get(id) !== undefined;
  }

  /** Removes up to `max` expired keys (K3). */
  sweep(logTimeMs: number, max: number): void {
    for (let removed = 0; removed < max; removed += 1) {
      const first = this.#byExpiry.first();
      if (first === null || first.expiresAt > logTimeMs) return;
      this.#remove(first);
    }
  }

  /** All records in order, as they are now. */
  capture(): Captured<KeyRecord> {
    return this.#byId.capture();
  }

  #remove(record: KeyRecord): void {
    this.#byId.remove(record.id, record);
    this.#byExpiry.remove(record);
  }
}
