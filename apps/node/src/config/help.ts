/** The text of `--help`. */
import yargs from "yargs";

import type { FlagSpec } from "./flag-spec.ts";
import { environmentName, flagSpecs } from "./flags.ts";

const program = "node apps/node/dist/main.js";

const examples: readonly (readonly [command: string, meaning: string])[] = [
  ["$0", "one node on port 8080, its data in ./data/node-8080"],
  ["$0 --port=8080 --peers=8081,8082", "one of three nodes on this machine"],
  ["npx nx serve node --port=8080 --peers=8081,8082", "the same, built first if need be"],
  ["$0 --host=10.0.0.5 --peers=10.0.0.6:8080,10.0.0.7:8080", "one of three machines"],
  ["$0 --port=8083 --join=8080,8081", "a further node of a cluster that runs"],
  [
    "$0 --mode=eventual --port=8080 --peers=8081,8082",
    "one of three that each count on alone when they are cut off",
  ],
  [
    "$0 --mode=eventual --port=8080 --peers=8081 --newnode=8083",
    "the same, and tells all others of 8083, which may start later",
  ],
  [
    "$0 --mode=eventual --port=8083 --join=8080",
    "a node that finds all others by one of them, and is found by all",
  ],
  ["COUNTER_PORT=8080 COUNTER_LOG_FORMAT=json $0", "settings from the environment"],
];

const epilogue = `Every flag has an environment variable (--data-dir is COUNTER_DATA_DIR); the flag wins, and both
win over the file that --config names. --print-config shows what came of them, and starts nothing.
In raft mode a write is answered once a majority has it, and a minority that is cut off answers 503.
In eventual mode a write is answered once this node has it on its disk, also when no other node
answers; all nodes come to the same sum when they meet. /next exists in raft mode only.
A data directory belongs to the mode that it was first started in.
Give every first node of a cluster the same addresses; the own one in --peers does no harm.
Exit codes: 0 stopped as asked, 1 fatal error, 2 bad settings,
3 data directory locked, damaged or of another node, or refused by the others for ever,
4 removed from its cluster or replaced by a second process of its own, 5 port, or that of gossip, in use.`;

/** The column at which the meaning of a flag begins, if the line has one. */
const meaningColumn = /^ {2}\S.*? {2,}(?=\S)/;

/** yargs breaks lines in the middle of words where it runs as a module; this breaks at spaces. */
export function wrapped(line: string, columns: number): string {
  if (line.length <= columns) return line;
  const indent = " ".repeat(meaningColumn.exec(line)?.[0].length ?? 0);
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const space = rest.lastIndexOf(" ", columns);
    if (space <= indent.length) break; // one long word
    lines.push(rest.slice(0, space));
    rest = indent + rest.slice(space + 1);
  }
  return [...lines, rest].join("\n");
}

/** Commands are longer than what there is to say of them: beside each other they do not fit. */
function exampleText(): string {
  const lines = examples.map(([command, meaning]) => {
    return `  ${meaning}\n    ${command.replace("$0", program)}`;
  });
  return ["Examples:", ...lines].join("\n");
}

/** @param columns - width to wrap at, in characters */
export async function helpText(columns: number): Promise<string> {
  const parser = yargs([])
    .scriptName(program)
    .usage("Runs one node of a replicated counter.\n\nUsage: $0 [--name=value ...]")
    .help(false)
    .version(false)
    .wrap(null);
  for (const [name, spec] of Object.entries<FlagSpec>(flagSpecs)) {
    const defaultText = spec.default === undefined ? "" : ` [default: ${spec.default}]`;
    parser.option(name, {
      group: spec.group,
      describe: `${spec.describe}${defaultText} (${environmentName(name)})`,
      requiresArg: spec.toggle !== true,
    });
  }
  const text = await parser.getHelp();
  return [text, exampleText(), epilogue]
    .join("\n\n")
    .split("\n")
    .map((line) => wrapped(line, columns))
    .join("\n");
}
