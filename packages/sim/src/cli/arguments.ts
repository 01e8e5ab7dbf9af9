/** The command line of the simulator. */
import { parseArgs } from "node:util";
import { faultKinds } from "../knobs.ts";
import { eventualFaultKinds } from "../eventual/knobs.ts";
import { eventualSentences } from "../eventual/sentences.ts";
import { hostFlawNamed, hostFlaws } from "../host-flaws.ts";
import type { HostFlaw } from "../host-flaws.ts";
import { invariantSentences } from "../violation.ts";
import { Random } from "../random.ts";
import { defaultWorkload } from "../workloads.ts";

export type SimCommand =
  | { readonly type: "help" }
  | { readonly type: "gossip"; readonly seeds: SeedList }
  | { readonly type: "gossipTrace"; readonly seed: number }
  | { readonly type: "gossipTargets"; readonly full: boolean; readonly only: readonly string[] }
  | { readonly type: "gossipPlot"; readonly file: string }
  | { readonly type: "one"; readonly seed: number; readonly run: RunFlags }
  | {
      readonly type: "many";
      readonly seeds: SeedList;
      readonly run: RunFlags;
      readonly many: ManyFlags;
    }
  | { readonly type: "designs" }
  | { readonly type: "scenario"; readonly files: readonly string[]; readonly rewrite: boolean };

/** Which core is run. */
export type ModeName = "raft" | "eventual";

export interface RunFlags {
  readonly mode: ModeName;
  /** Kinds of faults that this mode has. */
  readonly without: readonly string[];
  readonly ticks: number | null;
  readonly workload: string;
  readonly flaw: HostFlaw | null;
}

export interface ManyFlags {
  readonly workers: number | null;
  readonly failuresMax: number;
  readonly allowMissing: boolean;
}

/** `count` seeds: consecutive from `first`, or drawn from `salt`. */
export interface SeedList {
  readonly first: number;
  readonly count: number;
  readonly salt: string | null;
}

/** A mistake on the command line; the message says what would have been right. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Largest seed; larger ones would not survive arithmetic. */
export const seedMax: number = 2 ** 48;

/** @throws {UsageError} */
export function parseArguments(argv: readonly string[]): SimCommand {
  const { values, positionals } = parsed(() => parseFlags(argv));
  if (positionals.length > 0) throw new UsageError(`what is ${positionals.join(" ")}? try --help`);
  if (values.help === true) return { type: "help" };
  if (values["gossip-targets"] === true) {
    if (values.plot !== undefined) return { type: "gossipPlot", file: values.plot };
    const only = (values.only ?? []).flatMap((list) => list.split(","));
    return { type: "gossipTargets", full: values.full === true, only };
  }
  if (values.gossip === true) {
    if (values.seed === undefined) return { type: "gossip", seeds: seedList(values) };
    return { type: "gossipTrace", seed: wholeNumber("--seed", values.seed) };
  }
  if (values.scenario !== undefined) {
    return { type: "scenario", files: values.scenario, rewrite: values.rewrite === true };
  }
  if (values.designs === true) return { type: "designs" };
  const mode = modeFrom(values.mode ?? "raft");
  const without = (values.without ?? []).flatMap((list) => list.split(","));
  const run: RunFlags = {
    mode,
    without: without.map((name) => faultKindFrom(name, mode)),
    ticks: values.ticks === undefined ? null : wholeNumber("--ticks", values.ticks),
    workload: values.workload ?? defaultWorkload,
    flaw: values.flaw === undefined ? null : flawFrom(values.flaw),
  };
  if (values.seed !== undefined) {
    return { type: "one", seed: wholeNumber("--seed", values.seed), run };
  }
  const many: ManyFlags = {
    workers: values.workers === undefined ? null : wholeNumber("--workers", values.workers),
    failuresMax: values.failures === undefined ? 1 : wholeNumber("--failures", values.failures),
    allowMissing: values["allow-missing"] === true,
  };
  return { type: "many", seeds: seedList(values), run, many };
}

/** The seeds of a list, in order. */
export function* seedsOf({ first, count, salt }: SeedList): Generator<number> {
  const random = salt === null ? null : new Random(count, salt);
  for (let i = 0; i < count; i += 1) {
    yield random === null ? first + i : random.next() * 2 ** 16 + (random.next() >>> 16);
  }
}

/** What a parser of flags gives. @throws {UsageError} when it throws */
export function parsed<Flags>(parseFlags: () => Flags): Flags {
  try {
    return parseFlags();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parseFlags(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      mode: { type: "string" },
      seed: { type: "string" },
      seeds: { type: "string" },
      fresh: { type: "string" },
      salt: { type: "string" },
      gossip: { type: "boolean" },
      "gossip-targets": { type: "boolean" },
      full: { type: "boolean" },
      plot: { type: "string" },
      only: { type: "string", multiple: true },
      without: { type: "string", multiple: true },
      ticks: { type: "string" },
      workload: { type: "string" },
      flaw: { type: "string" },
      workers: { type: "string" },
      failures: { type: "string" },
      "allow-missing": { type: "boolean" },
      scenario: { type: "string", multiple: true },
      rewrite: { type: "boolean" },
      designs: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function seedList(values: {
  readonly seeds?: string | undefined;
  readonly fresh?: string | undefined;
  readonly salt?: string | undefined;
}): SeedList {
  if (values.fresh !== undefined) {
    if (values.salt === undefined)
      throw new UsageError("--fresh needs --salt, a commit id for example");
    return { first: 0, count: wholeNumber("--fresh", values.fresh), salt: values.salt };
  }
  const match = /^(\d+)\.\.(\d+)$/.exec(values.seeds ?? "1..1500");
  if (match === null) throw new UsageError("--seeds wants a range, like 1..5000");
  const first = wholeNumber("--seeds", match[1]!);
  const last = wholeNumber("--seeds", match[2]!);
  if (last < first) throw new UsageError("--seeds wants the smaller number first");
  return { first, count: last - first + 1, salt: null };
}

/** @throws {UsageError} */
export function wholeNumber(flag: string, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value <= seedMax)) throw new UsageError(`${flag} wants a whole number, not ${text}`);
  return value;
}

function modeFrom(name: string): ModeName {
  if (name === "raft" || name === "eventual") return name;
  throw new UsageError(`${name} is no mode; there are raft and eventual`);
}

function faultKindFrom(name: string, mode: ModeName): string {
  const kinds: readonly string[] = mode === "raft" ? faultKinds : eventualFaultKinds;
  if (kinds.includes(name)) return name;
  throw new UsageError(`${name} is no fault; there are ${kinds.join(", ")}`);
}

function flawFrom(name: string): HostFlaw {
  const flaw = hostFlawNamed(name);
  if (flaw === null) {
    throw new UsageError(`${name} is no flaw; there are ${Object.keys(hostFlaws).join(", ")}`);
  }
  return flaw;
}

function sentences(named: Readonly<Record<string, string>>): string {
  const lines = Object.entries(named).map(([name, text]) => `  ${name.padEnd(22)}${text}`);
  return lines.join("\n");
}

/** Names in lines of at most 96 columns, indented as the text of a flag. */
function listed(names: readonly string[]): string {
  const indent = " ".repeat(22);
  const lines = [""];
  names.forEach((name, i) => {
    const item = i + 1 < names.length ? `${name}, ` : name;
    if (indent.length + lines.at(-1)!.length + item.trimEnd().length > 96) lines.push("");
    lines.push(`${lines.pop()!}${item}`);
  });
  return lines.map((line) => line.trimEnd()).join(`\n${indent}`);
}

export const helpText: string = `npm run sim -- [--seed N | --seeds A..B | --fresh N --salt TEXT | --scenario FILE | --designs]

Runs a core in a simulated cluster: virtual time, and every fault drawn from the seed. All
invariants are checked after every event; then the cluster is healed and must come back by itself.
The same seed always gives the same run.

  --mode NAME         raft (default), or eventual: the core of eventual mode
  --seed N            one run, with its trace: tick  who  what
  --seeds A..B        a range on all processors; default 1..1500
  --fresh N --salt S  N seeds drawn from a text, for example from the id of a commit
  --scenario FILE     replays a scenario and compares what it prints (may be repeated)
  --rewrite           with --scenario: writes what was printed into the file
  --designs           five designs of a counter without leader, from naive to ours, in six kinds of
                      trouble, as a table: range of the error / runs in which all nodes were exact

  --without a,b       leaves kinds of faults out:
                      ${listed(faultKinds)}
                      of eventual mode:
                      ${listed(eventualFaultKinds)}
  --ticks N           ends the part with faults after N ticks
  --workload NAME     keyed (a tiny counter, default), counter (the real state machine),
                      operations (all that it can do, against a model), or once (a counter that
                      knows no keys, under exactlyOnce, with keys and sessions)
  --flaw NAME         a host that breaks its contract, to see how that is found out:
                      ${listed(Object.keys(hostFlaws))}
  --workers N         default: one a processor
  --failures N        stops after this many failing seeds; default 1
  --allow-missing     does not mind corners that no seed reached

  --gossip            runs the gossip core instead, with --seeds, --fresh, or --seed and its trace
                      (docs/gossip.md)
  --gossip-targets    measures the targets of membership (docs/gossip.md) on the gossip core; exit
                      code 1 if one is missed
  --full              with it: larger clusters and longer runs, many minutes instead of one
  --only G1,G5        with it: only these
  --plot FILE         with it: instead draws how soon crashes and news are known, by size, as SVG

How to read a failure: it names an invariant, what was seen, and the command that shows the run
again. It was made smaller first: faults that are not needed are left out. Start at the end of the
trace and go back to the last time the servers it names agreed.

Invariants:
${sentences(invariantSentences)}

Invariants of eventual mode:
${sentences(eventualSentences)}

Exit code 0: all is well. 1: an invariant broke, or a scenario printed something else. 2: wrong use.
3: some corner was never reached, so the simulation has stopped testing something.`;
