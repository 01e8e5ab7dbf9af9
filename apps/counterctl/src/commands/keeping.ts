/** Commands that make counters, change what is said of them, and delete them. */
import type { CounterConfig } from "@counter/client";
import type { Argv } from "yargs";

import type { Args } from "../args.ts";
import type { Command } from "../command.ts";
import { describeFacts, labelsOf, modeOf, modes, named } from "./reading.ts";
import { conditionOptions, onBounds, writeOptions, writeOptionsOf } from "./writing.ts";

const kinds = ["counter", "sequence"] as const;

function configOptions(yargs: Argv): Argv {
  return yargs
    .option("min", { type: "string", describe: "lowest value; `none` takes the bound away" })
    .option("max", { type: "string", describe: "highest value; `none` takes the bound away" })
    .option("on-bound", {
      choices: onBounds,
      describe: "what an addition beyond a bound does",
    })
    .option("step", { type: "string", describe: "between two numbers of next" })
    .option("label", {
      type: "string",
      array: true,
      nargs: 1,
      describe: "key=value; in configure, key= takes it away",
    })
    .option("ttl", { type: "string", describe: "deleted so long after its last write, like 24h" });
}

function configOf(args: Args): CounterConfig {
  const bound = (name: string): bigint | null | undefined =>
    args.optional(name) === "none" ? null : args.optionalInteger(name);
  const ttl = args.optional("ttl");
  return {
    min: bound("min"),
    max: bound("max"),
    step: args.optionalInteger("step"),
    onBound: args.choice("on-bound", onBounds),
    labels: labelsOf(args),
    ttl: ttl === "none" ? null : ttl,
  };
}

const create: Command = {
  command: "create <name>",
  about: "Makes a counter. Without it, the first add, next or set makes one that has no bounds.",
  examples: [
    ["create seats --initial 200 --min 0", "cannot go below 0"],
    ["create invoices --kind sequence --initial 1000", "the first next gives 1001"],
    ["create visits --ttl 24h --label team=web", "forgotten a day after its last write"],
  ],
  options: (yargs) =>
    configOptions(writeOptions(named(yargs)))
      .option("kind", { choices: kinds, describe: "default: counter" })
      .option("mode", { choices: modes, describe: "refused where the cluster has another one" })
      .option("initial", { type: "string", describe: "the value that it begins with" }),
  run: async (ctl) => {
    const { args, out } = ctl;
    const config = {
      ...configOf(args),
      kind: args.choice("kind", kinds),
      mode: modeOf(args),
      initial: args.optionalInteger("initial"),
    };
    const client = await ctl.client();
    const counter = await client.create(args.text("name"), config, writeOptionsOf(ctl));
    out.show(counter, () => describeFacts(out, counter));
    return undefined;
  },
};

const configure: Command = {
  command: "configure <name>",
  about: "Changes a counter's bounds, step, labels or time to live; what is not named stays.",
  examples: [
    ["configure seats --max 300", "a new upper bound"],
    ["configure seats --max none --label old=", "takes the bound and a label away"],
  ],
  options: (yargs) => configOptions(conditionOptions(named(yargs))),
  run: async (ctl) => {
    const { args, out } = ctl;
    const { labels, ...config } = configOf(args);
    const patch = Object.fromEntries(
      Object.entries(labels ?? {}).map(([key, value]) => [key, value === "" ? null : value]),
    );
    const counter = await (
      await ctl.client()
    )
      .counter(args.text("name"))
      .configure(labels === undefined ? config : { ...config, labels: patch }, writeOptionsOf(ctl));
    out.show(counter, () => describeFacts(out, counter));
    return undefined;
  },
};

const remove: Command = {
  command: "delete <name>",
  about: "Deletes a counter. Numbers that it issued are never issued again.",
  examples: [["delete visits --if-match s0-17", "only if nobody has written since"]],
  options: (yargs) => conditionOptions(named(yargs)),
  run: async (ctl) => {
    const name = ctl.args.text("name");
    await (await ctl.client()).counter(name).delete(writeOptionsOf(ctl));
    ctl.out.show({ deleted: name }, () => ctl.out.line(`deleted ${name}`));
    return undefined;
  },
};

export const keeping: readonly Command[] = [create, configure, remove];
