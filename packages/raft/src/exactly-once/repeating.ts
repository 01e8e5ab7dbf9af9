/** Sending the same thing again until its outcome is known, and telling how it ended. */
import { OutcomeUnknownError, SessionExpiredError } from "../errors.ts";
import type { WaitOptions } from "../node/options.ts";
import { asError } from "../node/waiting.ts";

/** How attempts follow one another, in milliseconds. */
export interface Pace {
  readonly attemptTimeoutMs: number;
  /** Before the first repetition; then it doubles, up to 16 times this. */
  readonly retryPauseMs: number;
}

/** When the last attempt has to end. */
export interface Allowance {
  /** On the monotonic clock. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

const defaultTimeoutMs = 5000;
const doublingsMax = 4;

/** Codes after which the same command is sent again. */
const repeatable: ReadonlySet<unknown> = new Set([
  "RAFT_NOT_LEADER",
  "RAFT_PROPOSAL_LOST",
  "RAFT_OVERLOADED",
  "RAFT_OUTCOME_UNKNOWN",
]);

export function allowanceOf({ signal, timeoutMs = defaultTimeoutMs }: WaitOptions): Allowance {
  return { deadlineMs: performance.now() + timeoutMs, signal };
}

/**
 * Tries until the outcome is known, or the time is up.
 *
 * @throws the last error, unless it would hide that an earlier attempt may have been applied
 */
export async function repeated<Value>(
  { attemptTimeoutMs, retryPauseMs }: Pace,
  { deadlineMs, signal }: Allowance,
  attempt: (wait: WaitOptions) => Promise<Value>,
): Promise<Value> {
  let mayBeApplied = false;
  for (let repetition = 0; ; repetition += 1) {
    const leftMs = deadlineMs - performance.now();
    const timeoutMs = Math.max(1, Math.min(attemptTimeoutMs, leftMs));
    try {
      return await attempt(signal === undefined ? { timeoutMs } : { timeoutMs, signal });
    } catch (error) {
      mayBeApplied ||= codeOf(error) === "RAFT_OUTCOME_UNKNOWN";
      const canRepeat = repeatable.has(codeOf(error)) && performance.now() < deadlineMs;
      if (!canRepeat || isAborted(signal)) throw finalError(error, mayBeApplied);
    }
    // Many wait for the same leader: not all of them at the same moment.
    const pauseMs = retryPauseMs * 2 ** Math.min(repetition, doublingsMax);
    await pause(
      Math.min(pauseMs * (0.5 + Math.random() / 2), deadlineMs - performance.now()),
      signal,
    );
    if (isAborted(signal)) throw finalError(signal?.reason, mayBeApplied);
  }
}

function finalError(error: unknown, mayBeApplied: boolean): Error {
  if (!mayBeApplied) {
    const isExpired = codeOf(error) === "RAFT_SESSION_EXPIRED";
    return isExpired ? new SessionExpiredError("not-applied") : asError(error);
  }
  const outcome = outcomeOf(error);
  if (outcome === "unknown" || outcome === "refused") return asError(error);
  return new OutcomeUnknownError("an earlier attempt may have been applied", { cause: error });
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** Errors are known by their facts: the class may be another copy's. */
function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}

function outcomeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "outcome" in error ? error.outcome : null;
}

/** Resolves after so many milliseconds, or at once when the signal says so. */
function pause(pauseMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, pauseMs);
    signal?.addEventListener("abort", end);
  });
}
