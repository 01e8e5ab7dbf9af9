/** Waiting for conditions. Nothing here waits longer than it has to, or for ever. */
import { setTimeout as pause } from "node:timers/promises";

const pollMs = 10;

/**
 * Limit of a wait, in milliseconds: longer than any promise, so that a broken one is measured and not
 * only noticed, and than a shared machine stands still.
 */
export const patienceMs: number = 60_000;

/**
 * Asks again and again until the answer is neither `null` nor `false`.
 *
 * @param what - completes the sentence "waited in vain until …"
 * @param probe - a rejection counts as "not yet"; the last one is told if time runs out
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | null | false> | T | null | false,
  withinMs: number = patienceMs,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown = null;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== null && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${withinMs} ms in vain until ${what}`, { cause: last });
    }
    await pause(pollMs);
  }
}

/** Rejects if `promise` has not settled in time; what it waits for is not stopped by that. */
export async function within<T>(what: string, ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain until ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
