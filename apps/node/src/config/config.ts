/**
 * Flags and `COUNTER_*` variables become one checked {@link NodeConfig}, or a list of *all* that is
 * wrong with them. Nothing else in the program reads flags or the environment.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";

import yargs from "yargs";

import { formatAddress, isWildcard } from "./addresses.ts";
import { didYouMean } from "./did-you-mean.ts";
import { environmentName, flagSpecs, type FlagName, type FlagSpec } from "./flags.ts";
import { helpText } from "./help.ts";
import { flagsSchema, type CheckedFlags } from "./schema.ts";

/** How counters are replicated. */
export type Mode = "raft";

/** Everything a node is told at its start. Times in milliseconds. */
export interface NodeConfig {
  readonly mode: Mode;
  readonly label: string;
  readonly host: string;
  readonly port: number;
  /** `host:port` under which the others reach us; also our Raft id. */
  readonly address: string;
  /** The other nodes of the first configuration, in the spelling of {@link address}, sorted. */
  readonly peers: readonly string[];
  /** Nodes of a cluster to join, in the same spelling; empty for a first member. */
  readonly join: readonly string[];
  /** What `--cluster-id` says; `null` if it was not given. */
  readonly clusterName: string | null;
  /** What the nodes of a new cluster compare: the name and the first members. */
  readonly clusterId: string;
  readonly dataDir: string;
  readonly forward: "forward" | "redirect" | "off";
  readonly compat: "none" | "strict";
  readonly applyTimeoutMs: number;
  readonly idempotencyWindowMs: number;
  readonly idempotencyMax: number;
  readonly maxCounters: number;
  readonly shutdownTimeoutMs: number;
  readonly logLevel: "error" | "warn" | "info" | "debug";
  readonly logFormat: "pretty" | "json";
}

export type ConfigResult =
  | { readonly kind: "config"; readonly config: NodeConfig }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  /** One sentence a problem; the program should end with exit code 2. */
  | { readonly kind: "problems"; readonly problems: readonly string[] };

type Environment = Readonly<Record<string, string | undefined>>;
type Given = Partial<Record<FlagName, { readonly name: string; readonly value: unknown }>>;

const flagNames = Object.keys(flagSpecs).filter(isFlagName);

/**
 * Reads the command line (without the program's own name) and the environment.
 *
 * @param columns - width of the help text, in characters
 */
export async function readConfig(
  args: readonly string[],
  environment: Environment,
  columns: number = 100,
): Promise<ConfigResult> {
  const parsed = parseArguments(args);
  const valued = withValue(args);
  if (valued.length === 0) {
    if (parsed["help"] === true) return { kind: "help", text: await helpText(columns) };
    if (parsed["version"] === true) return { kind: "version" };
  }

  const problems = [...valued, ...unknownFlags(parsed), ...unknownVariables(environment)];
  const given = collect(parsed, environment, problems);
  const values = Object.fromEntries(
    Object.entries(given).map(([flag, { value }]) => [flag, value]),
  );
  const checked = flagsSchema.safeParse(values);
  if (!checked.success) {
    for (const issue of checked.error.issues) {
      const flag = String(issue.path[0]);
      const name = isFlagName(flag) ? (given[flag]?.name ?? `--${flag}`) : flag;
      problems.push(`${name}: ${issue.message}`);
    }
  }
  if (!checked.success || problems.length > 0) return { kind: "problems", problems };
  return assemble(checked.data);
}

function parseArguments(args: readonly string[]): Readonly<Record<string, unknown>> {
  return yargs([...args])
    .parserConfiguration({
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "duplicate-arguments-array": true,
      "greedy-arrays": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "short-option-groups": false,
    })
    .help(false)
    .version(false)
    .exitProcess(false)
    .option("help", { type: "boolean", alias: "h" })
    .option("version", { type: "boolean" })
    .string(flagNames)
    .parseSync();
}

/** `--help=no` would be read as no help, and start a node. */
function withValue(args: readonly string[]): string[] {
  return args.flatMap((arg) => {
    const name = /^(--help|--version|-h)=/.exec(arg)?.[1];
    return name === undefined ? [] : [`${name} takes no value: write ${name} alone`];
  });
}

function unknownFlags(parsed: Readonly<Record<string, unknown>>): string[] {
  const positional = parsed["_"];
  const extra = Array.isArray(positional) ? positional.map(String) : [];
  const known = [...flagNames, "help", "version", "h", "_", "$0"];
  return [
    ...extra.map((word) => `"${word}" was not expected: every setting is written --name=value`),
    ...Object.keys(parsed)
      .filter((name) => !known.includes(name))
      .map((name) => `--${name} is unknown${hint(name, flagNames, (flag) => `--${flag}`)}`),
  ];
}

function unknownVariables(environment: Environment): string[] {
  const known = flagNames.map(environmentName);
  return Object.keys(environment)
    .filter((name) => name.startsWith("COUNTER_") && !known.includes(name))
    .map((name) => `${name} is unknown${hint(name, known, (variable) => variable)}`);
}

function hint(
  word: string,
  candidates: readonly string[],
  print: (candidate: string) => string,
): string {
  const meant = didYouMean(word, candidates);
  return meant === null ? " (see --help)" : `: did you mean ${print(meant)}?`;
}

function collect(
  parsed: Readonly<Record<string, unknown>>,
  environment: Environment,
  problems: string[],
): Given {
  const given: Given = {};
  for (const flag of flagNames) {
    const variable = environmentName(flag);
    const fromFlag = parsed[flag];
    const fromEnvironment = environment[variable];
    const value = fromFlag ?? (fromEnvironment === "" ? undefined : fromEnvironment);
    if (value === undefined) continue;
    const name = fromFlag === undefined ? variable : `--${flag}`;
    const spec: FlagSpec = flagSpecs[flag];
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (values.includes("")) problems.push(`${name} needs a value: write ${name}=<value>`);
    else if (spec.list === true) given[flag] = { name, value: splitList(value) };
    else if (Array.isArray(value)) problems.push(`${name} is given more than once`);
    else given[flag] = { name, value };
  }
  return given;
}

function splitList(value: unknown): string[] {
  const texts = Array.isArray(value) ? value.map(String) : [String(value)];
  return texts.flatMap((text) => text.split(",").map((part) => part.trim())).filter(Boolean);
}

function assemble(flags: CheckedFlags): ConfigResult {
  const host = flags.host === "localhost" ? "127.0.0.1" : flags.host;
  const own = flags.advertise ?? { host, port: flags.port };
  const address = formatAddress(own);
  const listening = formatAddress({ host, port: flags.port });
  const peers = [...new Set(flags.peers.map(formatAddress))]
    .filter((peer) => peer !== address && peer !== listening)
    .sort();
  const others = peers.length + flags.join.length;
  if (flags.advertise === undefined && isWildcard(host) && others > 0) {
    const problem = `--host=${host} means every interface, which is not an address that peers can use: add --advertise=host:port`;
    return { kind: "problems", problems: [problem] };
  }
  const seeds = [...new Set(flags.join.map(formatAddress))].filter((seed) => seed !== address);
  if (flags.join.length > 0 && (peers.length > 0 || seeds.length === 0)) {
    const problem =
      peers.length > 0
        ? "--peers names the members of a new cluster, --join those of an existing one: use one of them"
        : "--join names this node itself: name nodes of the cluster that it is to join";
    return { kind: "problems", problems: [problem] };
  }
  const label = flags.id ?? `node-${flags.port}`;
  const members = [...peers, address].sort();
  const config: NodeConfig = {
    mode: flags.mode,
    label,
    host,
    port: flags.port,
    address,
    peers,
    join: seeds,
    clusterName: flags["cluster-id"] ?? null,
    clusterId: clusterIdOf(flags["cluster-id"] ?? null, members),
    dataDir: flags["data-dir"] ?? join("data", label),
    forward: flags.forward,
    compat: flags.compat,
    applyTimeoutMs: flags["apply-timeout"],
    idempotencyWindowMs: flags["idempotency-window"],
    idempotencyMax: flags["idempotency-max"],
    maxCounters: flags["max-counters"],
    shutdownTimeoutMs: flags["shutdown-timeout"],
    logLevel: flags["log-level"],
    logFormat: flags["log-format"],
  };
  return { kind: "config", config };
}

/**
 * The same for all nodes that were told of the same cluster, another for any other list of members:
 * nodes that were started with different `--peers` refuse each other instead of beginning with
 * different first entries and electing two leaders. A name keeps apart clusters that have, or once
 * had, the same addresses; it does not replace the list.
 *
 * @param name - `null` if there is none
 * @param members - all addresses, sorted
 * @returns 32 hexadecimal digits; with a name, the name, `~` and 16 digits
 */
export function clusterIdOf(name: string | null, members: readonly string[]): string {
  const digest = createHash("sha256").update(members.join("\n")).digest("hex");
  return name === null ? digest.slice(0, 32) : `${name}~${digest.slice(0, 16)}`;
}

/** Whether a cluster has this name. Directories of earlier releases hold the bare name. */
export function isNamed(clusterId: string, name: string): boolean {
  return clusterId === name || clusterId.startsWith(`${name}~`);
}

function isFlagName(name: string): name is FlagName {
  return Object.hasOwn(flagSpecs, name);
}
