/**
 * When entries of the log came to this node's own disk, for whoever asks where the time of a write
 * went. While nobody does it looks at nothing.
 */
import { combineObservers, type LogIndex, type RaftObserver } from "@counter/raft";

import type { Asker } from "./batcher.ts";

/** Most syncs that are remembered while somebody asks; older ones are forgotten. */
export const stampsMax: number = 1024;

interface Stamp {
  readonly index: LogIndex;
  readonly atMs: number;
}

export class SyncStamps {
  /** Writes that are on their way to the disk: the last index of each. */
  readonly #given = new Map<number, LogIndex>();
  readonly #stamps: Stamp[] = [];
  #askers = 0;

  /** The other one first. */
  beside(observer: RaftObserver): RaftObserver {
    return combineObservers(observer, {
      onReady: ({ write }) => {
        const last = this.#askers > 0 ? write?.entries.at(-1) : undefined;
        if (last !== undefined && write !== null) this.#given.set(write.id, last.index);
      },
      onInput: (input) => {
        if (this.#askers > 0 && input.type === "persisted") this.#onPersisted(input.write);
      },
    });
  }

  /** From now on syncs are remembered, until as many askers have gone as came. */
  come(): void {
    this.#askers += 1;
  }

  go(): void {
    this.#askers -= 1;
    if (this.#askers > 0) return;
    this.#given.clear();
    this.#stamps.length = 0;
  }

  /**
   * When everything up to this index was on the disk, by `performance.now`.
   *
   * @returns `null`: not yet, or not as far as is remembered
   */
  syncedMs(index: LogIndex): number | null {
    return this.#stamps.find((stamp) => stamp.index >= index)?.atMs ?? null;
  }

  /**
   * Proposes a command, and tells the askers where its time went. A majority may have it before our
   * own disk does: then no time is left for `raft`.
   */
  async time<Proposed extends { readonly index: LogIndex }>(
    propose: () => Promise<Proposed>,
    askers: readonly Asker[],
  ): Promise<Proposed> {
    const proposedMs = performance.now();
    this.come();
    try {
      const proposed = await propose();
      const doneMs = performance.now();
      const syncedMs = this.syncedMs(proposed.index) ?? doneMs;
      const [fsync, raft] = [syncedMs - proposedMs, doneMs - syncedMs];
      for (const { stages, sinceMs } of askers) {
        stages.set({ queue: proposedMs - sinceMs, fsync, raft });
      }
      return proposed;
    } finally {
      this.go();
    }
  }

  #onPersisted(write: number): void {
    const index = this.#given.get(write);
    if (index === undefined) return; // began before anybody asked
    this.#given.delete(write);
    this.#stamps.push({ index, atMs: performance.now() });
    if (this.#stamps.length > stampsMax) this.#stamps.shift();
  }
}
