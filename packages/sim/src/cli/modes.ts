/** What the command line can run: the core of Raft, or that of eventual mode. */
import { replayCommand, shrink } from "../batch.ts";
import { corners } from "../coverage.ts";
import { eventualReplayCommand, shrinkEventual } from "../eventual/batch.ts";
import { eventualCorners } from "../eventual/corners.ts";
import { eventualFaultKinds } from "../eventual/knobs.ts";
import { runEventualSeed } from "../eventual/run.ts";
import { faultKinds } from "../knobs.ts";
import { runSeedAsync } from "../simulation.ts";
import type { RunOptions } from "../simulation.ts";
import { workloadNamed } from "../workloads.ts";
import { UsageError } from "./arguments.ts";
import type { ModeName, RunFlags } from "./arguments.ts";

/** One run, whatever was run. */
export interface ModeResult {
  readonly seed: number;
  readonly ok: boolean;
  readonly violation: { readonly invariant: string; readonly detail: string } | null;
  readonly traceHash: string;
  readonly events: number;
  readonly answered: number;
  readonly coverage: Readonly<Record<string, number>>;
  readonly trace: readonly string[];
}

export interface SimMode {
  /** By name, with what each of them means. */
  readonly corners: Readonly<Record<string, string>>;
  /** @throws {UsageError} when it cannot be run with these flags */
  check(flags: RunFlags): void;
  run(seed: number, flags: RunFlags, trace: boolean): Promise<ModeResult>;
  /** Makes a failing run smaller; `command` shows it again. */
  shrink(
    seed: number,
    flags: RunFlags,
  ): Promise<{ readonly result: ModeResult; readonly command: string }>;
}

export function modeNamed(name: ModeName): SimMode {
  return name === "raft" ? raftMode : eventualMode;
}

const raftMode: SimMode = {
  corners,
  check: (flags) => void raftOptions(flags),
  run: (seed, flags, trace) => runSeedAsync(seed, { ...raftOptions(flags), trace }),
  shrink: async (seed, flags) => {
    const shrunk = await shrink(seed, raftOptions(flags));
    return { result: shrunk.result, command: replayCommand(shrunk, flags) };
  },
};

const eventualMode: SimMode = {
  corners: eventualCorners,
  check: (flags) => void eventualOptions(flags),
  run: (seed, flags, trace) => {
    return Promise.resolve(runEventualSeed(seed, { ...eventualOptions(flags), trace }));
  },
  shrink: (seed, flags) => {
    const shrunk = shrinkEventual(seed, eventualOptions(flags));
    return Promise.resolve({ result: shrunk.result, command: eventualReplayCommand(shrunk) });
  },
};

function raftOptions(flags: RunFlags): RunOptions {
  const { ticks, workload, flaw } = flags;
  const chosen = workloadNamed(workload);
  if (chosen === null) throw new UsageError(`there is no workload ${workload}`);
  return {
    ...{ without: faultKinds.filter((kind) => flags.without.includes(kind)), workload: chosen },
    ...(ticks === null ? {} : { ticks }),
    ...(flaw === null ? {} : { flaw }),
  };
}

function eventualOptions({ without, ticks, flaw }: RunFlags) {
  if (flaw !== null) throw new UsageError("--flaw is about hosts of the Raft core");
  return {
    without: eventualFaultKinds.filter((kind) => without.includes(kind)),
    ...(ticks === null ? {} : { ticks }),
  };
}
