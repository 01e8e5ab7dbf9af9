/** What {@link EventualNode} needs from the outside: a disk and a network. */
import type { Address } from "../types.ts";

/**
 * A durable list of entries, of which the older part may be replaced by fewer.
 *
 * A promise that resolves means *on the disk*. The first error is final, except one with
 * `code: "STORAGE_FULL"`: then nothing of that call was stored, and it may be made again.
 */
export interface Journal {
  /** Everything that is kept, oldest first. Called once, first. */
  load(): AsyncIterable<Uint8Array>;
  /**
   * Adds entries, none of them empty. Calls may overlap and complete in order. A crash may keep a
   * prefix of the entries of a call that was not over, never an entry without those before it.
   */
  append(entries: readonly Uint8Array[]): Promise<void>;
  /**
   * Replaces everything whose append had resolved before this call by these entries, all of them or
   * none. What is on its way, or is appended meanwhile, stays behind them. Entries are taken one by
   * one, with turns of the event loop in between. One at a time.
   */
  checkpoint(entries: Iterable<Uint8Array>): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** How a message travels; a transport may treat them differently (path, timeout, priority). */
export type ExchangeKind = "push" | "health" | "sync" | "fill" | "fetch";

export interface TransportHandler {
  /** A request of a peer, encoded. Resolves with the encoded reply; rejects if there is none. */
  answer(kind: ExchangeKind, request: Uint8Array): Promise<Uint8Array>;
}

/** The network side: bytes to an address, and bytes back. */
export interface ReplicaTransport {
  /** Called once, before the first exchange. */
  start(handler: TransportHandler): void;
  /**
   * Sends a request and waits for its reply. Rejects when it could not be delivered or answered,
   * and at once when `signal` is aborted.
   */
  exchange(
    to: Address,
    kind: ExchangeKind,
    request: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Keeps everything in memory: for tests, and for nodes whose counts may die with them. */
export class MemoryJournal implements Journal {
  #entries: Uint8Array[] = [];

  async *load(): AsyncIterable<Uint8Array> {
    yield* await Promise.resolve(this.#entries.map((entry) => entry.slice()));
  }

  append(entries: readonly Uint8Array[]): Promise<void> {
    this.#entries.push(...entries);
    return Promise.resolve();
  }

  checkpoint(entries: Iterable<Uint8Array>): Promise<void> {
    const before = this.#entries.length;
    const standing = [...entries];
    this.#entries = [...standing, ...this.#entries.slice(before)];
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
