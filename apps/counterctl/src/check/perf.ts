/** How many writes a second, and how long does one take? */
import { CounterError, type CounterClient } from "@counter/client";

export interface PerfReport {
  readonly operations: number;
  readonly failed: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly ok: boolean;
  readonly problems: readonly string[];
}

export interface PerfOptions {
  readonly name: string;
  readonly workers: number;
  readonly runMs: number;
  /** Fails below this, in operations a second. */
  readonly rateMin: number;
  /** Fails above this, in milliseconds. */
  readonly p99MaxMs: number;
  readonly signal: AbortSignal;
}

/** Most times that are kept to tell percentiles; beyond, the run ends. */
export const operationsMax: number = 5_000_000;

export async function checkPerf(client: CounterClient, options: PerfOptions): Promise<PerfReport> {
  const { name, workers, runMs, signal } = options;
  const times: number[] = [];
  let failed = 0;
  const began = performance.now();
  const work = async (worker: number): Promise<void> => {
    const counter = client.counter(`${name}.${worker}`);
    while (performance.now() - began < runMs && times.length < operationsMax) {
      const start = performance.now();
      try {
        await counter.add(1n, { signal });
        times.push(performance.now() - start);
      } catch (error) {
        // One that fails is counted, and does not end the load.
        if (!(error instanceof CounterError)) throw error;
        if (signal.aborted) return;
        failed += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  return reportOf(times, { failed, seconds: (performance.now() - began) / 1000, options });
}

function reportOf(
  times: number[],
  run: { readonly failed: number; readonly seconds: number; readonly options: PerfOptions },
): PerfReport {
  const { failed, seconds, options } = run;
  const { rateMin, p99MaxMs } = options;
  times.sort((a, b) => a - b);
  const figures = {
    operations: times.length,
    failed,
    perSecond: Math.round(times.length / seconds),
    p50Ms: rounded(percentile(times, 0.5)),
    p99Ms: rounded(percentile(times, 0.99)),
    maxMs: rounded(times.at(-1) ?? 0),
  };
  const problems = [
    ...(failed > 0 ? [`${failed} operations failed`] : []),
    ...(figures.operations === 0 ? ["nothing was counted"] : []),
    ...(figures.perSecond < rateMin ? [`fewer than ${rateMin} a second`] : []),
    ...(figures.p99Ms > p99MaxMs ? [`one in a hundred took over ${p99MaxMs} ms`] : []),
  ];
  return { ...figures, ok: problems.length === 0, problems };
}

/** @param sorted - in ascending order */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
