/**
 * What happens to members, as an async iterable that cannot grow: it begins with a snapshot of all
 * members and goes on with changes, per member in order and without gaps. A reader that is slower
 * than the changes gets another snapshot in place of those that it missed.
 */
import type { MemberEvent, MemberView } from "../core/door.ts";

/** Changes kept for one reader; beyond that it gets a snapshot instead. */
export const EVENTS_MAX = 1_024;

/** Everything that is known, and then each change of it. */
export type GossipEvent =
  { readonly type: "snapshot"; readonly members: readonly MemberView[] } | MemberEvent;

export class MemberEventHub {
  readonly #members: () => readonly MemberView[];
  readonly #readers = new Set<MemberEventReader>();
  #closed: boolean = false;

  /** @param members - all that are known at this moment */
  constructor(members: () => readonly MemberView[]) {
    this.#members = members;
  }

  publish(event: MemberEvent): void {
    for (const reader of this.#readers) reader.push(event);
  }

  subscribe(signal?: AbortSignal): AsyncIterableIterator<GossipEvent> {
    const reader = new MemberEventReader(this.#members);
    const onAbort = (): void => reader.end();
    reader.onEnd = () => {
      this.#readers.delete(reader);
      signal?.removeEventListener("abort", onAbort);
    };
    if (this.#closed || signal?.aborted === true) reader.end();
    else this.#readers.add(reader);
    signal?.addEventListener("abort", onAbort, { once: true });
    return reader;
  }

  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.end();
  }
}

class MemberEventReader implements AsyncIterableIterator<GossipEvent> {
  readonly #members: () => readonly MemberView[];
  #queue: MemberEvent[] = [];
  /** The next event is a snapshot, taken when it is read: changes up to then are in it. */
  #needsSnapshot: boolean = true;
  #ended: boolean = false;
  #waiting: ((result: IteratorResult<GossipEvent>) => void)[] = [];
  onEnd: () => void = () => undefined;

  constructor(members: () => readonly MemberView[]) {
    this.#members = members;
  }

  push(event: MemberEvent): void {
    if (this.#needsSnapshot) return;
    const reader = this.#waiting.shift();
    if (reader !== undefined) return reader({ value: event, done: false });
    if (this.#queue.length < EVENTS_MAX) {
      this.#queue.push(event);
      return;
    }
    this.#queue = [];
    this.#needsSnapshot = true;
  }

  end(): void {
    this.#ended = true;
    this.onEnd();
    for (const reader of this.#waiting) reader({ value: undefined, done: true });
    this.#waiting = [];
  }

  next(): Promise<IteratorResult<GossipEvent>> {
    if (this.#needsSnapshot && !this.#ended) {
      this.#needsSnapshot = false;
      const value: GossipEvent = { type: "snapshot", members: this.#members() };
      return Promise.resolve({ value, done: false });
    }
    const event = this.#queue.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<GossipEvent>> {
    this.#queue = [];
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
