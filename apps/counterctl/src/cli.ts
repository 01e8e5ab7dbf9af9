/** The command line: options that all commands have, help, completion, and how it ends. */
import { wrapped } from "@counter/node/offline";
import yargs from "yargs";
import type { Argv } from "yargs";

import { Args } from "./args.ts";
import { register, registerGroup, type Command, type Ctl } from "./command.ts";
import { commands, groups } from "./commands/all.ts";
import { exitCodeOf, exitCodes, UsageError } from "./exit-codes.ts";
import { explain } from "./explain.ts";
import { fullCommand, otherPlace, withoutDashes } from "./meant.ts";
import { formats, Output, type Streams } from "./output.ts";
import { clientOf, connectionOf, type Connection } from "./settings.ts";

/** Width of help, in characters. */
const columns = 100;

export interface Surroundings {
  readonly streams: Streams;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Of this command. */
  readonly version: string;
}

const epilogue = `Which cluster: --endpoints, or COUNTERCTL_ENDPOINTS, or a context (counterctl context --help),
or http://127.0.0.1:8080. The token comes from --token-file, COUNTERCTL_TOKEN or the context,
certificates from --ca, --cert and --cert-key, COUNTERCTL_CA, _CERT and _KEY, or the context.
Exit codes: 0 ok, 1 error or failed check, 2 usage, 3 not found, 4 precondition, 5 unavailable,
6 outcome unknown (repeat with the same --key).
Docs: docs/counterctl.md`;

/**
 * Runs one command line.
 *
 * @param typed - without program and script
 * @returns the exit code
 */
export async function runCounterctl(
  typed: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { streams } = surroundings;
  const words = withoutDashes(typed);
  let code: number = exitCodes.ok;
  let output = new Output(streams, { format: "table", colour: false });
  const run = async (command: Command, args: Args): Promise<void> => {
    output = outputOf(args, surroundings);
    code = (await command.run(ctlOf(args, output, surroundings))) ?? exitCodes.ok;
  };
  try {
    const parser = parserOf(words, surroundings.version, run);
    for (const line of await printedBy(parser, words)) streams.out(wrapped(line, columns));
  } catch (error) {
    report(error, output);
    return exitCodeOf(error);
  }
  return code;
}

function parserOf(
  words: readonly string[],
  version: string,
  run: (command: Command, args: Args) => Promise<void>,
): Argv {
  let parser: Argv = yargs()
    .scriptName("counterctl")
    .usage("counterctl <command> [options]\n\nWorks with a cluster of replicated counters.")
    .parserConfiguration({ "parse-positional-numbers": false, "parse-numbers": false });
  parser = commonOptions(parser);
  for (const command of commands) parser = register(parser, command, run);
  for (const group of groups) parser = registerGroup(parser, group, run);
  return parser
    .version(version)
    .completion("completion", "prints a script for the completion of bash or zsh")
    .example("counterctl add orders 5", "adds 5; makes the counter if there is none")
    .example("counterctl -e 8080,8081,8082 status", "a table of the nodes")
    .example("counterctl get orders -o json", "for scripts")
    .demandCommand(1, "say what to do: counterctl --help lists it")
    .recommendCommands()
    .strict()
    .wrap(null)
    .epilogue(epilogue)
    .exitProcess(false)
    .fail((message: string | undefined, error: Error | undefined) => {
      if (error !== undefined && error.name !== "YError") throw error;
      const text = message ?? error?.message ?? "that cannot be meant so";
      throw new UsageError(meant(text, words) ?? text);
    });
}

/** Better words for what yargs complains of, if there are. */
function meant(complaint: string, words: readonly string[]): string | null {
  if (/^(Unknown|Did you mean)/.test(complaint)) return otherPlace(words, { commands, groups });
  if (complaint.startsWith("Not enough")) return fullCommand(words, { commands, groups });
  return null;
}

/** Runs what is asked for. @returns lines of help, where that is what was asked for */
async function printedBy(parser: Argv, words: readonly string[]): Promise<readonly string[]> {
  let printed = "";
  await parser.parseAsync([...words], {}, (_error, _argv, text) => {
    printed = text;
  });
  return printed === "" ? [] : printed.split("\n");
}

function commonOptions(parser: Argv): Argv {
  return parser
    .option("endpoints", {
      alias: "e",
      type: "string",
      array: true,
      nargs: 1,
      describe: "nodes, as URLs, host:port or ports of this machine, with commas between",
    })
    .option("context", { type: "string", describe: "a cluster by the name you gave it" })
    .option("token-file", { type: "string", describe: "a file that holds your bearer token" })
    .option("ca", {
      alias: "tls-ca",
      type: "string",
      describe: "a file in PEM: trust the nodes that this authority signed, and no others",
    })
    .option("cert", {
      alias: "tls-cert",
      type: "string",
      describe: "your certificate in PEM, for nodes that want one of clients",
    })
    .option("cert-key", {
      alias: "tls-key",
      type: "string",
      describe: "the private key of --cert, in PEM",
    })
    .option("timeout", {
      type: "string",
      default: "15",
      describe: "longest time of a call with all its attempts, in seconds",
    })
    .option("output", {
      alias: "o",
      choices: formats,
      default: "table" as const,
      describe: "for people or for programs",
    })
    .option("color", { type: "boolean", describe: "colours; by default where a terminal is" });
}

function outputOf(args: Args, { streams, env }: Surroundings): Output {
  const format = args.choice("output", formats) ?? "table";
  const plain = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  const colour = args.has("color") ? args.flag("color") : streams.tty && !plain;
  return new Output(streams, { format, colour });
}

function ctlOf(args: Args, out: Output, { env, signal }: Surroundings): Ctl {
  let known: Promise<Connection> | null = null;
  const connection = (): Promise<Connection> => (known ??= connectionOf(args, env));
  return { args, out, env, signal, connection, client: async () => clientOf(await connection()) };
}

/** JSON for programs that asked for it; otherwise a line, and one that says what to do. */
function report(error: unknown, out: Output): void {
  const { code, message, hint } = explain(error);
  if (out.format === "json") {
    out.note(JSON.stringify({ error: { code, message, hint } }));
    return;
  }
  out.note(`${out.style("red", "error")}: ${message}${code === "error" ? "" : ` [${code}]`}`);
  if (hint !== null) out.note(`${out.style("cyan", "hint")}: ${hint}`);
  if (code === "usage") out.note("counterctl --help, or --help after a command, says more.");
}
