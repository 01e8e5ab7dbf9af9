/** Commands that change the value of a counter. */
import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";

import type {
  Added,
  BatchOperation,
  BatchResult,
  ConditionOptions,
  Issued,
  Stored,
} from "@counter/client";
import type { Argv } from "yargs";

import type { Command, Ctl } from "../command.ts";
import { exitCodeOf, exitCodes, UsageError } from "../exit-codes.ts";
import { batchOperations } from "./batch-file.ts";
import { named } from "./reading.ts";

/** What an addition beyond a bound may do. */
export const onBounds = ["reject", "saturate"] as const;

export function writeOptions(yargs: Argv): Argv {
  return yargs
    .option("key", {
      type: "string",
      describe: "idempotency key: the same one counts once, however often it is sent",
    })
    .option("ack", {
      type: "string",
      describe: "eventual mode: who must have it: local (default), majority, all or a number",
    });
}

export function conditionOptions(yargs: Argv): Argv {
  return writeOptions(yargs).option("if-match", {
    type: "string",
    describe: "only if the counter has this version",
  });
}

export function writeOptionsOf({ args, signal }: Pick<Ctl, "args" | "signal">): ConditionOptions {
  const key = args.optional("key");
  return { signal, key, ack: ackOf(args.optional("ack")), ifMatch: args.optional("if-match") };
}

/** @throws UsageError for what is no number of nodes */
export function ackOf(text: string | undefined): ConditionOptions["ack"] {
  if (text === undefined || text === "local" || text === "majority" || text === "all") return text;
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new UsageError("--ack must be local, majority, all or a number of nodes");
}

/** A command that prints what it made of a counter. */
function changing(
  command: string,
  about: string,
  parts: Pick<Command, "examples" | "options"> & {
    readonly change: (ctl: Ctl) => Promise<Added | Stored>;
  },
): Command {
  const { change, ...rest } = parts;
  return {
    ...{ command, about },
    ...rest,
    run: async (ctl) => {
      const result = await change(ctl);
      ctl.out.show(result, () => ctl.out.line(result.value.toString()));
      return undefined;
    },
  };
}

const add = changing("add <name> <delta>", "Adds to a counter, and makes it if there is none.", {
  examples: [
    ["add orders 5", "prints the new value"],
    ["add seats -3", "takes away"],
    ["add likes 1 --ack majority", "eventual mode: once a majority has it on disk"],
  ],
  options: (yargs) =>
    writeOptions(named(yargs))
      .positional("delta", { type: "string", demandOption: true, describe: "how much" })
      .option("on-bound", {
        choices: onBounds,
        describe: "at a bound: refuse, or stop there",
      }),
  change: async (ctl) => {
    const onBound = ctl.args.choice("on-bound", onBounds);
    const options = { ...writeOptionsOf(ctl), ...(onBound === undefined ? {} : { onBound }) };
    const counter = (await ctl.client()).counter(ctl.args.text("name"));
    return await counter.add(ctl.args.integer("delta"), options);
  },
});

const set = changing("set <name> <value>", "Sets a counter to a value.", {
  examples: [
    ["set orders 100", "whatever it was"],
    ["set orders 100 --if-match s0-17", "only if nobody has changed it since"],
  ],
  options: (yargs) => valued(conditionOptions(named(yargs))),
  change: async (ctl) => {
    const counter = (await ctl.client()).counter(ctl.args.text("name"));
    return await counter.set(ctl.args.integer("value"), writeOptionsOf(ctl));
  },
});

const cas = changing(
  "cas <name> <expected> <value>",
  "Sets a counter to a value if it has the expected one (strong mode).",
  {
    examples: [["cas orders 41 42", "ends with 4 if it is not 41"]],
    options: (yargs) =>
      valued(
        writeOptions(named(yargs)).positional("expected", {
          type: "string",
          demandOption: true,
          describe: "what it must be",
        }),
      ),
    change: async (ctl) => {
      const { args } = ctl;
      const counter = (await ctl.client()).counter(args.text("name"));
      const [expected, value] = [args.integer("expected"), args.integer("value")];
      return await counter.compareAndSet(expected, value, writeOptionsOf(ctl));
    },
  },
);

const reset = changing("reset <name>", "Sets a counter back to what it began with.", {
  examples: [["reset orders", "to its initial value"]],
  options: (yargs) =>
    conditionOptions(named(yargs)).option("to", { type: "string", describe: "to this instead" }),
  change: async (ctl) => {
    const to = ctl.args.optionalInteger("to");
    const counter = (await ctl.client()).counter(ctl.args.text("name"));
    return await counter.reset({ ...writeOptionsOf(ctl), ...(to === undefined ? {} : { to }) });
  },
});

const next: Command = {
  command: "next <name>",
  about: "Takes a number that nobody else gets, or a block of them (strong mode).",
  examples: [
    ["next invoices", "one number"],
    ["next invoices --count 1000", "a block: its first and last"],
  ],
  options: (yargs) =>
    writeOptions(named(yargs)).option("count", { type: "string", describe: "how many" }),
  run: async (ctl) => {
    const count = ctl.args.optionalInteger("count") ?? 1n;
    const counter = (await ctl.client()).counter(ctl.args.text("name"));
    const issued: Issued = await counter.next({ ...writeOptionsOf(ctl), count });
    const { first, last, step } = issued;
    const block = `${first.toString()}..${last.toString()} step ${step.toString()}`;
    ctl.out.show(issued, () => ctl.out.line(count === 1n ? first.toString() : block));
    return undefined;
  },
};

const batch: Command = {
  command: "batch [file]",
  about: "Carries out several operations at once: JSON, an array or one object a line.",
  examples: [
    ["batch moves.json", "all or nothing in strong mode, each by itself in eventual mode"],
    [
      "batch --no-atomic < moves.json",
      'one a line, like {"op":"add","counter":"orders","delta":"5"}',
    ],
  ],
  options: (yargs) =>
    writeOptions(yargs)
      .positional("file", { type: "string", describe: "without one: standard input" })
      .option("atomic", {
        type: "boolean",
        describe: "all or nothing; --no-atomic: each by itself",
      }),
  run: async (ctl) => {
    const { args, out } = ctl;
    const file = args.optional("file") ?? ""; // yargs makes "-" of it, too
    const source = file === "" ? await readAll(process.stdin) : await readFile(file, "utf8");
    const operations: readonly BatchOperation[] = batchOperations(source);
    const atomic = args.has("atomic") ? args.flag("atomic") : undefined;
    const results = await (
      await ctl.client()
    ).batch(operations, { ...writeOptionsOf(ctl), atomic });
    out.show(results.map(resultForPrograms), () => {
      const rows = results.map((result, at) => [
        at,
        operations[at]!.op,
        operations[at]!.counter,
        resultText(result),
      ]);
      out.table(["#", "op", "counter", "result"], rows);
    });
    const failed = results.find((result) => !result.ok);
    return failed === undefined ? exitCodes.ok : exitCodeOf(failed.error);
  },
};

export const writing: readonly Command[] = [add, next, set, cas, reset, batch];

function valued(yargs: Argv): Argv {
  return yargs.positional("value", { type: "string", demandOption: true, describe: "the value" });
}

function resultForPrograms(result: BatchResult): unknown {
  if (result.ok) return { op: result.op, ok: true, result: result.result };
  const { code, message } = result.error;
  return { op: result.op, ok: false, error: { code, message } };
}

function resultText(result: BatchResult): string {
  if (!result.ok) return `refused: ${result.error.message} [${result.error.code}]`;
  switch (result.op) {
    case "next":
      return `${result.result.first.toString()}..${result.result.last.toString()}`;
    case "delete":
      return "deleted";
    case "add":
    case "set":
    case "cas":
    case "reset":
    case "create":
      return result.result.value.toString();
  }
}
