/** What callers wait with: a promise's two ends, a deadline, maybe a signal. */
import type { WaitOptions } from "./options.ts";

export interface Waiter<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
  /** On the monotonic clock. */
  readonly deadlineMs: number;
}

/**
 * A waiter that lets go of its signal when it is settled.
 *
 * @param abandon - called when the signal ends the wait; must reject the waiter
 */
export function waiterOf<Value>(
  { resolve, reject }: Pick<Waiter<Value>, "resolve" | "reject">,
  { signal, timeoutMs }: WaitOptions & { readonly timeoutMs: number },
  abandon: (reason: Error) => void,
): Waiter<Value> {
  const deadlineMs = performance.now() + timeoutMs;
  if (signal === undefined) return { resolve, reject, deadlineMs };
  const onAbort = (): void => abandon(asError(signal.reason));
  const settled = (): void => signal.removeEventListener("abort", onAbort);
  signal.addEventListener("abort", onAbort, { once: true });
  return {
    resolve: (value) => {
      settled();
      resolve(value);
    },
    reject: (error) => {
      settled();
      reject(error);
    },
    deadlineMs,
  };
}

/** Runs all steps, one after the other, whatever fails; answers the first failure. */
export async function endAll(steps: readonly (() => Promise<unknown>)[]): Promise<Error | null> {
  let failed: Error | null = null;
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failed ??= asError(error);
    }
  }
  return failed;
}

/** Anything that was thrown or given as a reason, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
