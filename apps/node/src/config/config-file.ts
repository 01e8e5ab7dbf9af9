/** Settings from a file: what `--config` names, in YAML or JSON, with the names of the flags. */
import { readFileSync, statSync } from "node:fs";
import { extname } from "node:path";

import { parse } from "yaml";

import { messageOf } from "../process/error-text.ts";
import { didYouMean } from "./did-you-mean.ts";
import type { FlagSpec } from "./flag-spec.ts";
import { flagSpecs, type FlagName } from "./flags.ts";

/** Largest file that is read, in bytes: settings are a few lines. */
export const configFileMaxBytes: number = 64 * 1024;

export interface FileSettings {
  /** Texts as on the command line; several for flags that may be repeated. */
  readonly values: Partial<Record<FlagName, string | readonly string[]>>;
  readonly problems: readonly string[];
}

/** Where a file cannot be taken as it is, `problems` says all that is wrong with it. */
export function readConfigFile(path: string): FileSettings {
  try {
    const { size } = statSync(path);
    if (size > configFileMaxBytes) {
      return fail(`${path} has ${size} bytes: at most ${configFileMaxBytes} are read`);
    }
    return settingsIn(path, parsed(path, readFileSync(path, "utf8")));
  } catch (error) {
    return fail(`--config: ${path} cannot be read: ${messageOf(error)}`);
  }
}

function parsed(path: string, text: string): unknown {
  if (extname(path) === ".json") return JSON.parse(text);
  // Numbers as they were written: 0x10 is no port, and 1.0 is not 1.
  return parse(text, { schema: "failsafe", maxAliasCount: 0 });
}

function settingsIn(path: string, content: unknown): FileSettings {
  if (content === null || content === "") return { values: {}, problems: [] }; // comments only
  if (typeof content !== "object" || Array.isArray(content)) {
    return fail(`${path}: settings are written name: value, one a line`);
  }
  const values: Partial<Record<FlagName, string | readonly string[]>> = {};
  const problems: string[] = [];
  for (const [name, value] of Object.entries(content)) {
    const problem = isSetting(name) ? null : unknownName(name);
    const text = textOf(value);
    if (problem !== null) problems.push(`${path}: ${problem}`);
    else if (!isSetting(name)) continue;
    else if (text === null) problems.push(`${path}: ${name} is a text, a number or a list of them`);
    else if (typeof text !== "string" && !isList(name)) {
      problems.push(`${path}: ${name} has one value, not a list`);
    } else values[name] = text;
  }
  return { values, problems };
}

function unknownName(name: string): string {
  if (name === "config") return "config names a file, and cannot be in one";
  const meant = didYouMean(name, Object.keys(flagSpecs));
  return `${name} is unknown${meant === null ? " (see --help)" : `: did you mean ${meant}?`}`;
}

function isSetting(name: string): name is Exclude<FlagName, "config"> {
  return name !== "config" && Object.hasOwn(flagSpecs, name);
}

function isList(name: FlagName): boolean {
  const spec: FlagSpec = flagSpecs[name];
  return spec.list === true;
}

function textOf(value: unknown): string | readonly string[] | null {
  if (Array.isArray(value)) {
    const texts = value.map((one: unknown) => scalarOf(one));
    return texts.every((text) => text !== null) ? texts : null;
  }
  return scalarOf(value);
}

function scalarOf(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

function fail(problem: string): FileSettings {
  return { values: {}, problems: [problem] };
}
