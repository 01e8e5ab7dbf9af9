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
  /** Whether the client may go on waiting; asked again when tokens change. */
  readonly mayStill?: () => boolean;
}

/**
 * Waits until the counter has changed since `place`.
 *
 * @param onHangUp - has its argument called when nobody waits for the answer any more
 * @returns whether it has; `false` after the time, or when the node stops, or nobody waits any more
 * @throws Problem if there is no room
 */
export function changedWithin(
  desk: WatchDesk,
  poll: Poll,
  onHangUp?: (gone: () => void) => void,
): Promise<boolean> {
  const { name, place, waitMs, mayStill = (): boolean => true } = poll;
  return new Promise((resolve) => {
    const settle = (changed: boolean): void => {
      clearTimeout(timer);
      subscription.cancel();
      resolve(changed);
    };
    const giveUp = (): void => settle(false);
    const subscription = desk.watch({ kind: "counter", name }, place, {
      tell: () => settle(true),
      ready: () => true,
      end: giveUp,
      mayStill,
    });
    const timer = setTimeout(giveUp, waitMs * (1 + Math.random() * spreadPart));
    onHangUp?.(giveUp);
  });
}
