/** Waiting for a condition of somebody else. */
import { setTimeout as sleep } from "node:timers/promises";

/** How often a condition is looked at again, in milliseconds. */
export const retryMs = 250;

/** Resolves after `ms` milliseconds, or at once when the signal is given. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
