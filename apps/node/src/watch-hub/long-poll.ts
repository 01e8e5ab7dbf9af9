/** Watchers without a stream: a read that waits until there is something new. */
import type { Place } from "./source.ts";
import type { WatchDesk } from "./watch-desk.ts";

/** Longest wait that can be asked for, in seconds. */
export const pollMaxSeconds: number = 600;

/** Those who asked at one time must not all come back at one time: up to a sixteenth is added. */
const spreadPart = 1 / 16;

export interface Poll {
  readonly name: string;
  readonly place: Place;
  /** In milliseconds; up to a sixteenth is added. */
  readonly waitMs: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

/**
 * Waits until the counter has changed since `place`.
 *
 * @returns whether it has; `false` after the time, or when the node stops, or nobody waits any more
 * @throws Problem if there is no room
 */
export function changedWithin(desk: WatchDesk, poll: Poll): Promise<boolean> {
  const { name, place, waitMs, signal } = poll;
  return new Promise((resolve) => {
    const settle = (changed: boolean): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
      subscription.cancel();
      resolve(changed);
    };
    const giveUp = (): void => settle(false);
    const subscription = desk.watch({ kind: "counter", name }, place, {
      tell: () => settle(true),
      ready: () => true,
      end: giveUp,
    });
    const timer = setTimeout(giveUp, waitMs * (1 + Math.random() * spreadPart));
    signal?.addEventListener("abort", giveUp);
    if (signal?.aborted === true) giveUp();
  });
}
