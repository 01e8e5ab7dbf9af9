/** One operation that is repeated with the same key, at any node, until somebody answers. */
import { CounterError, type CounterClient } from "@counter/client";

import { pause } from "../commands/waiting.ts";

/** A node that has not answered in this time is asked again, or another one; in milliseconds. */
export const askingMs: number = 5000;
const pauseMaxMs = 500;

export interface Tally {
  /** Calls that were begun again because nobody knew what had become of them. */
  repeated: number;
  /** Answers of the service that were remembered from before. */
  replayed: number;
}

/** Settled, or not in time: then nobody knows whether it counted. */
export type Settled<T> = { readonly done: true; readonly result: T } | { readonly done: false };

export interface Patience {
  /** When to give up, by `performance.now()`. */
  readonly until: number;
  readonly tally: Tally;
  readonly signal: AbortSignal;
}

/**
 * @param run - one attempt at one node
 * @throws CounterError when it is refused for good
 */
export async function settle<T extends { readonly replayed: boolean }>(
  clients: readonly CounterClient[],
  run: (client: CounterClient) => Promise<T>,
  { until, tally, signal }: Patience,
): Promise<Settled<T>> {
  for (let turn = 0; ; turn += 1) {
    const client = clients[Math.floor(Math.random() * clients.length)]!;
    try {
      const result = await run(client);
      if (result.replayed) tally.replayed += 1;
      return { done: true, result };
    } catch (error) {
      const stopped = signal.aborted && error instanceof CounterError;
      if (!stopped && !(error instanceof CounterError && error.retryable)) throw error;
    }
    if (performance.now() >= until || signal.aborted) return { done: false };
    tally.repeated += 1;
    await pause(Math.min(pauseMaxMs, 10 * 2 ** Math.min(turn, 6)), signal);
  }
}
