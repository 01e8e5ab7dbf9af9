/**
 * Events as an async iterable that cannot grow: a reader that is slower than the events is told
 * how many it missed.
 */
import type { Note } from "../core/door.ts";
import { NotLeaderError } from "../errors.ts";
import type { NodeId } from "../types.ts";
import type { RaftEvent, WaitOptions } from "./options.ts";
import { limitOf } from "./waiting.ts";

/** Most events kept for one reader. */
const queueMax = 1024;

export class EventHub {
  readonly #readers = new Set<EventReader>();
  #closed = false;

  publish(event: RaftEvent): void {
    for (const reader of this.#readers) reader.push(event);
  }

  /** Passes on those notes of the core that applications ask for. */
  publishNotes(notes: readonly Note[]): void {
    for (const note of notes) {
      const event = eventOf(note);
      if (event !== null) this.publish(event);
    }
  }

  subscribe(signal: AbortSignal | undefined): AsyncIterableIterator<RaftEvent> {
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

class EventReader implements AsyncIterableIterator<RaftEvent> {
  readonly #queue: RaftEvent[] = [];
  onEnd: () => void = () => undefined;
  #missed = 0;
  #ended = false;
  #waiting: ((result: IteratorResult<RaftEvent>) => void)[] = [];

  push(event: RaftEvent): void {
    const reader = this.#waiting.shift();
    if (reader !== undefined) reader({ value: event, done: false });
    // Once something was missed, everything is until the reader has been told so: no gap unseen.
    else if (this.#missed === 0 && this.#queue.length < queueMax) this.#queue.push(event);
    else this.#missed += 1;
  }

  end(): void {
    this.#ended = true;
    this.onEnd();
    for (const reader of this.#waiting) reader({ value: undefined, done: true });
    this.#waiting = [];
  }

  next(): Promise<IteratorResult<RaftEvent>> {
    const event = this.#queue.shift() ?? this.#takeMissed();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<RaftEvent>> {
    this.#queue.length = 0;
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #takeMissed(): RaftEvent | undefined {
    if (this.#missed === 0) return undefined;
    const event: RaftEvent = { type: "missed", count: this.#missed };
    this.#missed = 0;
    return event;
  }
}

/** The notes of the core that applications ask for. */
function eventOf(note: Note): RaftEvent | null {
  switch (note.type) {
    case "role":
      return { type: "role", role: note.role, term: note.term };
    case "leader":
      return { type: "leader", leaderId: note.leaderId, term: note.term };
    case "configuration": {
      const { index, configuration, committed } = note;
      return { type: "membership", index, configuration, committed };
    }
    case "removed":
      return { type: "removed", index: note.index };
    case "snapshotInstalled":
      return { type: "snapshotInstalled", snapshot: note.snapshot };
    default:
      return null;
  }
}

/** The next leader that these events name; `null` if they end before. */
export async function nextLeader(events: AsyncIterable<RaftEvent>): Promise<NodeId | null> {
  for await (const event of events) {
    if (event.type === "leader" && event.leaderId !== null) return event.leaderId;
  }
  return null;
}

/**
 * The next leader, ourselves or another.
 *
 * @throws {NotLeaderError} none was found in time; or the signal's reason
 */
export async function untilLeader(events: EventHub, options: WaitOptions): Promise<NodeId> {
  const found = await nextLeader(events.subscribe(limitOf(options)));
  options.signal?.throwIfAborted();
  if (found === null) throw new NotLeaderError(null);
  return found;
}
