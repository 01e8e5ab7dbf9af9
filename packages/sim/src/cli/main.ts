/** `npm run sim`: one seed with its trace, many seeds on all processors, or scenario files. */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker, parentPort, workerData } from "node:worker_threads";
import { replayCommand, runSeeds, shrink } from "../batch.ts";
import type { BatchResult } from "../batch.ts";
import { Coverage, cornerNames, corners } from "../coverage.ts";
import { replayScenario } from "../scenario/replay.ts";
import { runSeedAsync } from "../simulation.ts";
import type { RunOptions, RunResult } from "../simulation.ts";
import { workloadNamed } from "../workloads.ts";
import { UsageError, helpText, parseArguments, seedsOf } from "./arguments.ts";
import { runGossipSeeds, runGossipTargets } from "./gossip.ts";
import type { ManyFlags, RunFlags, SeedList } from "./arguments.ts";

export interface SimEnvironment {
  /** Writes a line to stdout. */
  readonly print: (line: string) => void;
  /** Shows progress, replacing what it showed before. */
  readonly progress: (line: string) => void;
  /** A module that calls {@link simWorker} when it is started as a worker thread. */
  readonly workerUrl: URL;
}

/** What a worker is given and what it sends back. */
interface Share {
  readonly seeds: SeedList;
  readonly offset: number;
  readonly stride: number;
  readonly run: RunFlags;
}

type Report =
  | { readonly type: "result"; readonly result: RunResult }
  | { readonly type: "done"; readonly batch: Omit<BatchResult, "failures"> };

/** Seeds between two progress reports of a worker. */
const reportEvery = 25;

/** @returns the exit code, as `--help` explains it */
export async function simMain(
  argv: readonly string[],
  environment: SimEnvironment,
): Promise<number> {
  try {
    const command = parseArguments(argv);
    switch (command.type) {
      case "help":
        environment.print(helpText);
        return 0;
      case "gossip":
        return runGossipSeeds(command.seeds, environment);
      case "gossipTargets":
        return runGossipTargets(command, environment.print);
      case "one":
        return await runOne(command.seed, command.run, environment);
      case "many":
        return await runMany(command.seeds, command.run, command.many, environment);
      case "scenario":
        return runScenarios(command.files, command.rewrite, environment);
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    environment.print(error.message);
    return 2;
  }
}

function runOptions(flags: RunFlags): RunOptions {
  const { without, ticks, workload, flaw } = flags;
  const chosen = workloadNamed(workload);
  if (chosen === null) throw new UsageError(`there is no workload ${workload}`);
  return {
    ...{ without, workload: chosen },
    ...(ticks === null ? {} : { ticks }),
    ...(flaw === null ? {} : { flaw }),
  };
}

async function runOne(seed: number, flags: RunFlags, { print }: SimEnvironment): Promise<number> {
  const result = await runSeedAsync(seed, { ...runOptions(flags), trace: true });
  for (const line of result.trace) print(line);
  const { ok, events, answered, traceHash, violation } = result;
  print(`seed ${seed}: ${events} events, ${answered} answers, trace ${traceHash}`);
  if (violation !== null) print(`seed ${seed}: ${violation.invariant}: ${violation.detail}`);
  return ok ? 0 : 1;
}

async function runMany(
  seeds: SeedList,
  flags: RunFlags,
  many: ManyFlags,
  environment: SimEnvironment,
): Promise<number> {
  runOptions(flags); // a wrong name is better noticed here than in every worker
  const workers = Math.min(many.workers ?? availableParallelism(), seeds.count);
  const coverage = new Coverage();
  const failures: RunResult[] = [];
  const began = process.hrtime.bigint();
  const usedBefore = process.cpuUsage();
  const sum = { seeds: 0, events: 0, answered: 0 };
  const threads: Worker[] = [];
  const onReport = (report: Report): void => {
    if (report.type === "result") {
      if (failures.length >= many.failuresMax) return; // they come in batches
      failures.push(report.result);
      if (failures.length < many.failuresMax) return;
      for (const thread of threads) void thread.terminate();
      return;
    }
    sum.seeds += report.batch.seeds;
    sum.events += report.batch.events;
    sum.answered += report.batch.answered;
    coverage.add(report.batch.coverage);
    environment.progress(`${sum.seeds}/${seeds.count} seeds, ${sum.events} events`);
  };
  const ends: Promise<void>[] = [];
  for (let offset = 0; offset < workers; offset += 1) {
    const share: Share = { seeds, offset, stride: workers, run: flags };
    const thread = new Worker(environment.workerUrl, { workerData: share });
    thread.on("message", onReport);
    threads.push(thread);
    ends.push(
      new Promise((resolve, reject) => {
        thread.once("error", reject);
        thread.once("exit", () => resolve());
      }),
    );
  }
  await Promise.all(ends);
  environment.progress("");
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const { user, system } = process.cpuUsage(usedBefore);
  if (failures.length > 0) return await explainFailures(failures, flags, environment);
  return summarize(
    { ...sum, seconds, busySeconds: (user + system) / 1e6 },
    { coverage, many, environment },
  );
}

async function explainFailures(
  failures: readonly RunResult[],
  flags: RunFlags,
  { print, progress }: SimEnvironment,
): Promise<number> {
  for (const { seed } of failures) {
    progress(`shrinking seed ${seed}`);
    const shrunk = await shrink(seed, runOptions(flags));
    progress("");
    const { violation } = shrunk.result;
    print(`FAILED seed ${seed}: ${violation?.invariant ?? "?"}: ${violation?.detail ?? "?"}`);
    print(`  ${replayCommand(shrunk, flags)}`);
  }
  return 1;
}

function summarize(
  sum: {
    readonly seeds: number;
    readonly events: number;
    readonly answered: number;
    readonly seconds: number;
    /** Of all processors together. */
    readonly busySeconds: number;
  },
  parts: {
    readonly coverage: Coverage;
    readonly many: ManyFlags;
    readonly environment: SimEnvironment;
  },
): number {
  const { coverage, many, environment } = parts;
  const { print } = environment;
  for (const corner of cornerNames) {
    print(
      `${String(coverage.count(corner)).padStart(9)}  ${corner.padEnd(28)}  ${corners[corner]}`,
    );
  }
  const rate = Math.round(sum.events / sum.busySeconds / 1000);
  print(
    `${sum.seeds} seeds, ${sum.events} events, ${sum.answered} answers, no violation;` +
      ` ${sum.seconds.toFixed(1)} s, ${rate} k events a second of one processor`,
  );
  if (coverage.missing.length === 0 || many.allowMissing) return 0;
  print(`never reached: ${coverage.missing.join(", ")}`);
  return 3;
}

/** The worker's side: runs its share of the seeds and reports. */
export async function simWorker(): Promise<void> {
  if (parentPort === null) throw new Error("not a worker thread");
  const port = parentPort;
  const share = workerData as Share; // written by runMany above
  const options = runOptions(share.run);
  let mine: number[] = [];
  const flush = async (): Promise<void> => {
    if (mine.length === 0) return;
    const { failures, ...batch } = await runSeeds(mine, options);
    for (const result of failures) port.postMessage({ type: "result", result } satisfies Report);
    port.postMessage({ type: "done", batch } satisfies Report);
    mine = [];
  };
  let position = 0;
  for (const seed of seedsOf(share.seeds)) {
    if (position % share.stride === share.offset) mine.push(seed);
    position += 1;
    if (mine.length >= reportEvery) await flush();
  }
  await flush();
}

function runScenarios(
  files: readonly string[],
  rewrite: boolean,
  { print }: SimEnvironment,
): number {
  let changed = 0;
  for (const file of files) {
    const before = readFileSync(file, "utf8");
    const after = replayScenario(before);
    if (after === before) {
      print(`${file}: as written`);
      continue;
    }
    changed += 1;
    if (rewrite) {
      writeFileSync(file, after);
      print(`${file}: rewritten`);
    } else {
      print(`${file}: prints something else; --rewrite shows what`);
    }
  }
  return changed > 0 && !rewrite ? 1 : 0;
}
