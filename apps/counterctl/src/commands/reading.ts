/** Commands that look at counters. */
import type { Counter, Mode, ReadOptions, WatchEvent } from "@counter/client";
import type { Argv } from "yargs";

import type { Args } from "../args.ts";
import type { Command, Ctl } from "../command.ts";
import type { Cell, Output } from "../output.ts";

const listMax = 1_000_000;
/** `raft`, as a node's own flag calls it, is `strong`. */
export const modes = ["strong", "raft", "eventual"] as const;

export function modeOf(args: Args): Mode | undefined {
  const word = args.choice("mode", modes);
  return word === "raft" ? "strong" : word;
}

export function readOptions(yargs: Argv): Argv {
  return yargs
    .option("consistency", {
      type: "string",
      describe: "linearizable (default), lease, leader or local; eventual mode: local, quorum, all",
    })
    .option("max-staleness", {
      type: "string",
      describe: "with local: refuse if the node may be further behind, like 2s",
    })
    .option("at-least", {
      type: "string",
      array: true,
      nargs: 1,
      describe: "a version token of an earlier answer: know at least that",
    });
}

export function readOptionsOf({ args, signal }: Pick<Ctl, "args" | "signal">): ReadOptions {
  return {
    signal,
    consistency: args.optional("consistency"),
    maxStaleness: args.optional("max-staleness"),
    ...(args.has("at-least") ? { atLeast: args.list("at-least") } : {}),
  };
}

const get: Command = {
  command: "get <name>",
  about: "Prints the value of a counter.",
  examples: [
    ["get orders", "the value, as fresh as can be"],
    ["get orders --consistency local", "what the node itself knows, also without a leader"],
  ],
  options: (yargs) => readOptions(named(yargs)),
  run: async (ctl) => {
    const client = await ctl.client();
    const read = await client.counter(ctl.args.text("name")).get(readOptionsOf(ctl));
    ctl.out.show(read, () => ctl.out.line(read.value.toString()));
    return undefined;
  },
};

const describe: Command = {
  command: "describe <name>",
  about: "Prints all there is to say about a counter; in eventual mode also who counted how much.",
  examples: [["describe orders", "value, version, bounds, labels"]],
  options: (yargs) => readOptions(named(yargs)),
  run: async (ctl) => {
    const counter = (await ctl.client()).counter(ctl.args.text("name"));
    const read = await counter.get(readOptionsOf(ctl));
    const eventual = read.mode === "eventual";
    const items = eventual ? await counter.contributions({ signal: ctl.signal }) : [];
    ctl.out.show(eventual ? { ...read, contributions: items } : read, () => {
      describeFacts(ctl.out, read);
      if (items.length === 0) return;
      ctl.out.line("");
      const rows = items.map(({ node, writer, plus, minus }) => [node, writer, plus, minus]);
      ctl.out.table(["node", "writer", "plus", "minus"], rows as Cell[][]);
    });
    return undefined;
  },
};

const list: Command = {
  command: "list [prefix]",
  about: "Lists counters by name, all of them or those whose names begin with a prefix.",
  examples: [
    ["list", "all counters"],
    ["list shop. --limit 10", "the first ten that begin with shop."],
  ],
  options: (yargs) =>
    readOptions(yargs)
      .positional("prefix", { type: "string", describe: "how the names begin" })
      .option("mode", { choices: modes, describe: "only counters of this mode" })
      .option("limit", { type: "string", describe: "at most so many" }),
  run: async ({ args, out, client, signal }) => {
    const limit = args.has("limit") ? args.number("limit", { least: 1, most: listMax }) : listMax;
    const found: Counter[] = [];
    const filter = { prefix: args.optional("prefix"), mode: modeOf(args) };
    const options = { ...readOptionsOf({ args, signal }), ...filter };
    for await (const counter of (await client()).list(options)) {
      found.push(counter);
      if (found.length >= limit) break;
    }
    out.show(found, () => {
      const rows = found.map((each) => [each.name, each.value, each.kind, labelText(each)]);
      out.table(["name", "value", "kind", "labels"], rows);
    });
    return undefined;
  },
};

const watch: Command = {
  command: "watch [name]",
  about: "Prints a counter's value now and after each change, or those of all with a prefix.",
  examples: [
    ["watch orders", "until Ctrl-C"],
    ["watch --prefix shop. -o json", "all that begin with shop., one JSON document a line"],
    ["watch orders --count 2", "the value now and the next one"],
  ],
  options: (yargs) =>
    yargs
      .positional("name", { type: "string", describe: "the counter" })
      .option("prefix", { type: "string", describe: "all counters whose names begin so" })
      .option("count", { type: "string", describe: "end after so many lines" })
      .conflicts("name", "prefix"),
  run: async ({ args, out, client, signal }) => {
    const max = args.has("count") ? args.number("count", { least: 1, most: 1e15 }) : Infinity;
    const name = args.optional("name");
    const all = await client();
    const prefix = args.optional("prefix") ?? "";
    const events =
      name === undefined ? all.watch({ prefix, signal }) : all.counter(name).watch({ signal });
    let seen = 0;
    for await (const event of events) {
      if (event.type === "synced") continue;
      out.item(event, () => out.line(eventText(event, out)));
      seen += 1;
      if (seen >= max) break;
    }
    return undefined;
  },
};

export const reading: readonly Command[] = [get, describe, list, watch];

export function named(yargs: Argv): Argv {
  return yargs.positional("name", { type: "string", demandOption: true, describe: "the counter" });
}

export function describeFacts(out: Output, counter: Counter): void {
  const { name, value, version, mode, kind, initial, min, max, onBound, step, ttl } = counter;
  const bounded = min !== null || max !== null;
  out.facts({
    ...{ name, value, version, mode, kind, initial, min, max },
    ...(bounded ? { "on bound": onBound } : {}),
    ...{ step, labels: labelText(counter), ttl },
  });
}

function labelText({ labels }: Counter): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}

function eventText(event: Exclude<WatchEvent, { type: "synced" }>, out: Output): string {
  if (event.type === "deleted") return `${event.name} ${out.style("yellow", "deleted")}`;
  const { name, value, version } = event;
  return `${name} ${value.toString()}${version === null ? "" : ` ${out.style("dim", version)}`}`;
}

/** Labels as they are typed: `team=shop`; `team=` or `-team` takes one away. */
export function labelsOf(args: Args): Readonly<Record<string, string>> | undefined {
  if (!args.has("label")) return undefined;
  return Object.fromEntries(
    args.list("label").map((text) => {
      const at = text.indexOf("=");
      return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
