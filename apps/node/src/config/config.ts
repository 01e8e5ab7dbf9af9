/**
 * Flags and `COUNTER_*` variables become one checked {@link NodeConfig}, or a list of *all* that is
 * wrong with them. Nothing else in the program reads flags or the environment.
 */
import yargs from "yargs";

import { isProblem } from "./config-problem.ts";
import { assemble } from "./assemble.ts";
import { readConfigFile } from "./config-file.ts";
import { didYouMean } from "./did-you-mean.ts";
import type { FlagSpec } from "./flag-spec.ts";
import { environmentName, flagSpecs, type FlagName } from "./flags.ts";
import { helpText } from "./help.ts";
import type { NodeConfig } from "./node-config.ts";
import { printedConfig } from "./print-config.ts";
import { flagsSchema } from "./schema.ts";

export type ConfigResult =
  | { readonly kind: "config"; readonly config: NodeConfig }
  /** To be printed instead of starting anything: `--help`, `--print-config`. */
  | { readonly kind: "text"; readonly text: string }
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
  const parsed = parseArguments(args.map(toggled));
  const valued = withValue(args);
  if (valued.length === 0) {
    if (parsed["help"] === true) return { kind: "text", text: await helpText(columns) };
    if (parsed["version"] === true) return { kind: "version" };
  }

  const problems = [...valued, ...unknownFlags(parsed), ...unknownVariables(environment)];
  const given = collect(parsed, environment, problems);
  addFromFile(given, problems);
  problems.push(...ofTheOtherMode(given));
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
  const assembled = assemble(checked.data);
  if (isProblem(assembled)) return { kind: "problems", problems: [assembled.problem] };
  return parsed["print-config"] === true
    ? { kind: "text", text: printedConfig(given) }
    : { kind: "config", config: assembled };
}

/** What neither a flag nor the environment says. */
function addFromFile(given: Given, problems: string[]): void {
  const path = given.config?.value;
  if (typeof path !== "string") return;
  const file = readConfigFile(path);
  problems.push(...file.problems);
  for (const flag of flagNames) {
    const value = file.values[flag];
    if (value === undefined || given[flag] !== undefined) continue;
    const spec: FlagSpec = flagSpecs[flag];
    given[flag] = {
      name: `${path}: ${flag}`,
      value: spec.list === true ? splitList(value) : value,
    };
  }
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
    .option("print-config", { type: "boolean" })
    .string(flagNames)
    .parseSync();
}

/** `--legacy` and `--no-legacy` are short for `--legacy=on` and `--legacy=off`. */
function toggled(arg: string): string {
  const [, no, name = ""] = /^--(no-)?([a-z-]+)$/.exec(arg) ?? [];
  const spec: FlagSpec | null = isFlagName(name) ? flagSpecs[name] : null;
  return spec?.toggle === true ? `--${name}=${no === undefined ? "on" : "off"}` : arg;
}

/** `--help=no` would be read as no help, and start a node. */
function withValue(args: readonly string[]): string[] {
  return args.flatMap((arg) => {
    const name = /^(--help|--version|--print-config|-h)=/.exec(arg)?.[1];
    return name === undefined ? [] : [`${name} takes no value: write ${name} alone`];
  });
}

function unknownFlags(parsed: Readonly<Record<string, unknown>>): string[] {
  const positional = parsed["_"];
  const extra = Array.isArray(positional) ? positional.map(String) : [];
  const known = [...flagNames, "help", "version", "print-config", "h", "_", "$0"];
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
    const spec: FlagSpec = flagSpecs[flag];
    const value = fromFlag ?? (fromEnvironment === "" ? undefined : fromEnvironment);
    if (value === undefined) continue;
    const name = fromFlag === undefined ? variable : `--${flag}`;
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (values.includes("")) problems.push(`${name} needs a value: write ${name}=<value>`);
    else if (spec.list === true) given[flag] = { name, value: splitList(value) };
    else if (Array.isArray(value)) problems.push(`${name} is given more than once`);
    else given[flag] = { name, value };
  }
  return given;
}

/** A setting that would have no effect is refused: whoever gave it expects one. */
function ofTheOtherMode(given: Given): string[] {
  const mode = given.mode?.value ?? "raft";
  if (mode !== "raft" && mode !== "eventual") return []; // the schema says so
  return Object.entries(given).flatMap(([flag, { name }]) => {
    const spec: FlagSpec | null = isFlagName(flag) ? flagSpecs[flag] : null;
    if (spec?.mode === undefined || spec.mode === mode) return [];
    const instead = spec.instead === undefined ? "" : `; in ${mode} mode ${spec.instead}`;
    return [`${name} belongs to --mode=${spec.mode}, and this node has --mode=${mode}${instead}`];
  });
}

function splitList(value: unknown): string[] {
  const texts = Array.isArray(value) ? value.map(String) : [String(value)];
  return texts.flatMap((text) => text.split(",").map((part) => part.trim())).filter(Boolean);
}

function isFlagName(name: string): name is FlagName {
  return Object.hasOwn(flagSpecs, name);
}
