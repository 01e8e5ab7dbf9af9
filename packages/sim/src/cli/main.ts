/** `npm run sim`: one seed with its trace, many seeds on all processors, or scenario files. */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker, parentPort, workerData } from "node:worker_threads";
import { Tally } from "../coverage.ts";
import { contestants } from "../eventual/designs/contestants.ts";
import { scenarios } from "../eventual/designs/scenarios.ts";
import { designTable } from "../eventual/designs/table.ts";
import { replayScenario } from "../scenario/replay.ts";
import { UsageError, helpText, parseArguments, seedsOf } from "./arguments.ts";
import { drawGossipTargets, runGossipSeeds, runGossipTargets, runGossipTrace } from "./gossip.ts";
import type { ManyFlags, RunFlags, SeedList } from "./arguments.ts";
import { modeNamed } from "./modes.ts";
import type { ModeResult, SimMode } from "./modes.ts";

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

/** What some runs without a failure came to. */
interface Batch {
  readonly seeds: number;
  readonly events: number;
  readonly answered: number;
  readonly coverage: Readonly<Record<string, number>>;
}

type Report =
  | { readonly type: "result"; readonly result: ModeResult }
  | { readonly type: "done"; readonly batch: Batch };

/** Seeds of each design in each kind of trouble. */
const runsOfDesigns = 20;

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
      case "gossipTrace":
        return runGossipTrace(command.seed, environment.print);
      case "gossipPlot":
        writeFileSync(command.file, drawGossipTargets(environment.progress));
        return 0;
      case "gossipTargets":
        return runGossipTargets(command, environment.print);
      case "one":
        return await runOne(command.seed, command.run, environment);
      case "many":
        return await runMany(command.seeds, command.run, command.many, environment);
      case "designs":
        for (const line of designTable(contestants, scenarios, runsOfDesigns)) {
          environment.print(line);
        }
        return 0;
      case "scenario":
        return runScenarios(command.files, command.rewrite, environment);
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    environment.print(error.message);
    return 2;
  }
}

async function runOne(seed: number, flags: RunFlags, { print }: SimEnvironment): Promise<number> {
  const result = await modeNamed(flags.mode).run(seed, flags, true);
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
  const mode = modeNamed(flags.mode);
  mode.check(flags); // a wrong name is better noticed here than in every worker
  const workers = Math.min(many.workers ?? availableParallelism(), seeds.count);
  const coverage = new Tally(Object.keys(mode.corners));
  const failures: ModeResult[] = [];
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
    { coverage, mode, many, environment },
  );
}

async function explainFailures(
  failures: readonly ModeResult[],
  flags: RunFlags,
  { print, progress }: SimEnvironment,
): Promise<number> {
  for (const { seed } of failures) {
    progress(`shrinking seed ${seed}`);
    const { result, command } = await modeNamed(flags.mode).shrink(seed, flags);
    progress("");
    const { violation } = result;
    print(`FAILED seed ${seed}: ${violation?.invariant ?? "?"}: ${violation?.detail ?? "?"}`);
    print(`  ${command}`);
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
    readonly coverage: Tally<string>;
    readonly mode: SimMode;
    readonly many: ManyFlags;
    readonly environment: SimEnvironment;
  },
): number {
  const { coverage, mode, many, environment } = parts;
  const { print } = environment;
  for (const [corner, meaning] of Object.entries(mode.corners)) {
    print(`${String(coverage.count(corner)).padStart(9)}  ${corner.padEnd(28)}  ${meaning}`);
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
  const { run } = share;
  const mode = modeNamed(run.mode);
  let mine: number[] = [];
  const flush = async (): Promise<void> => {
    if (mine.length === 0) return;
    const coverage = new Tally(Object.keys(mode.corners));
    let events = 0;
    let answered = 0;
    for (const seed of mine) {
      const result = await mode.run(seed, run, false);
      events += result.events;
      answered += result.answered;
      coverage.add(result.coverage);
      if (!result.ok) port.postMessage({ type: "result", result } satisfies Report);
    }
    const batch: Batch = { seeds: mine.length, events, answered, coverage: coverage.counts };
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
