/** The text of `--print-config`: what a node would be started with, as a file for `--config`. */
import { stringify } from "yaml";

import type { FlagSpec } from "./flag-spec.ts";
import { flagSpecs } from "./flags.ts";

export interface Setting {
  /** Where it was given: `--port`, `COUNTER_PORT`, a file. */
  readonly name: string;
  readonly value: unknown;
}

/** @param given - by flag; all other flags have their default */
export function printedConfig(given: Readonly<Record<string, Setting | undefined>>): string {
  const lines: string[] = [];
  const defaults: string[] = [];
  for (const [flag, spec] of Object.entries<FlagSpec>(flagSpecs)) {
    if (flag === "config") continue;
    const setting = given[flag];
    if (setting === undefined) defaults.push(`# ${flag}: ${spec.default ?? "none"}`);
    else lines.push(...lineOf(flag, setting));
  }
  return ["# Given:", ...lines, "# By default:", ...defaults].join("\n");
}

function lineOf(flag: string, { name, value }: Setting): string[] {
  const text = stringify({ [flag]: value }, { lineWidth: 0 }).trimEnd();
  return [`# from ${name}`, ...text.split("\n")];
}
