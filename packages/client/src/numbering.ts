/**
 * The client's half of a session that the service keeps: it numbers the writes, and says which answers
 * it has.
 *
 * C9  A number stands for one write. It is sent again, with the same number, until it is answered or
 *     given up, and never used for another one.
 * C10 When the service does not know the session any more, a write that certainly was not carried out
 *     goes on in a new session. One that may have been is not repeated: it ends in doubt.
 */
import { textAt, type Json } from "./decode.ts";
import { AbortError, CounterError, InvalidArgumentError, UnreachableError } from "./errors.ts";
import { nowMs } from "./timing.ts";

/** Most writes of a session under way at a time; further ones wait. */
export const sessionWritesMax: number = 64;

/** Most writes that wait until others of their session are over; further ones are refused. */
export const sessionWaitingMax: number = 1024;

/** How a session is begun and ended. */
export interface SessionService {
  /** @returns what the service says of a new session; `null` if it has no sessions */
  open(): Promise<Json | null>;
  close(id: string): Promise<void>;
}

/** Until when somebody waits. */
export interface Patience {
  /** By {@link nowMs}. */
  readonly deadline: number;
  readonly signal: AbortSignal | null;
}

/** The place of one write in a session. */
export interface Place {
  /** For `Counter-Session`. */
  readonly header: string;
  /** It has been answered, or given up. To be called once. */
  over(): void;
  /** The service does not know its session. */
  lost(): void;
}

/** A session as the service gave it. */
class Opened {
  readonly id: string;
  readonly #span: number;
  #seq = 0;
  /** All writes up to this one are over. */
  #ack = 0;
  /** Writes above `ack` that are over, while an earlier one is not. */
  readonly #over = new Set<number>();

  constructor(json: Json) {
    this.id = textAt(json, "id");
    const { unacknowledgedMax } = json;
    const span = typeof unacknowledgedMax === "number" ? unacknowledgedMax : sessionWritesMax;
    this.#span = Math.max(1, Math.min(span, sessionWritesMax));
  }

  /** A write that is open keeps those after it from running further ahead than the service allows. */
  get isFull(): boolean {
    return this.#seq - this.#ack >= this.#span;
  }

  get isIdle(): boolean {
    return this.#seq === this.#ack;
  }

  next(): { readonly seq: number; readonly header: string } {
    this.#seq += 1;
    return { seq: this.#seq, header: `${this.id}; seq=${this.#seq}; ack=${this.#ack}` };
  }

  over(seq: number): void {
    this.#over.add(seq);
    while (this.#over.delete(this.#ack + 1)) this.#ack += 1;
  }
}

export class Numbering {
  readonly #service: SessionService;
  #session: Opened | null = null;
  /** There are no sessions here: writes have keys. */
  #keyed = false;
  #opening: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #waiting = 0;
  /** Called whenever a write is over. */
  #listeners: (() => void)[] = [];

  constructor(service: SessionService) {
    this.#service = service;
  }

  /** The id of the session; `null` before the first write, and where there are no sessions. */
  get id(): string | null {
    return this.#session?.id ?? null;
  }

  /**
   * The place of the next write.
   *
   * @returns `null`: the service has no sessions, so that a key has to do
   * @throws InvalidArgumentError when it is closed, CounterError `session-busy`, and what beginning a
   *   session fails with; nothing was sent in any case
   */
  async take(patience: Patience): Promise<Place | null> {
    for (;;) {
      if (this.#closing !== null) throw new InvalidArgumentError("the session is closed");
      if (this.#keyed) return null;
      const session = this.#session;
      if (session === null) {
        await this.#wait(this.#open(), patience);
      } else if (session.isFull) {
        await this.#wait(new Promise<void>((resolve) => this.#listeners.push(resolve)), patience);
      } else {
        return this.#placeIn(session);
      }
    }
  }

  /** Waits for what is under way, then ends the session. Idempotent; nothing is written after it. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #placeIn(session: Opened): Place {
    const { seq, header } = session.next();
    return {
      header,
      over: () => {
        session.over(seq);
        for (const listener of this.#listeners.splice(0)) listener();
      },
      lost: () => {
        if (this.#session === session) this.#session = null;
      },
    };
  }

  /** One at a time, whoever wants it, and not to be ended by the impatience of one of them. */
  #open(): Promise<void> {
    this.#opening ??= this.#opened().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #opened(): Promise<void> {
    const json = await this.#service.open();
    if (json === null) this.#keyed = true;
    else this.#session = new Opened(json);
  }

  async #wait(event: Promise<void>, { deadline, signal }: Patience): Promise<void> {
    if (this.#waiting >= sessionWaitingMax) {
      const why = `${sessionWaitingMax} writes of the session wait already`;
      throw new CounterError("session-busy", why, { outcome: "not-applied", retryable: true });
    }
    this.#waiting += 1;
    try {
      await before(event, { deadline, signal });
    } finally {
      this.#waiting -= 1;
    }
  }

  async #close(): Promise<void> {
    // Whoever asked for a session that is being begun hears of its failure himself.
    await this.#opening?.catch(() => undefined);
    const session = this.#session;
    if (session === null) return;
    while (!session.isIdle) await new Promise<void>((resolve) => this.#listeners.push(resolve));
    if (this.#session !== session) return; // it is lost, and ends by itself
    this.#session = null;
    await this.#service.close(session.id);
  }
}

/** @throws AbortError, UnreachableError when the time is up; nothing was sent */
function before(event: Promise<void>, { deadline, signal }: Patience): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(new AbortError({ outcome: "not-applied", cause: signal?.reason }));
    };
    const late = (): void => reject(new UnreachableError("the session had no place in time", {}));
    if (signal?.aborted === true) {
      abort();
      return;
    }
    const timer = setTimeout(late, Math.max(0, deadline - nowMs()));
    signal?.addEventListener("abort", abort, { once: true });
    event.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    });
  });
}
