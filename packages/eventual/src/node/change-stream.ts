/**
 * Changes as async iterables that cannot grow: what a reader has not taken yet becomes one set of
 * names and, when that is too large, just "all".
 */
import { changesMax } from "../core/changes.ts";
import type { Changes } from "../core/door.ts";
import type { CounterName } from "../types.ts";

export class ChangeHub {
  readonly #readers = new Set<ChangeReader>();
  readonly #listeners = new Set<(changes: Changes) => void>();
  readonly #onWanted: (on: boolean) => void;
  #closed = false;

  /** @param onWanted - told when there is a first reader, and when there is none any more */
  constructor(onWanted: (on: boolean) => void) {
    this.#onWanted = onWanted;
  }

  publish(changes: Changes): void {
    for (const reader of this.#readers) reader.push(changes);
    for (const listener of this.#listeners) listener(changes);
  }

  subscribe(signal: AbortSignal | undefined): AsyncIterableIterator<Changes> {
    const reader = new ChangeReader();
    if (this.#closed || signal?.aborted === true) {
      reader.end();
      return reader;
    }
    this.#readers.add(reader);
    if (this.#size === 1) this.#onWanted(true);
    const onAbort = (): void => reader.end();
    signal?.addEventListener("abort", onAbort, { once: true });
    reader.onEnd = () => {
      signal?.removeEventListener("abort", onAbort);
      const wasReading = this.#readers.delete(reader);
      if (wasReading && this.#size === 0) this.#onWanted(false);
    };
    return reader;
  }

  /** Is told at once. @returns ends that */
  listen(listener: (changes: Changes) => void): () => void {
    const own = (changes: Changes): void => listener(changes);
    this.#listeners.add(own);
    if (this.#size === 1) this.#onWanted(true);
    return () => {
      if (this.#listeners.delete(own) && this.#size === 0) this.#onWanted(false);
    };
  }

  get #size(): number {
    return this.#readers.size + this.#listeners.size;
  }

  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.end();
  }
}

class ChangeReader implements AsyncIterableIterator<Changes> {
  readonly #waiting: ((result: IteratorResult<Changes>) => void)[] = [];
  onEnd: () => void = () => undefined;
  #names = new Set<CounterName>();
  #all = false;
  #ended = false;

  push({ names, all }: Changes): void {
    if (!this.#all) for (const name of names) this.#names.add(name);
    this.#all ||= all || this.#names.size > changesMax;
    if (this.#all) this.#names.clear();
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) waiting({ value: this.#take(), done: false });
  }

  end(): void {
    this.#ended = true;
    this.onEnd();
    for (const waiting of this.#waiting.splice(0)) waiting({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<Changes>> {
    if (this.#all || this.#names.size > 0) {
      return Promise.resolve({ value: this.#take(), done: false });
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<Changes>> {
    this.#take();
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): Changes {
    const changes = { names: this.#names, all: this.#all };
    this.#names = new Set();
    this.#all = false;
    return changes;
  }
}
