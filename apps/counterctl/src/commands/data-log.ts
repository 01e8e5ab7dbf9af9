/** `data log`: what the log of a stopped node says was done, and for which requests. */
import { existsSync } from "node:fs";

import { listLog, type LogListing, type LogRow } from "@counter/node/offline";

import type { Args } from "../args.ts";
import type { Command, Ctl } from "../command.ts";
import { exitCodes, UsageError } from "../exit-codes.ts";

/** Most rows of one run; an entry may have thousands. */
const limitMax = 1_000_000_000;
const traceForm = /^[0-9a-f]{32}$/;
/** Wide enough for most: rows are printed as they are found, so nobody knows the longest. */
const widths = { entry: 14, writer: 33, kind: 13, counter: 24, what: 28, key: 3 } as const;

export const log: Command = {
  command: "log <directory>",
  about:
    "Lists what the log of a stopped node says was done: entry, counter, operation, and the trace of the request where nodes keep traces (--keep-traces). Changes nothing. Ends with 3 if there is no such row.",
  examples: [
    ["data log data/node-8080 --counter orders", "what was done to a counter"],
    ["data log data/node-8080 --trace 4bf92f3577b34da6a3ce929d0e0e4736", "what a request did"],
    ["data log data/node-8080 --from 1200 --limit 50 -o json", "a JSON document a line"],
  ],
  options: (yargs) =>
    yargs
      .positional("directory", {
        type: "string",
        demandOption: true,
        describe: "a node's data directory",
      })
      .option("from", { type: "string", describe: "first index" })
      .option("to", { type: "string", describe: "last index" })
      .option("limit", { type: "string", describe: "most rows" })
      .option("counter", {
        type: "string",
        describe: "about this counter, restores of all of them included",
      })
      .option("trace", { type: "string", describe: "of this trace id, 32 hexadecimal digits" }),
  run: async (ctl) => {
    const { args, out } = ctl;
    const directory = args.text("directory");
    if (!existsSync(directory)) throw new UsageError(`there is no directory ${directory}`);
    const trace = traceOf(args);
    const counter = args.optional("counter");
    const limit = ranged(args, "limit") ?? limitMax;
    const range = { from: ranged(args, "from"), to: ranged(args, "to") };
    const listing = await listLog(directory, { ...range, counter, trace });
    const shown = show(ctl, listing, limit, trace);
    explain(ctl, listing, shown);
    if (shown.rows > 0) return exitCodes.ok;
    out.note("nothing of that is in the log");
    return exitCodes.notFound;
  },
};

function ranged(args: Args, name: string): number | undefined {
  const most = Number.MAX_SAFE_INTEGER;
  return args.has(name) ? args.number(name, { least: 1, most }) : undefined;
}

function traceOf(args: Args): string | undefined {
  const trace = args.optional("trace")?.toLowerCase();
  if (trace === undefined || traceForm.test(trace)) return trace;
  throw new UsageError(
    "--trace must be a trace id: 32 hexadecimal digits, the second part of a traceparent",
  );
}

interface Shown {
  readonly rows: number;
  /** Index of the last row; 0: there was none. */
  readonly last: number;
  /** There are more than were asked for. */
  readonly cut: boolean;
}

function show({ out }: Ctl, listing: LogListing, limit: number, trace?: string): Shown {
  let rows = 0;
  let last = 0;
  for (const row of listing.rows) {
    if (rows === limit) return { rows, last, cut: true };
    out.item(jsonOf(row), () => {
      if (rows === 0) out.line(out.style("bold", head(listing.mode)));
      out.line(lineOf(row, listing.mode, trace));
    });
    rows += 1;
    last = row.index;
  }
  return { rows, last, cut: false };
}

/** The arguments of an operation stand beside what every row has. */
function jsonOf(row: LogRow): unknown {
  const { index, term, writer, position, kind, committed, counter, operation, details } = row;
  const { times, within, key, traces } = row;
  const place = term === null ? { writer, position } : { term };
  const done = { counter, operation, ...details, times, within, key, traces };
  return { index, ...place, kind, committed, ...done };
}

function head(mode: LogListing["mode"]): string {
  const writer = mode === "raft" ? null : "WRITER";
  return columns(
    { entry: "ENTRY", writer, kind: "KIND", counter: "COUNTER", what: "WHAT", key: "KEY" },
    "TRACE",
  );
}

function lineOf(row: LogRow, mode: LogListing["mode"], trace: string | undefined): string {
  const { index, term, writer, position, kind, counter, key, traces } = row;
  // The one that was looked for, not just the first of many that share an operation.
  const told = traces.find(({ traceId }) => traceId === trace) ?? traces[0];
  const more = traces.length > 1 ? ` +${traces.length - 1}` : "";
  const cells = {
    entry: term === null ? String(index) : `${index}@${term}${row.committed ? "" : "?"}`,
    writer: mode === "raft" ? null : writer === null ? "-" : `${writer} ${position}`,
    kind,
    counter: counter ?? "-",
    what: whatOf(row),
    key: key ? "yes" : "no",
  };
  return columns(cells, told === undefined ? "-" : `${told.traceId} ${told.spanId}${more}`);
}

type Cells = Readonly<Record<Exclude<keyof typeof widths, "writer">, string>> & {
  readonly writer: string | null;
};

function columns({ entry, writer, kind, counter, what, key }: Cells, trace: string): string {
  const all = [
    entry.padEnd(widths.entry),
    ...(writer === null ? [] : [writer.padEnd(widths.writer)]),
    kind.padEnd(widths.kind),
    counter.padEnd(widths.counter),
    what.padEnd(widths.what),
    key.padEnd(widths.key),
    trace,
  ];
  return all.join("  ").trimEnd();
}

function whatOf({ operation, details, times, within }: LogRow): string {
  if (operation === null) return "-";
  const said = Object.entries(details).map(([name, value]) => `${name}=${value}`);
  const often = times === 1 ? [] : [`${times} times`];
  const beside = within === null ? [] : [`(${within})`];
  return [operation, ...said, ...often, ...beside].join(" ");
}

/** What the rows do not say by themselves; for people, and on stderr. */
function explain({ out }: Ctl, listing: LogListing, { rows, last, cut }: Shown): void {
  const { mode, first, replacedUpTo, committedUpTo } = listing;
  if (first === null) {
    const gone = `a snapshot stands for everything up to ${replacedUpTo}`;
    out.note(replacedUpTo === 0 ? "there is no log here" : `no entries: ${gone}`);
  } else if (first > 1) {
    out.note(`the log begins with entry ${first}: what was before it is in the snapshot alone`);
  }
  if (mode === "raft" && last > committedUpTo) {
    out.note(`? this node did not know yet that entries above ${committedUpTo} stay`);
  }
  if (cut) out.note(`only the first ${rows}; go on with --from ${last}`);
}
