/** Time and signals. Nothing here reads the wall clock. */

/** Milliseconds of a clock that only goes forward. */
export function nowMs(): number {
  return performance.now();
}

/** Resolves after `ms` milliseconds, or at once when the signal is given. */
export function pause(ms: number, signal: AbortSignal | null): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, ms));
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** A signal that is given after a time or with another one, whichever is first. */
export interface Limit {
  readonly signal: AbortSignal;
  /** Whether the time was up. */
  timedOut(): boolean;
  /** Begins the time anew: something was heard. */
  renew(): void;
  /** Lets go of the timer and of the other signal. */
  release(): void;
}

export function limit(ms: number, outer: AbortSignal | null): Limit {
  const controller = new AbortController();
  let late = false;
  const expire = (): void => {
    late = true;
    controller.abort(new Error(`no answer within ${Math.round(ms)} ms`));
  };
  let timer = setTimeout(expire, ms);
  const follow = (): void => controller.abort(outer?.reason);
  if (outer?.aborted === true) follow();
  else outer?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    timedOut: () => late,
    renew: () => {
      clearTimeout(timer);
      timer = setTimeout(expire, ms);
    },
    release: () => {
      clearTimeout(timer);
      outer?.removeEventListener("abort", follow);
    },
  };
}
