/**
 * What of serf's rumours was heard before: they arrive many times, and each is to be delivered and
 * passed on once. Kept for the last 512 Lamport times, and bounded in bytes.
 */
import type { LamportTime, SerfRecentEvents, SerfUserEvent } from "../wire/serf-messages.ts";

/** Lamport times behind the newest of which rumours are still taken, as in serf. */
export const RECENT_TIMES = 512;
/** Events or queries of one Lamport time. */
export const RECENT_PER_TIME_MAX = 64;
/** Bytes of all recent events: they are handed to newcomers. */
export const RECENT_EVENTS_MAX_BYTES: number = 256 * 1024;

/** A Lamport clock: above everything that was seen. */
export class LamportClock {
  #time: LamportTime = 0;

  get time(): LamportTime {
    return this.#time;
  }

  /** The next time, which is ours. */
  increment(): LamportTime {
    this.#time += 1;
    return this.#time;
  }

  /** Somebody else's time was seen. */
  witness(time: LamportTime): void {
    // A clock at its end would refuse everything that comes after: nobody counts so far.
    if (time < Number.MAX_SAFE_INTEGER) this.#time = Math.max(this.#time, time + 1);
  }
}

/** Whether a time is so far behind the clock that nothing is remembered of it. */
function isTooOld(time: LamportTime, clock: LamportTime): boolean {
  return clock > RECENT_TIMES && time < clock - RECENT_TIMES;
}

/** Queries that were heard. */
export class RecentQueries {
  readonly #ids = new Map<LamportTime, Set<number>>();

  /** Whether the query is new; it is remembered then. */
  take(time: LamportTime, id: number, clock: LamportTime): boolean {
    if (isTooOld(time, clock)) return false;
    const ids = this.#ids.get(time) ?? new Set();
    if (ids.has(id) || ids.size >= RECENT_PER_TIME_MAX) return false;
    ids.add(id);
    this.#ids.set(time, ids);
    forgetOld(this.#ids, clock);
    return true;
  }
}

/** Events that were heard, whole. */
export class RecentEvents {
  readonly #events = new Map<LamportTime, SerfUserEvent[]>();
  #bytes: number = 0;

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the event is new; it is remembered then. */
  take(event: SerfUserEvent, clock: LamportTime): boolean {
    if (isTooOld(event.time, clock)) return false;
    const events = this.#events.get(event.time) ?? [];
    if (events.length >= RECENT_PER_TIME_MAX) return false;
    if (events.some((other) => isSame(other, event))) return false;
    events.push(event);
    this.#events.set(event.time, events);
    this.#bytes += bytesOf(event);
    for (const old of forgetOld(this.#events, clock)) this.#release(old);
    while (this.#bytes > RECENT_EVENTS_MAX_BYTES) this.#forgetOldest();
    return true;
  }

  /** All of them, for a push/pull. */
  slots(): readonly SerfRecentEvents[] {
    return Array.from(this.#events, ([time, events]) => ({ time, events }));
  }

  #forgetOldest(): void {
    const oldest = Math.min(...this.#events.keys());
    this.#release(this.#events.get(oldest) ?? []);
    this.#events.delete(oldest);
  }

  #release(events: readonly SerfUserEvent[]): void {
    for (const event of events) this.#bytes -= bytesOf(event);
  }
}

/** Drops the times that are too old; answers what was kept of them. */
function forgetOld<T>(kept: Map<LamportTime, T>, clock: LamportTime): T[] {
  const dropped: T[] = [];
  if (kept.size <= RECENT_TIMES) return dropped;
  for (const [time, value] of kept) {
    if (!isTooOld(time, clock)) continue;
    kept.delete(time);
    dropped.push(value);
  }
  return dropped;
}

function isSame(one: SerfUserEvent, other: SerfUserEvent): boolean {
  const [a, b] = [one.payload, other.payload];
  return one.name === other.name && a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** The payload, the name at two bytes a character, and what an object takes. */
function bytesOf({ name, payload }: SerfUserEvent): number {
  return payload.length + 2 * name.length + 64;
}
