/** What callers wait with: a promise's two ends, a deadline, maybe a signal. */
import { OutcomeUnknownError } from "../errors.ts";
import type { WaitOptions } from "./options.ts";

const defaultTimeoutMs = 5000;

export interface Waiter<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
  /** On the monotonic clock. */
  readonly deadlineMs: number;
}

/** The two ends of a promise, with its deadline, and let go of by its signal. */
export function waiterOf<Value>(
  resolve: (value: Value) => void,
  reject: (error: Error) => void,
  { signal, timeoutMs = defaultTimeoutMs }: WaitOptions,
  abandon: (error: Error) => void,
): Waiter<Value> {
  const deadlineMs = performance.now() + timeoutMs;
  if (signal === undefined) return { resolve, reject: (error) => reject(error), deadlineMs };
  const onAbort = (): void => abandon(aborted(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  const settled = (): void => signal.removeEventListener("abort", onAbort);
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

/** The wait for a command was ended by its caller. */
export function aborted(signal: AbortSignal): Error {
  return new OutcomeUnknownError("the wait was aborted", { cause: signal.reason });
}

/** What a read that its caller gave up is rejected with. */
export function asAbortError(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error("the wait was aborted", { cause: reason });
}
