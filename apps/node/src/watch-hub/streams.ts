/** Watchers over server-sent events: one HTTP response each, that ends when somebody ends it. */
import type { Writable } from "node:stream";

import { comment, frames, keepAlive, preamble } from "./sse.ts";
import type { Place } from "./source.ts";
import type { Target } from "./watch-hub.ts";
import type { Outlet, Subscription, WatchDesk } from "./watch-desk.ts";

export interface StreamTimes {
  /** A stream on which nothing else is said gets a comment that often, in milliseconds. */
  readonly keepAliveMs: number;
  /** A client that has taken nothing for that long is given up, in milliseconds. */
  readonly stalledMaxMs: number;
}

export const streamTimes: StreamTimes = { keepAliveMs: 15_000, stalledMaxMs: 30_000 };

interface OpenStream {
  readonly sink: Writable;
  lastWriteMs: number;
}

export class WatchStreams {
  readonly #desk: WatchDesk;
  readonly #times: StreamTimes;
  readonly #open = new Set<OpenStream>();
  #timer: NodeJS.Timeout | null = null;

  constructor(desk: WatchDesk, times: StreamTimes = streamTimes) {
    this.#desk = desk;
    this.#times = times;
  }

  /**
   * Tells everything about `target` on this sink until it is closed.
   *
   * @param mayStill - whether the client may go on; asked again when tokens change
   * @throws Problem if there is no room
   */
  serve(
    { target, place }: { readonly target: Target; readonly place: Place | null },
    sink: Writable,
    mayStill: () => boolean = () => true,
  ): void {
    const stream: OpenStream = { sink, lastWriteMs: performance.now() };
    const write = (text: string): void => {
      stream.lastWriteMs = performance.now();
      sink.write(text);
    };
    const outlet: Outlet = {
      tell: (taken) => write(frames(taken, new Date().toISOString())),
      // Beyond its mark the sink would keep in memory what a slow client does not take.
      ready: () => !sink.writableNeedDrain,
      end: (reason) => sink.end(comment(reason)),
      mayStill,
    };
    const subscription: Subscription = this.#desk.watch(target, place, outlet);
    this.#open.add(stream);
    sink.on("drain", () => subscription.wake());
    sink.once("close", () => {
      subscription.cancel();
      this.#open.delete(stream);
      if (this.#open.size === 0) this.#stopTimer();
    });
    // A client that hangs up is no error of ours: `close` follows.
    sink.on("error", () => undefined);
    write(preamble);
    this.#timer ??= setInterval(() => this.#lookAfter(), this.#times.keepAliveMs / 2);
  }

  /** Speaks on the streams on which nothing was said, and ends those that nobody reads. */
  #lookAfter(): void {
    const nowMs = performance.now();
    const { keepAliveMs, stalledMaxMs } = this.#times;
    for (const stream of this.#open) {
      const silentMs = nowMs - stream.lastWriteMs;
      if (stream.sink.writableNeedDrain) {
        // Its connection is full since what was written last.
        if (silentMs >= stalledMaxMs) stream.sink.destroy();
      } else if (silentMs >= keepAliveMs / 2 && stream.sink.writable) {
        stream.lastWriteMs = nowMs;
        stream.sink.write(keepAlive);
      }
    }
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
