/** Waiting for a condition in tests of this process. */
import { setTimeout as pause } from "node:timers/promises";

/** Longer than any machine stands still. */
const patienceMs = 60_000;

/** Resolves when it holds; a rejection counts as "not yet". */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  let last: unknown = null;
  for (;;) {
    try {
      if (await holds()) return;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`in vain: ${what}`, { cause: last });
    await pause(10);
  }
}
