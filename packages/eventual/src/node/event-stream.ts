/**
 * Events as an async iterable that cannot grow: a reader that is slower than the events is told
 * how many it missed.
 */
import type { EventualEvent } from "./options.ts";

/** Most events kept for one reader. */
export const eventQueueMax: number = 1024;

export class EventHub {
  readonly #readers = new Set<EventReader>();
  #closed = false;

  publish(event: EventualEvent): void {
    for (const reader of this.#readers) reader.push(event);
  }

  subscribe(signal: AbortSignal | undefined): AsyncIterableIterator<EventualEvent> {
    const reader = new EventReader();
    if (this.#closed || signal?.aborted === true) reader.end();
    else this.#readers.add(reader);
    const onAbort = (): void => reader.end();
    signal?.addEventListener("abort", onAbort, { once: true });
    reader.onEnd = () => {
      this.#readers.delete(reader);
      signal?.removeEventListener("abort", onAbort);
    };
    return reader;
  }

  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.end();
  }
}

class EventReader implements AsyncIterableIterator<EventualEvent> {
  readonly #queue: EventualEvent[] = [];
  onEnd: () => void = () => undefined;
  #missed = 0;
  #ended = false;
  #waiting: ((result: IteratorResult<EventualEvent>) => void)[] = [];

  push(event: EventualEvent): void {
    const reader = this.#waiting.shift();
    if (reader !== undefined) reader({ value: event, done: false });
    // Once something was missed, everything is until the reader has been told so: no gap unseen.
    else if (this.#missed === 0 && this.#queue.length < eventQueueMax) this.#queue.push(event);
    else this.#missed += 1;
  }

  end(): void {
    this.#ended = true;
    this.onEnd();
    for (const reader of this.#waiting) reader({ value: undefined, done: true });
    this.#waiting = [];
  }

  next(): Promise<IteratorResult<EventualEvent>> {
    const event = this.#queue.shift() ?? this.#takeMissed();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<EventualEvent>> {
    this.#queue.length = 0;
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #takeMissed(): EventualEvent | undefined {
    if (this.#missed === 0) return undefined;
    const event: EventualEvent = { type: "missed", count: this.#missed };
    this.#missed = 0;
    return event;
  }
}
