/** Commands for the data directory of a node that is stopped: the node's own tools, by one name. */
import { runLogTool, runRecoverTool, runReidentifyTool } from "@counter/node/offline";
import type { Argv } from "yargs";

import type { Command, Ctl, Group } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { log as listed } from "./data-log.ts";

/** What the log tool ends with when the log is sound but for what a crash left of its last write. */
const tornTail = 3;

function directory(yargs: Argv): Argv {
  return yargs.positional("directory", {
    type: "string",
    demandOption: true,
    describe: "a node's data directory",
  });
}

const output = ({ out }: Ctl): Parameters<typeof runLogTool>[1] => {
  return { out: (line) => out.line(line), error: (line) => out.note(line) };
};

async function log(ctl: Ctl, ...flags: readonly string[]): Promise<number> {
  const code = await runLogTool([ctl.args.text("directory"), ...flags], output(ctl));
  // Nothing is lost with it, and a node that starts removes it by itself.
  return code === tornTail ? exitCodes.ok : code;
}

const verify: Command = {
  command: "verify <directory>",
  about: "Checks every byte of the log: checksums, order, snapshots. Ends with 1 if it is damaged.",
  examples: [["data verify data/node-8080", "the node must be stopped"]],
  options: directory,
  run: (ctl) => log(ctl, "--quiet"),
};

const dump: Command = {
  command: "dump <directory>",
  about: "Prints the log, line by line, and checks it.",
  options: directory,
  run: (ctl) => log(ctl),
};

const repair: Command = {
  command: "repair <directory>",
  about: "Cuts off what a crash left of the last write. Nobody was told that it was durable.",
  examples: [
    ["data repair data/node-8080 --truncate-tail", "a node that starts does it by itself"],
  ],
  options: (yargs) =>
    directory(yargs).option("truncate-tail", {
      type: "boolean",
      demandOption: true,
      describe: "say that this is what you want",
    }),
  run: (ctl) => log(ctl, "--truncate-tail"),
};

const reidentify: Command = {
  command: "reidentify <directory>",
  about:
    "Makes another node of a copied directory, or of one whose node was removed. Deletes nothing.",
  examples: [
    ["data reidentify data/node-8080", "says whose it is, and what that would take away"],
    ["data reidentify copy/node-8080 --confirm 127.0.0.1:8080", "then start it with --join"],
  ],
  options: (yargs) =>
    directory(yargs).option("confirm", { type: "string", describe: "the id of the node it was" }),
  run: (ctl) => {
    const { args } = ctl;
    const confirm = args.optional("confirm") ?? null;
    return runReidentifyTool({ dataDir: args.text("directory"), confirm }, output(ctl));
  },
};

const recover: Command = {
  command: "recover <directories..>",
  about:
    "Looks at the directories of stopped nodes and finds a way out of a lost majority or damage.",
  examples: [
    ["data recover data/node-*", "compares them, and says which one to keep"],
    ["data recover data/node-8080 --as-single-node", "says what that would lose, and asks"],
  ],
  options: (yargs) =>
    yargs
      .positional("directories", { type: "string", array: true, demandOption: true })
      .option("as-single-node", { type: "boolean", describe: "this node goes on alone" })
      .option("set-aside", { type: "boolean", describe: "a damaged log makes room for a new one" })
      .option("confirm", { type: "string", describe: "the id of the cluster" })
      .option("copy-to", { type: "string", describe: "where the old log is kept" }),
  run: async (ctl) => {
    const { args } = ctl;
    const flags = ["as-single-node", "set-aside"].filter((name) => args.flag(name));
    const values = ["confirm", "copy-to"].filter((name) => args.has(name));
    return await runRecoverTool(
      [
        ...args.list("directories"),
        ...flags.map((name) => `--${name}`),
        ...values.map((name) => `--${name}=${args.text(name)}`),
      ],
      output(ctl),
    );
  },
};

export const dataDirectory: Group = {
  group: "data",
  about: "The data directory of a node that is stopped.",
  commands: [verify, dump, listed, repair, reidentify, recover],
};
