/** What callers wait with: a promise's two ends, a deadline, maybe a signal. */
import type { WaitOptions } from "./options.ts";

const defaultTimeoutMs = 5000;
/** Timers of Node.js count in 31 bits. */
const longestTimerMs = 2 ** 31 - 1;

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
  { signal, timeoutMs = defaultTimeoutMs }: WaitOptions,
  abandon: (waiter: Waiter<Value>, reason: unknown) => void,
): Waiter<Value> {
  const deadlineMs = performance.now() + timeoutMs;
  if (signal === undefined) return { resolve, reject, deadlineMs };
  const onAbort = (): void => abandon(waiter, signal.reason);
  const settled = (): void => signal.removeEventListener("abort", onAbort);
  const waiter: Waiter<Value> = {
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
  signal.addEventListener("abort", onAbort, { once: true });
  return waiter;
}

/** Resolves with what `query` answers, in the very turn in which it may be asked. */
export function answering<Value>(
  query: () => Value,
  resolve: (value: Value) => void,
  reject: (error: Error) => void,
): Pick<Waiter<undefined>, "resolve" | "reject"> {
  const answer = (): void => {
    try {
      resolve(query());
    } catch (error) {
      reject(asError(error));
    }
  };
  return { resolve: answer, reject };
}

/** The end of a wait as a signal: the caller's own, or time. */
export function limitOf({ signal, timeoutMs = defaultTimeoutMs }: WaitOptions): AbortSignal {
  const time = AbortSignal.timeout(Math.min(timeoutMs, longestTimerMs));
  return signal === undefined ? time : AbortSignal.any([signal, time]);
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
