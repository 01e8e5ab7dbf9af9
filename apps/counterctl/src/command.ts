/** What a command of counterctl is, and how yargs is told of it. */
import type { CounterClient } from "@counter/client";
import type { Argv } from "yargs";

import { Args } from "./args.ts";
import type { Output } from "./output.ts";
import type { Connection } from "./settings.ts";

/** What a command works with. */
export interface Ctl {
  readonly args: Args;
  readonly out: Output;
  readonly env: NodeJS.ProcessEnv;
  /** Ends with Ctrl-C. */
  readonly signal: AbortSignal;
  /** @throws UsageError where the settings make no sense */
  readonly connection: () => Promise<Connection>;
  readonly client: () => Promise<CounterClient>;
}

export interface Command {
  /** As yargs has it: `add <name> <delta>`. */
  readonly command: string;
  readonly about: string;
  /** Command lines without `counterctl`, and what each does. */
  readonly examples?: readonly (readonly [line: string, meaning: string])[];
  readonly options?: (yargs: Argv) => Argv;
  /** @returns the exit code; nothing: 0 */
  readonly run: (ctl: Ctl) => Promise<number | undefined>;
}

/** Commands under one word. */
export interface Group {
  readonly group: string;
  readonly about: string;
  readonly commands: readonly Command[];
}

/** @param run - carries a command out with what was parsed */
export function register(
  yargs: Argv,
  command: Command,
  run: (command: Command, args: Args) => Promise<void>,
  prefix: string = "",
): Argv {
  return yargs.command(
    command.command,
    command.about,
    (inner) => {
      let described = inner.usage(`counterctl ${prefix}${command.command}\n\n${command.about}`);
      for (const [line, meaning] of command.examples ?? []) {
        described = described.example(`counterctl ${line}`, meaning);
      }
      return command.options === undefined ? described : command.options(described);
    },
    async (values) => await run(command, new Args(values)),
  );
}

export function registerGroup(
  yargs: Argv,
  { group, about, commands }: Group,
  run: (command: Command, args: Args) => Promise<void>,
): Argv {
  return yargs.command(group, about, (inner) => {
    let all = inner.usage(`counterctl ${group} <command>\n\n${about}`);
    for (const command of commands) all = register(all, command, run, `${group} `);
    return all.demandCommand(1, `say what: counterctl ${group} --help lists it`);
  });
}
